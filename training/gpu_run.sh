#!/bin/sh
# One training run on a machine that has PyTorch (with its C++ library), CUDA and CMake, and nothing else of what the project
# needs: builds nae-train's training verb, packs the pictures, trains until the time is up.
#
#   training/gpu_run.sh WORK PICTURES MINUTES [option of nae-train train]…
#
# WORK: a folder that keeps the build, the packed pictures and the checkpoints; what is there already is not made again. A run
# goes on from WORK/run/latest.ckpt if there is one, else from WORK/start.ckpt, else from nothing. WORK/photo.filter: the
# restoration filter to train with (nae-train restoration MODEL -o FILE). WORK/CLI11: CLI11's headers, where the machine lacks
# them. To rehearse without a GPU: add `--device cpu --like-gpu --batch 2 --max-steps 5`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$1 pictures=$2 minutes=$3
shift 3
mkdir -p "$work"

if [ ! -x "$work/build/nae-train" ]; then
    # The newest LibTorch asks for C++20.
    standard=$(python3 -c 'import torch; print(20 if tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 9) else 17)')
    prefix=$(python3 -c 'import torch; print(torch.utils.cmake_prefix_path)')
    cli=
    if [ -d "$work/CLI11" ]; then cli=-DNAE_CLI11_INCLUDE=$work/CLI11; fi
    TORCH_CUDA_ARCH_LIST=${TORCH_CUDA_ARCH_LIST:-9.0} cmake -S "$here/standalone" -B "$work/build" \
        -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_STANDARD="$standard" $cli
    cmake --build "$work/build" -j "$(nproc)"
fi
if [ ! -f "$work/pictures.pack" ]; then "$here/pack_pictures.py" "$pictures" -o "$work/pictures.pack"; fi

set -- --device cuda --muon --crop 256 --batch 64 "$@"
if [ -f "$work/run/latest.ckpt" ]; then
    set -- --resume "$work/run/latest.ckpt" "$@"
elif [ -f "$work/start.ckpt" ]; then
    set -- --resume "$work/start.ckpt" "$@"
fi
if [ -f "$work/photo.filter" ]; then set -- --restoration "$work/photo.filter" "$@"; fi
exec "$work/build/nae-train" train --data "$work/pictures.pack" -o "$work/run" --minutes "$minutes" "$@"
