#!/bin/sh
# gdalinfo on a file of another format, with the plugin installed: at most 5 ms more than without.
# The least of many runs each, taken in turns, so that a busy machine costs both the same.
set -u
fail() { echo "FAILED: $*"; exit 1; }
{ printf 'P5 70 50 255\n'; head -c 3500 /dev/zero; } > gray.pgm
gdal_translate -q gray.pgm gray.tif || fail "gdal_translate"
mkdir none
with=$GDAL_DRIVER_PATH
microseconds() {
    GDAL_DRIVER_PATH=$1 gdalinfo gray.tif > /dev/null 2>&1 || exit 1
    start=$(date +%s%N)
    GDAL_DRIVER_PATH=$1 gdalinfo gray.tif > /dev/null 2>&1 || exit 1
    echo $((($(date +%s%N) - start) / 1000))
}
best_with=999999999
best_without=999999999
for run in $(seq 40); do
    t=$(microseconds "$with") && [ "$t" -lt "$best_with" ] && best_with=$t
    t=$(microseconds "$PWD/none") && [ "$t" -lt "$best_without" ] && best_without=$t
done
cost=$((best_with - best_without))
echo "gdalinfo gray.tif: $best_with us with the plugin, $best_without us without, $cost us more"
# A sanitizer's runtime is not the plugin's cost.
[ -n "${NAE_PRELOAD:-}" ] || [ "$cost" -le 5000 ] || fail "more than 5 ms"
echo passed
