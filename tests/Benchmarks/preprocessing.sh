#!/usr/bin/env bash
# All figures of docs/benchmarks/preprocessing.md, as tables on standard output: every part of Preprocessing and of Alignment, some hours on two idle cores.
#   tests/Benchmarks/preprocessing.sh DIR [PART]...
# DIR holds the volumes of data-manifests/ (visioncell data fetch). PART: as `--help` of Preprocessing and the head of Alignment/Program.cs name them; all
# of them where none is given. VOLUMES=a,b narrows the volumes.
set -euo pipefail
[ $# -ge 1 ] && [ -d "$1" ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export VISIONCELL_DATA=$1
shift
printf 'commit %s, %s, %s cores (%s), %s\n' "$(git -C "$here" rev-parse --short HEAD 2>/dev/null || echo unknown)" "$(uname -sm)" "$(nproc)" \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(date -u +%F)"
known=" rigid comparisons elastic oracle aligned sstem speed "
alignment=() preprocessing=()
for part in "$@"; do
    case $known in *" $part "*) alignment+=("$part") ;; *) preprocessing+=("$part") ;; esac
done
if [ $# = 0 ] || [ ${#preprocessing[@]} -gt 0 ]; then
    dotnet run -c Release --project "$here/Preprocessing" -- ${preprocessing[@]+"${preprocessing[@]}"}
fi
if [ $# = 0 ] || [ ${#alignment[@]} -gt 0 ]; then
    dotnet run -c Release --project "$here/Alignment" -- ${alignment[@]+"${alignment[@]}"}
fi
