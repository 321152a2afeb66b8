#!/bin/sh
# What the plugin shows and drags in: every GDAL process loads it.
set -u
fail() { echo "FAILED: $*"; exit 1; }
plugin=$NAE_BUILD_DIR/gdalplugins/gdal_NAE.so
[ -f "$plugin" ] || fail "no $plugin"

exported=$(nm -D --defined-only "$plugin" | awk '{ print $NF }')
[ "$exported" = GDALRegister_NAE ] || fail "exports more than its entry point: $exported"

needed=$(readelf -d "$plugin" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
for library in $needed; do
    case $library in
        libgdal.so.* | libhwy.so.* | libz.so.* | libstdc++.so.* | libm.so.* | libgcc_s.so.* | libc.so.* | \
            ld-linux-*.so.* | libasan.so.* | libubsan.so.*) ;;
        *) fail "needs $library" ;;
    esac
done
echo passed
