#!/bin/sh
# nae as a user calls it: every command, standard streams, exit codes, errors, Ctrl-C.
#   test_nae.sh PROGRAM        in an empty folder
set -u
nae=$1
fail() { echo "FAILED: $*"; exit 1; }
gdal_translate -q -srcwin 200 150 320 200 "$NAE_SOURCE_DIR/testdata/scene.png" colour.png || fail "preparing"
gdal_translate -q -srcwin 0 100 200 200 "$NAE_SOURCE_DIR/testdata/gray.png" gray.png || fail "preparing"
rm -f ./*.aux.xml

# There and back, with what was asked for; nothing said where nobody watches.
"$nae" encode -q 60.5 -e 3 --model block --tile-size 128 colour.png colour.nae > out.txt 2>&1 || fail "encode"
[ ! -s out.txt ] || fail "encode is not quiet: $(cat out.txt)"
"$nae" info colour.nae > info.txt || fail "info"
for line in "320 x 200 pixels, RGB, 8-bit" "60.5 (written with effort 3)" "block, " "128 x 128"; do
    grep -q "$line" info.txt || fail "info does not say $line: $(cat info.txt)"
done
"$nae" decode colour.nae back.png > out.txt 2>&1 || fail "decode: $(cat out.txt)"
[ ! -s out.txt ] || fail "decode is not quiet: $(cat out.txt)"
gdal_translate -q colour.nae expected.png
gdalcompare.py back.png expected.png > differences.txt 2>&1 || fail "decode differs from gdal_translate: $(cat differences.txt)"

# A window, other formats, creation options.
"$nae" decode -w 30 40 50 60 colour.nae window.tif --co COMPRESS=DEFLATE || fail "window"
gdalinfo window.tif | grep -q 'Size is 50, 60' || fail "window: size"
gdalinfo window.tif | grep -q 'COMPRESSION=DEFLATE' || fail "creation option"
"$nae" decode -f BMP colour.nae other.dat || fail "format"
gdalinfo other.dat | grep -q 'Driver: BMP' || fail "format"

# Standard streams.
"$nae" encode --model block -q 60.5 -e 3 --tile-size 128 - - < colour.png > piped.nae || fail "pipe"
cmp colour.nae piped.nae || fail "pipe: other bytes than a file"
"$nae" decode - - < colour.nae > piped.png || fail "decoding pipe"
gdalcompare.py piped.png expected.png > /dev/null 2>&1 || fail "decoding pipe: other pixels"
"$nae" info - < colour.nae | grep -q '320 x 200' || fail "info of a pipe"

# JSON is JSON.
"$nae" info --json colour.nae piped.nae > info.json || fail "info --json"
"$nae" models --json > models.json || fail "models --json"
"$nae" encode --model block gray.png gray.nae && "$nae" decode gray.nae gray-back.png || fail "gray"
"$nae" compare --json gray.png gray-back.png > compare.json || fail "compare --json"
/usr/bin/python3 - << 'PYTHON' || fail "JSON"
import json
info = json.load(open("info.json"))
assert len(info) == 2 and info[0]["width"] == 320 and info[0]["model"]["name"] == "block", info
assert info[0]["quality"] == 60.5 and info[1]["file"] == "piped.nae", info
assert {"block", "other"} <= {m.get("name") for m in json.load(open("models.json"))}
gray = json.load(open("compare.json"))
assert [row["band"] for row in gray] == ["gray"] and gray[0]["psnr_db"] > 15 and 0 < gray[0]["ssim"] <= 1, gray
PYTHON
"$nae" models | grep -q '^block  *[0-9a-f]\{16\} encodes' || fail "models: $("$nae" models)"

# Comparing: figures in every form, a heatmap, and a picture with itself.
"$nae" compare colour.png back.png --csv figures.csv --heatmap heat.png > table.txt || fail "compare"
[ "$(cut -d, -f1 figures.csv | tr '\n' ' ')" = "band red green blue all " ] || fail "CSV: $(cat figures.csv)"
awk -F, 'NR > 1 && !($2 > 15 && $2 < 70 && $3 > 0.2 && $3 <= 1 && $4 > 0.2 && $4 <= 1) { exit 1 }' figures.csv ||
    fail "CSV: $(cat figures.csv)"
[ "$(wc -l < table.txt)" = 5 ] || fail "table: $(cat table.txt)"
gdalinfo heat.png | grep -q 'Size is 320, 200' || fail "heatmap"
"$nae" compare colour.png colour.png --csv - > same.csv || fail "compare with itself"
grep -q '^all,inf,1.000000,1.000000$' same.csv || fail "a picture differs from itself: $(cat same.csv)"

# A palette becomes its colours.
gdal_translate -q -of PNG colour.png tmp.png && rgb2pct.py -q colour.png palette.tif > /dev/null 2>&1 ||
    pct=missing
if [ -f palette.tif ]; then
    "$nae" encode --model block palette.tif palette.nae || fail "palette"
    "$nae" info palette.nae | grep -q RGB || fail "palette: $("$nae" info palette.nae)"
fi

# refused CODE WHAT ARGUMENT...: exits with CODE, names WHAT, leaves no new file.
refused() {
    code=$1
    what=$2
    shift 2
    before=$(ls -A)
    "$nae" "$@" > ../out.$$ 2> ../errors.$$
    got=$?
    errors=$(cat ../errors.$$)
    rm -f ../errors.$$ ../out.$$
    [ $got = "$code" ] || fail "$* exits with $got, expected $code: $errors"
    case $errors in *"$what"*) ;; *) fail "$* does not name $what: $errors" ;; esac
    [ "$code" = 2 ] || [ "$(printf '%s\n' "$errors" | wc -l)" = 1 ] || fail "$* said more than one line: $errors"
    [ "$before" = "$(ls -A)" ] || fail "$* left something behind: $(ls -A)"
}
refused 1 missing.png encode missing.png out.nae
refused 1 missing.nae decode missing.nae out.png
refused 1 missing.nae info missing.nae
refused 1 colour.png info colour.png
refused 1 colour.png decode colour.png out.png
refused 1 no-such-model encode --model no-such-model colour.png out.nae
refused 1 /no/such/folder encode --model block colour.png /no/such/folder/out.nae
refused 1 /no/such/folder decode colour.nae /no/such/folder/out.png
refused 1 out.qqq decode colour.nae out.qqq
refused 1 "standard input" encode --model block - out.nae < /dev/null
refused 1 "320x200" compare colour.png gray.png
refused 1 /no/such/folder compare colour.png back.png --csv /no/such/folder/a.csv
refused 1 /no/such/folder compare colour.png back.png --heatmap /no/such/folder/a.png
head -c 3000 colour.nae > cut.nae
refused 1 cut.nae decode cut.nae out.png
refused 1 cut.nae info cut.nae
refused 1 outside decode -w 300 0 50 50 colour.nae out.png
refused 2 "" frobnicate
refused 2 quality encode -q 101 colour.png out.nae
refused 2 effort encode -e 0 colour.png out.nae
"$nae" encode --model block -q 60 --tune ssim colour.png tuned.nae && "$nae" encode --model block -q 60 --tune PSNR colour.png untuned.nae ||
    fail "tuning"
! cmp -s tuned.nae untuned.nae || fail "--tune ssim changes nothing"
refused 2 tune encode --tune vmaf colour.png out.nae
refused 2 output encode colour.png
refused 2 window decode -w 1 2 3 colour.nae out.png
NAE_TORCH_MODULE=/nowhere/nae_torch.so refused 1 /nowhere/nae_torch.so encode --model block colour.png out.nae
"$nae" info missing.nae colour.nae > info.txt 2> /dev/null
[ $? = 1 ] || fail "one file of two is missing: exit code"
grep -q '320 x 200' info.txt || fail "the other file is not described"
GDAL_DRIVER_PATH=/nowhere "$nae" encode --model block colour.png beside.nae || fail "the plugin beside the program is not found"

# Ctrl-C: what stood there before stays, nothing else appears.
cp colour.nae keep.nae
gdal_translate -q -outsize 2500 2500 colour.png large.tif || fail "preparing"
before=$(ls -A)
"$nae" encode --model block large.tif keep.nae 2> ../errors.$$ &
process=$!
# Once it, and no longer the shell that starts it, catches SIGINT (bit 1 of the mask).
until grep -qx nae /proc/$process/comm && grep -q 'SigCgt:.*[2367abef]$' /proc/$process/status; do sleep 0.05; done
kill -INT $process || fail "encoding had ended before it could be interrupted"
wait $process
got=$?
if [ $got = 130 ]; then
    grep -q interrupted ../errors.$$ || fail "interrupted: $(cat ../errors.$$)"
    cmp keep.nae colour.nae || fail "interrupted: the file that stood there has changed"
elif [ $got != 0 ]; then
    fail "interrupted: exit code $got, $(cat ../errors.$$)"
else
    fail "encoding was not interrupted"
fi
rm -f ../errors.$$
[ "$before" = "$(ls -A)" ] || fail "interrupted: left something behind: $(ls -A)"
echo "nae: all as expected"
