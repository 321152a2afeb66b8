#!/bin/sh
# gdal_translate and gdalinfo with the plugin: a picture there and back, and the failures as a user meets them.
set -u
OLD_MODELS=$NAE_MODEL_PATH
export OLD_MODELS
fail() { echo "FAILED: $*"; exit 1; }

# A source that needs no file of anybody's: a gradient in a VRT of raw bytes would do, a PGM is simpler.
{ printf 'P5 70 50 255\n'; awk 'BEGIN { for (i = 0; i < 3500; ++i) printf "%c", 65 + i % 57 }'; } > gray.pgm
gdal_translate -q gray.pgm gray.nae -co MODEL=block -co QUALITY=90 || fail "gdal_translate to .nae"
gdal_translate -q -of PNG gray.nae back.png || fail "gdal_translate from .nae"
gdalinfo gray.nae > info.txt || fail "gdalinfo"
for line in "Driver: NAE/" "Size is 70, 50" "COMPRESSION=NAE" "COMPRESSION_REVERSIBILITY=LOSSY" "QUALITY=90" \
    "MODEL=block" "Type=Byte, ColorInterp=Gray"; do
    grep -q "$line" info.txt || fail "gdalinfo does not say $line"
done
gdal_translate -q gray.pgm /vsistdout/ -of NAE -co MODEL=block -co QUALITY=90 > piped.nae || fail "/vsistdout/"
cmp gray.nae piped.nae || fail "standard output gets other bytes than a file"

# refused WHAT COMMAND...: fails with exactly one line of error, naming WHAT, and leaves no new file.
refused() {
    what=$1
    shift
    before=$(find . | sort)
    "$@" > /dev/null 2> ../errors.$$ && fail "succeeded: $*"
    errors=$(cat ../errors.$$)
    rm ../errors.$$
    [ "$(printf '%s\n' "$errors" | grep -c '^ERROR')" = 1 ] || fail "$* said: $errors"
    case $errors in *"$what"*) ;; *) fail "$* does not name $what: $errors" ;; esac
    [ "$before" = "$(find . | sort)" ] || fail "$* left something behind: $(find .)"
}

refused missing/out.nae gdal_translate -q gray.pgm missing/out.nae -co MODEL=block
refused "No such file" gdal_translate -q gray.pgm missing/out.nae -co MODEL=block
printf 'not a picture\n' > text.nae
refused "not recognized" gdalinfo text.nae
refused text.nae gdalinfo text.nae
head -c 60 gray.nae > short.nae
refused short.nae gdalinfo short.nae
head -c 60 gray.nae > short.nae
refused short.nae gdal_translate -q short.nae out.tif
(
    NAE_TORCH_MODULE=/nowhere/nae_torch.so
    export NAE_TORCH_MODULE
    refused /nowhere/nae_torch.so gdal_translate -q gray.pgm out.nae -co MODEL=block
    refused out.nae gdal_translate -q gray.pgm out.nae -co MODEL=block
) || exit 1
refused QUALITY=200 gdal_translate -q gray.pgm out.nae -co MODEL=block -co QUALITY=200 --config GDAL_VALIDATE_CREATION_OPTIONS NO
mkdir no_models
(
    NAE_MODEL_PATH=$PWD/no_models
    export NAE_MODEL_PATH
    gdalinfo gray.nae > /dev/null || fail "gdalinfo without the model"
    refused no_models gdal_translate -q gray.nae out.tif
    # Open option and configuration option lead to it again.
    gdal_translate -q gray.nae a.tif -oo MODEL_PATH="$OLD_MODELS" || fail "open option MODEL_PATH"
    gdal_translate -q gray.nae b.tif --config NAE_MODEL_PATH "$OLD_MODELS" || fail "configuration option"
    cmp a.tif b.tif || fail "same model, other pixels"
) || exit 1


[ -z "$(find . -name '.nae-*')" ] || fail "temporary files: $(find . -name '.nae-*')"
echo passed
