#!/usr/bin/env bash
# Sets up what is missing, then runs the main job: the notebooks on the bundled sample, results under out/demo/.
# What is unchanged since the last run is not run again. Options are those of `visioncell demo`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bash "$here/setup.sh"
cd "$here/.."
case " $* " in
    *" --out"*) exec "$here/visioncell" demo "$@" ;;
    *) exec "$here/visioncell" demo --out out/demo "$@" ;;
esac
