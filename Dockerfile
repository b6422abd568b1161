# Vision Cell with JupyterLab. Needs the public registries (mcr.microsoft.com, NuGet, Debian, PyPI).
# Not built by the tests of this repository: they check the same set-up in a bare Debian root (environment/check-bare-root.sh).
#
#   docker build -t visioncell .                          # CPU
#   docker build -t visioncell:cuda --build-arg DEVICE=cuda .   # NVIDIA GPU: run with --gpus all
#   docker run --rm -p 127.0.0.1:8888:8888 -v "$PWD/data:/home/cell/data" visioncell
#   docker run --rm -v "$PWD:/home/cell/data" visioncell visioncell info data/stack.tif

ARG DEVICE=cpu

FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
ARG DEVICE
WORKDIR /build
COPY Directory.Build.props Directory.Packages.props global.json VisionCell.slnx ./
COPY src ./src
# The lock files hold the CPU build; the CUDA packages are resolved here, from the central versions.
RUN dotnet publish src/VisionCell.Cli -c Release -r linux-x64 --self-contained false -p:Device=$DEVICE \
    -o artifacts/visioncell

FROM node:22-slim AS neuroglancer
WORKDIR /build
COPY src/neuroglancer ./
RUN npm ci --ignore-scripts && node build.mjs /neuroglancer

# ASP.NET Core, which the viewer's server is made of, comes with this image.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble AS run
COPY environment/packages-run.txt /tmp/
RUN apt-get update \
    && awk '!/^#/ && NF {n = split($1, names, "|"); print names[n]}' /tmp/packages-run.txt \
        | xargs apt-get install -y --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/* /tmp/packages-run.txt \
    && python3 -m venv /opt/jupyter && /opt/jupyter/bin/pip install --no-cache-dir jupyterlab \
    && useradd --create-home --shell /bin/bash cell
ENV PATH=/opt/jupyter/bin:$PATH
COPY --from=build /build/artifacts/visioncell /opt/visioncell/artifacts/visioncell
COPY --from=neuroglancer /neuroglancer /opt/visioncell/artifacts/neuroglancer
COPY --from=build /build/VisionCell.slnx /opt/visioncell/
COPY notebooks /opt/visioncell/notebooks
COPY data-manifests /opt/visioncell/data-manifests
COPY environment /opt/visioncell/environment
RUN printf '#!/bin/sh\nexec dotnet /opt/visioncell/artifacts/visioncell/VisionCell.Cli.dll "$@"\n' > /usr/local/bin/visioncell \
    && chmod +x /usr/local/bin/visioncell
USER cell
WORKDIR /home/cell
# A copy that the user may change, at the place from which the notebooks find artifacts/visioncell.
RUN visioncell kernel install && cp -r /opt/visioncell/notebooks /opt/visioncell/data-manifests . \
    && ln -s /opt/visioncell/artifacts artifacts
EXPOSE 8888
# JupyterLab prints the address with its token.
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser"]
