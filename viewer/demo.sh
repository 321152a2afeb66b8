#!/usr/bin/env bash
# ./dev demo: a picture becomes a .nae file and comes back, with plain gdal_translate, and is compared with JPEG.
#   demo.sh ROOT [PICTURE [OPTION…]]    run by ./dev, which has built everything and set the environment; the options
#                                       go to the gdal_translate that writes, e.g. -co QUALITY=30
set -euo pipefail
root=$1
out="$root/build/demo"
picture=${2:-$root/testdata/scene.png}
write_options=("${@:3}")
[ -f "$picture" ] || { echo "demo: $picture: no such picture" >&2; exit 1; }
mkdir -p "$out"
name=$(basename "${picture%.*}")
nae="$out/$name.nae"
back="$out/$name-back.png"
sheet="$out/$name-comparison.png"

# Prints a command as one would type it, runs it, and says how long it took.
run() {
    local start=$EPOCHREALTIME end
    printf '$ %s\n' "${*//$root\//}"
    "$@"
    end=$EPOCHREALTIME
    printf '  %s s\n' "$(LC_ALL=C awk -v a="${start/,/.}" -v b="${end/,/.}" 'BEGIN { printf "%.2f", b - a }')"
}

# NAE stores Byte in one or three bands. Other pictures are brought to that first, and that is said.
info=$(gdalinfo "$picture") || exit 1
bands=$(grep -c '^Band ' <<<"$info")
types=$(grep '^Band ' <<<"$info" | grep -vc 'Type=Byte' || true)
prepared=()
if grep -q 'Color Table' <<<"$info"; then
    prepared=(-expand rgb)
elif [ "$bands" -gt 3 ]; then
    prepared=(-b 1 -b 2 -b 3)
elif [ "$bands" -eq 2 ]; then
    prepared=(-b 1)
fi
[ "$types" -eq 0 ] || prepared+=(-ot Byte -scale)
if [ ${#prepared[@]} -gt 0 ]; then
    echo "The picture is not 8-bit gray or RGB; the demo takes this version of it:"
    run gdal_translate -q "${prepared[@]}" "$picture" "$out/$name-8bit.png"
    picture="$out/$name-8bit.png"
fi

rm -f "$nae" "$back" "$back.aux.xml" "$sheet"
run gdal_translate -q "${write_options[@]}" "$picture" "$nae"
run gdal_translate -q "$nae" "$back"
echo
nae-viewer "$picture" "$nae" --headless --time-writing --table --sheet "$sheet"
echo "(write s, read s: in one process, drivers loaded; above: whole commands)"
echo
echo "Comparison sheet: ${sheet#"$PWD"/}"
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    echo "Close the window to end."
    nae-viewer "$picture" "$nae" --match size || echo "No window could be opened; the sheet has it all." >&2
fi
