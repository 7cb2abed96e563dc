#!/usr/bin/env bash
# Times one training step of a two-hidden-layer tanh net in the simulator, on its kernels alone, in PyTorch (nn + SGD, and by hand with addmm_) and in NumPy, by turns in one run,
# and prints medians over the rounds, ratios and the share of the machine's multiply-add limit.
# usage: compare.sh [WIDTH [BATCH [ROUNDS [SECONDS [THREADS]]]]]      PYTHON names an interpreter that has numpy and torch
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
width=${1:-1024} batch=${2:-32} rounds=${3:-9} seconds=${4:-1} threads=${5:-$(nproc)} python=${PYTHON:-/usr/bin/python3}
dotnet build "$here/.." -c Release -v q --nologo >&2
program=$(ls "$here"/../bin/Release/*/TpCompiler.Benchmarks.dll)

# Debian's NumPy comes with the reference BLAS unless OpenBLAS is installed (libopenblas0-pthread): against that a comparison says nothing.
if ! ldd "$("$python" -c 'import numpy.core._multiarray_umath as m; print(m.__file__)')" | awk '/libblas/ { print $3 }' | xargs -r readlink -f | grep -q openblas; then
    echo "warning: NumPy does not use OpenBLAS here: its figures are those of a slow BLAS" >&2
fi

# An OpenBLAS older than the processor takes its slowest kernels, and NumPy and PyTorch with it: say which ones fit, to be fair.
if [[ -z "${OPENBLAS_CORETYPE:-}" ]] && grep -qw avx512f /proc/cpuinfo; then
    export OPENBLAS_CORETYPE=SkylakeX
fi

results=$(mktemp)
trap 'rm -f "$results"' EXIT
for ((round = 0; round < rounds; round++)); do
    for part in simulator kernels; do
        echo "$part $(dotnet "$program" step --of "$part" --width "$width" --batch "$batch" --seconds "$seconds" --threads "$threads")" >> "$results"
    done
    for engine in autograd addmm numpy; do
        echo "$engine $("$python" "$here/step.py" "$engine" "$width" "$batch" "$seconds" "$threads")" >> "$results"
    done
done
"$python" "$here/report.py" "$width" "$batch" "$threads" "$results"
