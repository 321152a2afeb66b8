#!/bin/sh
# nae-thumbnailer as a file browser calls it: with and without preview, turned, in a sandbox, and broken files.
#   test_thumbnailer.sh PROGRAM PICTURES
set -u
program=$1
pictures=$2
fail() { echo "FAILED: $*"; exit 1; }
# "WIDTHxHEIGHT" of a PNG, out of its IHDR.
size_of() { od -An -tu1 -j16 -N8 "$1" | awk '{ print ($3 * 256 + $4) "x" ($7 * 256 + $8) }'; }
# makes EXPECTED SIZE INPUT
makes() {
    "$program" -s "$2" "$3" out.png || fail "$3"
    [ "$(size_of out.png)" = "$1" ] || fail "$3 at $2 is $(size_of out.png), expected $1"
}
makes 256x171 256 "$pictures/colour.nae"
makes 64x43 64 "$pictures/colour.nae"
makes 90x130 256 "$pictures/gray.nae"
makes 128x85 256 "$pictures/preview.nae"
makes 64x43 64 "$pictures/preview.nae"
makes 85x128 256 "$pictures/turned.nae"
makes 64x43 64 "file://$pictures/colour.nae"
# The picture itself is damaged, its overviews are not.
makes 150x100 150 "$pictures/overviews.nae"
"$program" -s 200 "$pictures/overviews.nae" out.png 2> /dev/null && fail "overviews.nae: damage unnoticed"
cp "$pictures/colour.nae" "with space.nae"
makes 64x43 64 "file://$PWD/with%20space.nae"

makes 64x43 64 "$pictures/damaged-preview.nae" # from the pixels

# The preview needs no model.
NAE_MODEL_PATH=/nowhere "$program" "$pictures/preview.nae" out.png || fail "preview without a model"

for broken in "$pictures"/broken-*.nae "$pictures/missing.nae" "$pictures"; do
    rm -f out.png
    "$program" "$broken" out.png 2> errors.txt && fail "$broken is accepted"
    [ $? = 1 ] || fail "$broken: exit code"
    [ "$(wc -l < errors.txt)" = 1 ] || fail "$broken: $(cat errors.txt)"
    [ ! -e out.png ] || fail "$broken leaves a file"
    cat errors.txt
done
"$program" "$pictures/colour.nae" /no/such/folder/out.png 2> errors.txt && fail "writes nowhere"
grep -q /no/such/folder/out.png errors.txt || fail "does not name the output: $(cat errors.txt)"
"$program" -s 0 a b 2> /dev/null
[ $? = 2 ] || fail "size 0"
"$program" a 2> /dev/null
[ $? = 2 ] || fail "one argument"

for library in $(ldd "$program" | awk '{ print $1 }'); do
    case $library in *torch* | *c10* | *gdal*) fail "maps $library" ;; esac
done

# As GNOME calls it: read-only root, no network, only the output's folder writable.
if command -v bwrap > /dev/null && bwrap --ro-bind / / true 2> /dev/null; then
    mkdir -p sandbox
    bwrap --ro-bind / / --bind "$PWD/sandbox" "$PWD/sandbox" --proc /proc --dev /dev --unshare-all --die-with-parent \
        --clearenv --setenv LD_LIBRARY_PATH "${LD_LIBRARY_PATH:-}" \
        "$program" -s 256 "$pictures/preview.nae" "$PWD/sandbox/out.png" || fail "in a sandbox"
    [ "$(size_of sandbox/out.png)" = 128x85 ] || fail "in a sandbox: size"
    bwrap --ro-bind / / --proc /proc --dev /dev --unshare-all "$program" "$pictures/preview.nae" \
        "$PWD/sandbox/forbidden.png" 2> /dev/null && fail "the root is writable"
    echo "sandbox: as expected"
else
    echo "SKIPPED: no bwrap, or it may not make namespaces here"
fi
echo "nae-thumbnailer: all as expected"
