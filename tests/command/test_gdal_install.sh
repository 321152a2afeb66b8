#!/bin/sh
# cmake --install: the driver lands where GDAL looks, and a program of somebody else's builds against the library.
set -eu
fail() { echo "FAILED: $*"; exit 1; }
[ -z "${NAE_PRELOAD:-}" ] || { echo "a sanitizer's build is not installed"; exit 0; }

root=$PWD/root
for component in nae-gdal nae-models libnae0 libnae-dev; do
    DESTDIR=$root cmake --install "$NAE_BUILD_DIR" --component $component > install.log || { cat install.log; fail "$component"; }
done
plugin=$(find "$root" -name gdal_NAE.so)
model=$(find "$root" -name photo.nam)
package=$(find "$root" -name nae.pc)
[ -n "$plugin" ] && [ -n "$model" ] && [ -n "$package" ] || fail "not installed: $(find "$root" -type f)"

# Where this GDAL looks is compiled into it; the installed plugin lies in a folder of that name.
library=$(ldd "$plugin" | sed -n 's/.*=> \(.*libgdal[^ ]*\) .*/\1/p')
case $(strings -a "$library" | grep -x '/.*/gdalplugins') in
    "") ;; # another build of GDAL keeps it elsewhere
    "${plugin#"$root"}" | "$(dirname "${plugin#"$root"}")") ;;
    *) fail "GDAL looks in $(strings -a "$library" | grep -x '/.*/gdalplugins'), not in ${plugin#"$root"}" ;;
esac
# It loads without any variable but GDAL's own.
case $(env -u NAE_MODEL_PATH -u NAE_TORCH_MODULE GDAL_DRIVER_PATH="$(dirname "$plugin")" gdalinfo --formats) in
    *"NAE -raster-"*) ;;
    *) fail "the installed plugin does not load" ;;
esac

cat > program.c <<'C'
#include <nae/nae.h>
#include <stdio.h>
int main(void) { return puts(nae_version()) < 0; }
C
prefix=$(dirname "$(dirname "$package")")
libraries=$(dirname "$package")/..
export PKG_CONFIG_PATH="$(dirname "$package")" PKG_CONFIG_SYSROOT_DIR="$root"
cc program.c -o with_pkg_config $(pkg-config --cflags --libs nae) || fail "pkg-config: $(pkg-config --cflags --libs nae)"
version=$(LD_LIBRARY_PATH=$libraries ./with_pkg_config)
[ "$version" = "$(pkg-config --modversion nae)" ] || fail "nae.pc and the library disagree: $version"

cat > CMakeLists.txt <<'C'
cmake_minimum_required(VERSION 3.20)
project(consumer LANGUAGES C)
find_package(nae REQUIRED)
add_executable(with_cmake program.c)
target_link_libraries(with_cmake PRIVATE nae::nae)
C
cmake -S . -B build -DCMAKE_PREFIX_PATH="$prefix/.." > cmake.log 2>&1 && cmake --build build >> cmake.log 2>&1 ||
    { cat cmake.log; fail "find_package(nae)"; }
[ "$(LD_LIBRARY_PATH=$libraries build/with_cmake)" = "$version" ] || fail "the program built with CMake"
echo passed
