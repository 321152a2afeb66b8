#!/bin/sh
# nae-viewer without a window, as the demo calls it: table, CSV and sheet, and what it says when something is wrong.
#   test_nae_viewer.sh PROGRAM        in an empty folder
set -u
viewer=$1
fail() { echo "FAILED: $*"; exit 1; }
unset DISPLAY WAYLAND_DISPLAY
XDG_STATE_HOME=$PWD/state
export XDG_STATE_HOME

gdal_translate -q -srcwin 200 150 320 200 "$NAE_SOURCE_DIR/testdata/scene.png" colour.png || fail "preparing colour.png"
gdal_translate -q -srcwin 0 100 200 200 "$NAE_SOURCE_DIR/testdata/gray.png" gray.png || fail "preparing gray.png"
for name in colour gray; do
    gdal_translate -q $name.png $name.nae -co MODEL=block -co QUALITY=60 || fail "writing $name.nae"
    "$viewer" $name.png $name.nae --headless --time-writing --table --csv $name.csv --sheet sheet-$name.png \
        > table.txt || fail "comparing $name"
    grep -q '^NAE .*quality 60, .*model block' table.txt || fail "no NAE line: $(cat table.txt)"
    grep -q '^JPEG ' table.txt || fail "no JPEG line: $(cat table.txt)"
    [ "$(wc -l < table.txt)" = 3 ] || fail "table: $(cat table.txt)"
    # The file's own size, and a writing time: the field after MS-SSIM is not empty.
    bytes=$(wc -c < $name.nae)
    grep -Eq "^NAE,$bytes,[0-9.]+,[0-9.]+,[0-9.]+,[0-9.]+,[0-9.]+,[0-9.]+,\"quality 60" $name.csv || fail "$(cat $name.csv)"
    # JPEG's size is that of the .nae file.
    awk -F, 'NR > 1 { size[$1] = $2 } END { d = size["JPEG"] / size["NAE"]; exit !(d > 0.98 && d < 1.02) }' $name.csv ||
        fail "JPEG is not of equal size: $(cat $name.csv)"
    gdalinfo sheet-$name.png | grep -Eq 'Size is [12][0-9]{3}, [0-9]{4}' || fail "sheet of $name: $(gdalinfo sheet-$name.png)"
done
# JPEG by SSIM: as much lost as NAE lost, within 2 %. By hand: the quality that was asked for.
"$viewer" colour.png colour.nae --headless --match ssim --csv ssim.csv || fail "matching by SSIM"
awk -F, 'NR > 1 { lost[$1] = 1 - $5 } END { d = lost["JPEG"] / lost["NAE"]; exit !(d > 0.98 && d < 1.02) }' ssim.csv ||
    fail "JPEG is not of equal SSIM: $(cat ssim.csv)"
"$viewer" colour.png colour.nae --headless --jpeg-quality 55 --csv hand.csv || fail "JPEG by hand"
grep -q '^JPEG,.*"quality 55, 4:2:0"' hand.csv || fail "not the quality asked for: $(cat hand.csv)"

# refused WHAT ARGUMENT...: fails with one line naming WHAT.
refused() {
    what=$1
    shift
    if "$viewer" "$@" > out.txt 2> errors.txt; then fail "succeeded: $*"; fi
    [ "$(wc -l < errors.txt)" = 1 ] || fail "$* said: $(cat errors.txt)"
    grep -q "$what" errors.txt || fail "$* does not name $what: $(cat errors.txt)"
}
refused missing.png missing.png gray.nae --headless
refused missing.nae gray.png missing.nae --headless
refused 'gray.png' gray.png gray.png --headless
refused 'the original is 320x200' colour.png gray.nae --headless
refused /no/such/folder gray.png gray.nae --sheet /no/such/folder/a.png
refused /no/such/folder gray.png gray.nae --headless --csv /no/such/folder/a.csv
head -c 300 gray.nae > cut.nae
refused cut.nae gray.png cut.nae --headless
GDAL_DRIVER_PATH=/nowhere refused GDAL_DRIVER_PATH gray.png gray.nae --headless
# The laboratory's tabs: a run and tables in the folder give other windows than none; a training is started and told about.
if "$viewer" --list-actions | grep -q '^lab.train'; then
    "$viewer" colour.png colour.nae --headless --no-session --tune ssim --screenshot tuned.png --csv tuned.csv ||
        fail "encoding anew for SSIM"
    grep -q '^NAE,.*tuned for SSIM' tuned.csv || fail "not tuned: $(cat tuned.csv)"
    mkdir -p empty lab/run
    printf 'model = ae-5\n' > lab/run/settings.txt
    printf 'epoch,seconds,loss,validation_loss,validation_psnr,validation_ssim,validation_bpp\n1,60,3,4,20,0.7,0.4\n2,120,1,2,25,0.8,0.3\n' > lab/run/log.csv
    for tab in results graphs; do
        for place in empty lab; do
            (cd $place && "$viewer" --headless --no-session --do lab.$tab --screenshot ../$place-$tab.png) || fail "tab $tab"
        done
        ! cmp -s empty-$tab.png lab-$tab.png || fail "the tab $tab does not show the run"
    done
    printf '#!/bin/sh\necho "$@" > "%s/started.txt"\necho " 50.0 %%  epoch 1 of 2  loss 1  1.0 minutes left"\nexec sleep 100\n' "$PWD" > trainer.sh
    chmod +x trainer.sh
    mkdir -p state/nae
    printf 'lab.model = 1\nlab.data = lab\nlab.run = out\nlab.epochs = 2\n' > state/nae/viewer-session
    NAE_TRAIN=$PWD/trainer.sh "$viewer" --headless --do lab.start --screenshot train.png || fail "starting a training"
    grep -q '^lab mnist vae --data lab --out out --epochs 2' started.txt || fail "started with: $(cat started.txt)"
fi
echo "nae-viewer: all as expected"
