#!/bin/sh
# Starts a user's notebook server, as the user: on the first time with a copy of the notebooks that the user may change.
files=${VISIONCELL_HOME:-/opt/visioncell}
if [ -d "$files/notebooks" ] && [ ! -e "$HOME/visioncell" ]; then
    mkdir -p "$HOME/visioncell" && cp -r "$files/notebooks" "$files/data-manifests" "$HOME/visioncell/" && ln -s "$files/artifacts" "$HOME/visioncell/artifacts"
fi
umask 077
exec jupyterhub-singleuser "$@"
