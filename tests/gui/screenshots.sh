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
