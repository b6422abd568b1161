#!/usr/bin/env bash
# Makes all tables of docs/benchmarks/scale.md: bash tests/Benchmarks/scale.sh (30 GB of disk and, on two idle cores, well under an hour)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
run() { dotnet run -c Release --project tests/Benchmarks/Scale -- "$@"; }
run io 1024
run sizes linear 256 512 1024 2048
run sizes superresolution 256 512 1024 2048
