# shellcheck shell=sh
# Sourced before a user's server starts, as the user: on the first time a copy of the notebooks that the user may change; files are the user's alone.
visioncell_files=${VISIONCELL_HOME:-/opt/visioncell}
if [ -d "$visioncell_files/notebooks" ] && [ ! -e "$HOME/visioncell" ]; then
    mkdir -p "$HOME/visioncell"
    cp -r "$visioncell_files/notebooks" "$visioncell_files/data-manifests" "$HOME/visioncell/"
    ln -s "$visioncell_files/artifacts" "$HOME/visioncell/artifacts"
fi
umask 077
