#!/bin/sh
# The example programs, built as a stranger would: from an installation in a folder of its own, with pkg-config alone
# and with CMake's find_package, and run there and back.
#   test_installed.sh BUILD SOURCES CC
set -u
build=$1
sources=$2
cc=$3
fail() { echo "FAILED: $*"; exit 1; }
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
prefix=$folder/prefix
# A build configured for another prefix is installed below this one, whole: pkg-config is told where it lies now.
for component in libnae0 libnae-dev; do
    cmake --install "$build" --component $component --prefix "$prefix" > "$folder/install.log" 2>&1 ||
        fail "installing: $(cat "$folder/install.log")"
done
pc=$(find "$prefix" -name nae.pc)
[ -n "$pc" ] || fail "no nae.pc installed"
libdir=$(dirname "$(dirname "$pc")")
cp -r "$sources/examples" "$folder/examples"
cd "$folder" || exit 1

flags=$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --define-variable=prefix="$prefix" \
    --define-variable=libdir="$libdir" --define-variable=includedir="$prefix/include" --cflags --libs nae) ||
    fail "pkg-config does not know nae"
for program in read_picture write_picture; do
    # shellcheck disable=SC2086
    "$cc" -std=c99 -Wall -Wextra -Werror -o $program examples/$program.c $flags || fail "compiling $program with pkg-config"
done
cmake -S examples -B cmake-build -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" > cmake.log 2>&1 ||
    fail "find_package: $(cat cmake.log)"
cmake --build cmake-build > cmake.log 2>&1 || fail "building with CMake: $(cat cmake.log)"

LD_LIBRARY_PATH=$libdir
export LD_LIBRARY_PATH
{ printf 'P6\n70 50\n255\n'; awk 'BEGIN { for (i = 0; i < 10500; ++i) printf "%c", 65 + i % 57 }'; } > in.ppm
for programs in . cmake-build; do
    "$programs/write_picture" in.ppm picture.nae 90 block 2> errors.txt || fail "$programs/write_picture: $(cat errors.txt)"
    "$programs/read_picture" picture.nae out.ppm || fail "$programs/read_picture"
    [ "$(wc -c < out.ppm)" = "$(wc -c < in.ppm)" ] || fail "the picture has another size"
    "$programs/read_picture" picture.nae part.ppm 10 20 30 20 || fail "window"
    [ "$(head -c 9 part.ppm | tr '\n' ' ')" = "P6 30 20 " ] || fail "window: $(head -c 9 part.ppm)"
    "$programs/read_picture" picture.nae part.ppm 60 20 30 20 2> errors.txt && fail "a window outside is accepted"
    grep -q "not inside" errors.txt || fail "$(cat errors.txt)"
done
echo "examples: all as expected"
