#!/bin/sh
# What libnae.so exports is what nae.h declares and what symbols.txt promises: nothing gone, nothing by accident.
#   test_symbols.sh LIBRARY HEADER PROMISED
set -u
fail() { echo "FAILED: $*"; exit 1; }
folder=$(mktemp -d) || exit 1
trap 'rm -r "$folder"' EXIT
nm -D --defined-only --with-symbol-versions "$1" | awk '$2 != "A" { print $3 }' | sort > "$folder/exported"
grep -v '^#' "$3" | sort > "$folder/promised"
sed -n 's/^NAE_API [^(]*[ *]\(nae_[a-z_]*\)(.*/\1/p' "$2" | sort > "$folder/declared"
[ -s "$folder/declared" ] || fail "no declarations found in $2"
diff "$folder/promised" "$folder/exported" || fail "exported symbols are not those of symbols.txt (< promised, > exported)"
sed 's/@.*//' "$folder/exported" | diff "$folder/declared" - || fail "nae.h declares other functions (< declared)"
readelf -d "$1" | grep -q 'SONAME.*\[libnae\.so\.0\]' || fail "the soname is not libnae.so.0"
echo "$(wc -l < "$folder/exported") symbols, as promised"
