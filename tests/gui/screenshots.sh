#!/bin/sh
# The screenshots of README and docs/viewer.md, from the project's own picture:  tests/gui/screenshots.sh [FOLDER]
# Run in an environment of ./dev env; they go to docs/images, small enough to be kept in the repository.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/docs/images}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$root/testdata/scene.png" "$work/scene.png"
gdal_translate -q -co QUALITY=40 "$work/scene.png" "$work/scene.nae"
shoot() {
    name=$1
    shift
    nae-viewer "$work/scene.png" "$work/scene.nae" --headless --no-session "$@" --screenshot "$work/$name.png"
    gdal_translate -q -of JPEG -co QUALITY=80 "$work/$name.png" "$out/$name.jpg"
    rm -f "$out/$name.jpg.aux.xml"
}
shoot viewer --mode 4-up --heatmap ssim --do codec.rd_curve
shoot viewer-wipe --mode wipe --do view.actual --do heat.next_worst --do heat.toggle --do view.zoom_out --do view.zoom_out
# The laboratory's three tabs: stored runs and tables, and, where MNIST's files are, a training that really runs:
#   NAE_MNIST=FOLDER ./dev screenshots
shoot_lab() {
    name=$1 folder=$2
    shift 2
    (cd "$folder" && XDG_STATE_HOME="$work/state" nae-viewer --headless "$@" --screenshot "$work/$name.png")
    gdal_translate -q -of JPEG -co QUALITY=80 "$work/$name.png" "$out/$name.jpg"
    rm -f "$out/$name.jpg.aux.xml"
}
shoot_lab lab-results "$root/models/lab/results" --no-session --do lab.results
shoot_lab lab-graphs "$root/models/lab/results" --no-session --do lab.graphs
mkdir -p "$work/state/nae" "$work/train"
printf 'lab.model = 1\nlab.epochs = 20\nlab.data = mnist\nlab.run = vae\n' >"$work/state/nae/viewer-session"
[ -z "${NAE_MNIST:-}" ] || ln -s "$(realpath "$NAE_MNIST")" "$work/train/mnist"
shoot_lab lab-train "$work/train" --do lab.start
