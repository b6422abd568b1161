#!/bin/sh
# Starts Jupyter for one user, as the container does when it is run alone: JupyterLab where it is installed, else the classic notebook.
if command -v jupyter-lab >/dev/null; then
    exec jupyter-lab --ip=0.0.0.0 --port=8888 --no-browser "$@"
fi
exec jupyter-notebook --ip=0.0.0.0 --port=8888 --no-browser "$@"
