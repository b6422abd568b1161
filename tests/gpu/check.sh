#!/usr/bin/env bash
# Checks the CUDA kernels on a machine with an NVIDIA GPU: the suite against the double-precision reference, the same under
# compute-sanitizer, registers, spills and shared memory of each kernel where nvcc is at hand, and speeds beside what binds them. Prints what goes into docs/benchmarks/gpu.md.
#   tests/gpu/check.sh
# Exit codes: 0 all passed, 1 a check failed, 3 no GPU or no .NET SDK.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../environment/common.sh
source "$here/../../environment/common.sh"
cd "$root"

command -v nvidia-smi >/dev/null || { echo "check: no nvidia-smi, so no NVIDIA driver, on this machine" >&2; exit 3; }
nvidia-smi --query-gpu=name,driver_version,compute_cap --format=csv,noheader
find_dotnet
"$dotnet" build tests/VisionCell.Tests -c Release --nologo -v quiet
suite=("$dotnet" tests/VisionCell.Tests/bin/Release/net10.0/VisionCell.Tests.dll -class VisionCell.Tests.Kernels.CudaKernelsTests -noLogo -noColor)
export VISIONCELL_TEST_GPU=1
failed=0
"${suite[@]}" || failed=1

if command -v compute-sanitizer >/dev/null; then
    for tool in memcheck racecheck synccheck; do
        echo "== compute-sanitizer $tool"
        compute-sanitizer --tool "$tool" --target-processes all --error-exitcode 1 "${suite[@]}" || failed=1
    done
else
    echo "compute-sanitizer is not on PATH: bounds and races were not checked"
fi

if command -v nvcc >/dev/null; then
    architecture=sm_$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d .)
    for source in field rays training surface perceptron; do
        echo "== $source.cu, $architecture"
        nvcc -std=c++17 -arch="$architecture" -cubin -Xptxas -v -DIN=32 -DHIDDEN=64 -DOUT=1 "src/VisionCell/Kernels/Cuda/$source.cu" -o /dev/null || failed=1
    done
fi

echo "== speed"
"$dotnet" build tests/gpu/Speed -c Release --nologo -v quiet
"$dotnet" tests/gpu/Speed/bin/Release/net10.0/Speed.dll || failed=1
exit $failed
