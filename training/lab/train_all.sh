#!/bin/sh
# Trains every model of docs/studies.md, in the order of the page, with the settings of the page:
#   training/lab/train_all.sh MNIST PICTURES OUT        in an environment of ./dev env
# MNIST: the folder with its IDX files. PICTURES: a folder of training pictures. OUT receives a folder for each run; what was
# stopped goes on when it is called again. Finished weights and logs are copied into models/lab/.
set -eu
[ $# -eq 3 ] || { sed -n '2,5p' "$0"; exit 2; }
mnist=$1 pictures=$2 out=$3
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$out"
# LibTorch has threads of its own. With OpenBLAS (libopenblas0-pthread) all of this takes a seventh of the time.
export OPENBLAS_NUM_THREADS=1

keep() { # RUN NAME
    mkdir -p "$root/models/lab/results/$2"
    cp "$out/$1/model.nam" "$root/models/lab/$2.nam"
    cp "$out/$1/log.csv" "$root/models/lab/results/$2/"
    # Where the data lay is nobody's business.
    sed -e 's/^data = .*/data = FOLDER/' -e "s|^start = .*/\([^/]*/checkpoint.bin\)|start = \1|" "$out/$1/settings.txt" \
        >"$root/models/lab/results/$2/settings.txt"
}

digits() { # KIND options…
    run=mnist-$1
    [ -e "$out/$run/model.nam" ] ||
        nae-train lab mnist "$1" --data "$mnist" -o "$out/$run" --epochs 8 --lr 0.002 --rate 0.0025 --average 0.99
    keep "$run" "$run"
}
for kind in ae vae cvae; do digits $kind; done

colour() { # RUN words…
    run=$1
    shift
    [ -e "$out/$run/model.nam" ] ||
        nae-train lab "$@" --data "$pictures" -o "$out/$run"
}
# First runs, then with the weight of bits that brings them near the study's SSIM.
colour ae-3-first ae 3 --epochs 20 --target-ssim 0.975 --rate 0.002
colour ae-5-first ae 5 --epochs 20 --target-ssim 0.94 --rate 0.01
colour ae-7-first ae 7 --epochs 20 --rate 0.08
colour ae-10-first ae 10 --epochs 20 --rate 0.2
colour ae-3-second ae 3 --epochs 20 --lr 0.0007 --rate 0.01 --start "$out/ae-3-first/checkpoint.bin"
colour ae-5 ae 5 --epochs 20 --lr 0.0007 --rate 0.03 --start "$out/ae-5-first/checkpoint.bin"
colour ae-3 ae 3 --epochs 4 --lr 0.0005 --rate 0.004 --start "$out/ae-3-second/checkpoint.bin"
colour ae-7 ae 7 --epochs 4 --lr 0.0005 --rate 0.05 --start "$out/ae-7-first/checkpoint.bin"
colour ae-10 ae 10 --epochs 5 --lr 0.0005 --rate 0.04 --start "$out/ae-10-first/checkpoint.bin"
for level in 1 2 3; do colour factorized-$level factorized $level --epochs 12; done
for run in ae-3 ae-5 ae-7 ae-10 factorized-1 factorized-2 factorized-3; do keep "$run" "$run"; done
[ -e "$out/pruned/pruning.csv" ] || nae-train lab prune "$out/ae-5" -o "$out/pruned" --epochs 2
cp "$out/pruned/pruning.csv" "$root/models/lab/results/"
