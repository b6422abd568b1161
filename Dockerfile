# Vision Cell with Jupyter and the C# kernel, as a user who is not root.
#
#   docker build -t visioncell .                                                  # processor
#   docker build -t visioncell:cuda --build-arg DEVICE=cuda .                     # NVIDIA GPU: run with --gpus all
#   docker run --rm -p 127.0.0.1:8888:8888 -v "$PWD/data:/home/cell/data" visioncell
#   docker run --rm -v "$PWD:/home/cell/data" visioncell visioncell info data/stack.tif
#
# Images are pinned by digest with --build-arg SDK_DIGEST=@sha256:…, RUN_DIGEST and NODE_DIGEST; other bases with SDK_IMAGE and RUN_IMAGE (any Debian or
# Ubuntu with the .NET 10 SDK) and NODE_IMAGE. JUPYTER=pip brings JupyterLab from PyPI, JUPYTER=debian the notebook of the distribution. The same image serves a
# user alone, DockerSpawner, and Kubernetes (environment/jupyterhub/kubernetes.yaml): docs/guide/gpu-servers.md, which says what of this was run.

ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0-noble
ARG SDK_DIGEST=
ARG RUN_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0-noble
ARG RUN_DIGEST=
ARG NODE_IMAGE=docker.io/library/node:22-slim
ARG NODE_DIGEST=

FROM ${SDK_IMAGE}${SDK_DIGEST} AS build
ARG DEVICE=cpu
WORKDIR /build
ENV DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false
# Warnings are errors; which of them are none says .editorconfig.
COPY .editorconfig Directory.Build.props Directory.Packages.props global.json VisionCell.slnx ./
COPY src ./src
# The lock files hold the CPU build; the CUDA packages are resolved here, from the central versions.
RUN dotnet restore src/VisionCell.Cli -p:Device=$DEVICE $([ "$DEVICE" != cpu ] || echo --locked-mode) --disable-build-servers \
    && dotnet publish src/VisionCell.Cli -c Release -r linux-x64 --self-contained false -p:Device=$DEVICE -p:RunAnalyzers=false \
         --no-restore --disable-build-servers -o artifacts/visioncell

FROM ${NODE_IMAGE}${NODE_DIGEST} AS neuroglancer
WORKDIR /build
COPY src/neuroglancer ./
RUN npm ci --ignore-scripts && node build.mjs /neuroglancer

# The SDK too, which brings ASP.NET Core for the viewer's server: notebooks are compiled by the session's own compiler, projects beside them are not.
FROM ${RUN_IMAGE}${RUN_DIGEST} AS run
ARG DEVICE=cpu
ARG JUPYTER=pip
# A hub of version 5 serves users with 4 and 5; give the hub's own version.
ARG JUPYTERHUB_VERSION=5.*
ARG VERSION=dev
LABEL org.opencontainers.image.title="Vision Cell" \
      org.opencontainers.image.description="Isotropic volumes from sparse stacks of electron-microscopy sections, in notebooks" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.visioncell.device="${DEVICE}"
COPY environment/packages-run.txt /tmp/
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update \
    && awk '!/^#/ && NF {print $1}' /tmp/packages-run.txt | while read -r group; do \
         for name in $(echo "$group" | tr '?|' '  '); do \
           if apt-cache policy "$name" | grep -q '^  Candidate: [^(]'; then echo "$name"; break; fi; \
         done; done | xargs apt-get install -y --no-install-recommends python3 \
    && if [ "$JUPYTER" = pip ]; then apt-get install -y --no-install-recommends python3-venv \
         && python3 -m venv /opt/jupyter && /opt/jupyter/bin/pip install --no-cache-dir jupyterlab "jupyterhub==$JUPYTERHUB_VERSION"; \
       else apt-get install -y --no-install-recommends jupyter-notebook jupyterhub && mkdir -p /opt/jupyter/bin; fi \
    && rm -rf /var/lib/apt/lists/* /tmp/packages-run.txt
# Kubernetes and DockerSpawner start images as user 1000, which Ubuntu gives to a user of its own.
RUN if id ubuntu >/dev/null 2>&1; then userdel --remove ubuntu; fi \
    && useradd --create-home --uid 1000 --shell /bin/bash cell
ENV PATH=/opt/jupyter/bin:$PATH \
    VISIONCELL_HOME=/opt/visioncell \
    VISIONCELL_DATA=/srv/visioncell/data
COPY --from=build /build/artifacts/visioncell /opt/visioncell/artifacts/visioncell
COPY --from=neuroglancer /neuroglancer /opt/visioncell/artifacts/neuroglancer
COPY --from=neuroglancer /build/package-lock.json /tmp/
COPY --from=build /build/VisionCell.slnx /opt/visioncell/
COPY notebooks /opt/visioncell/notebooks
COPY data-manifests /opt/visioncell/data-manifests
COPY environment /opt/visioncell/environment
RUN printf '#!/bin/sh\nexec dotnet /opt/visioncell/artifacts/visioncell/VisionCell.Cli.dll "$@"\n' > /usr/local/bin/visioncell \
    && chmod +x /usr/local/bin/visioncell && mkdir -p /srv/visioncell/data \
    && visioncell kernel install --prefix /usr/local \
    && python3 /opt/visioncell/environment/sbom.py /opt/visioncell/artifacts/visioncell/VisionCell.Cli.deps.json /tmp/package-lock.json \
        > /opt/visioncell/sbom.cdx.json && rm /tmp/package-lock.json
USER cell
WORKDIR /home/cell
# A copy that the user may change, at the place from which the notebooks find artifacts/visioncell.
RUN cp -r /opt/visioncell/notebooks /opt/visioncell/data-manifests . && ln -s /opt/visioncell/artifacts artifacts
EXPOSE 8888
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python3 -c "import os, urllib.request as u; u.urlopen('http://127.0.0.1:8888' + os.environ.get('JUPYTERHUB_SERVICE_PREFIX', '/') + 'api', timeout=4)"
# Jupyter prints the address with its token. Under a hub, its spawner gives the command.
CMD ["/opt/visioncell/environment/jupyter.sh"]
