#!/bin/sh
# nae-compare as the demo calls it: table, CSV and sheet, and what it says when something is wrong.
#   test_nae_compare.sh PROGRAM        in an empty folder
set -u
compare=$1
fail() { echo "FAILED: $*"; exit 1; }
unset DISPLAY WAYLAND_DISPLAY

gdal_translate -q -srcwin 200 150 320 200 "$NAE_SOURCE_DIR/testdata/scene.png" colour.png || fail "preparing colour.png"
gdal_translate -q -srcwin 0 100 200 200 "$NAE_SOURCE_DIR/testdata/gray.png" gray.png || fail "preparing gray.png"
for name in colour gray; do
    gdal_translate -q $name.png $name.nae -co MODEL=block -co QUALITY=60 || fail "writing $name.nae"
    "$compare" $name.png $name.nae --jpeg-equal-size --time-writing --table --csv $name.csv --png sheet-$name.png \
        > table.txt || fail "comparing $name"
    grep -q '^NAE .*quality 60, .*model block' table.txt || fail "no NAE line: $(cat table.txt)"
    grep -q '^JPEG ' table.txt || fail "no JPEG line: $(cat table.txt)"
    [ "$(wc -l < table.txt)" = 3 ] || fail "table: $(cat table.txt)"
    # The file's own size, and a writing time: the field between SSIM and the reading time is not empty.
    bytes=$(wc -c < $name.nae)
    grep -Eq "^NAE,$bytes,[0-9.]+,[0-9.]+,[0-9.]+,[0-9.]+,[0-9.]+,\"quality 60" $name.csv || fail "$(cat $name.csv)"
    # JPEG's size is near: within a fifth, for pictures this small.
    awk -F, 'NR > 1 { size[$1] = $2 } END { d = size["JPEG"] / size["NAE"]; exit !(d > 0.8 && d < 1.2) }' $name.csv ||
        fail "JPEG is not of equal size: $(cat $name.csv)"
    gdalinfo sheet-$name.png | grep -Eq 'Size is [12][0-9]{3}, [0-9]{4}' || fail "sheet of $name: $(gdalinfo sheet-$name.png)"
done
# Without JPEG: one line less, a narrower sheet.
"$compare" gray.png gray.nae --table --png alone.png > table.txt || fail "without JPEG"
[ "$(wc -l < table.txt)" = 2 ] || fail "table without JPEG: $(cat table.txt)"

# refused WHAT ARGUMENT...: fails with one line naming WHAT.
refused() {
    what=$1
    shift
    if "$compare" "$@" > out.txt 2> errors.txt; then fail "succeeded: $*"; fi
    [ "$(wc -l < errors.txt)" = 1 ] || fail "$* said: $(cat errors.txt)"
    grep -q "$what" errors.txt || fail "$* does not name $what: $(cat errors.txt)"
}
refused missing.png missing.png gray.nae
refused missing.nae gray.png missing.nae
refused 'gray.png' gray.png gray.png
refused 'the original is 320x200' colour.png gray.nae
refused /no/such/folder gray.png gray.nae --png /no/such/folder/a.png
refused /no/such/folder gray.png gray.nae --csv /no/such/folder/a.csv
head -c 300 gray.nae > cut.nae
refused cut.nae gray.png cut.nae
GDAL_DRIVER_PATH=/nowhere refused GDAL_DRIVER_PATH gray.png gray.nae
echo "nae-compare: all as expected"
