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

keep() { # RUN NAME
    mkdir -p "$root/models/lab/results/$2"
    cp "$out/$1/model.nam" "$root/models/lab/$2.nam"
    cp "$out/$1/log.csv" "$root/models/lab/results/$2/"
    # Where the data lay is nobody's business.
    sed -e 's/^data = .*/data = FOLDER/' -e "s|^start = .*/\([^/]*/checkpoint.bin\)|start = \1|" "$out/$1/settings.txt" \
        >"$root/models/lab/results/$2/settings.txt"
}

digits() { # RUN KIND options…
    run=$1 kind=$2
    shift 2
    [ -e "$out/$run/model.nam" ] || nae-train lab mnist "$kind" --data "$mnist" -o "$out/$run" "$@"
}
digits mnist-ae-start ae --epochs 3 --lr 0.002 --rate 0.006
digits mnist-ae ae --epochs 1 --lr 0.0015 --rate 0.0025 --start "$out/mnist-ae-start/checkpoint.bin"
keep mnist-ae mnist-ae
for kind in vae cvae; do
    digits mnist-$kind $kind --epochs 3 --lr 0.002  # the stored cvae: the first of these epochs only
    keep mnist-$kind mnist-$kind
done

colour() { # NAME words…
    run=$1
    shift
    [ -e "$out/$run/model.nam" ] ||
        nae-train lab "$@" --data "$pictures" -o "$out/$run" --epochs 12 --crops 2000 --window 64 --lr 0.002
    keep "$run" "$run"
}
colour ae-3 ae 3 --target-ssim 0.975 --rate 0.02
colour ae-5 ae 5 --target-ssim 0.94 --rate 0.05
colour ae-7 ae 7 --target-ssim 0.87 --rate 0.12
colour ae-10 ae 10 --target-ssim 0.82 --rate 0.2
for level in 1 2 3; do colour factorized-$level factorized $level; done
[ -e "$out/pruned/pruning.csv" ] || nae-train lab prune "$out/ae-5" -o "$out/pruned" --epochs 1
cp "$out/pruned/pruning.csv" "$root/models/lab/results/"
