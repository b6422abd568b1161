#!/bin/sh
# Starts a user's notebook server, as the user.
. "$(dirname "$(readlink -f "$0")")/prepare.sh"
exec jupyterhub-singleuser "$@"
