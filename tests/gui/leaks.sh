#!/bin/sh
# nae-viewer as AddressSanitizer sees it:  leaks.sh BUILD_FOLDER     (./dev leaks builds and calls it)
# The actions of the table without a display, then the window by real events. Any error or leak of ours fails.
set -eu
build=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
viewer=$build/viewer/app/nae-viewer
cd "$work"
gdal_translate -q -srcwin 100 0 600 500 "$root/testdata/scene.png" a.png
export NAE_MODEL_PATH="$build/tests/support/models" NAE_TORCH_MODULE="$build/tests/support/nae_plain_analysis.so"
export GDAL_DRIVER_PATH="$build/gdalplugins" NAE_SOURCE_DIR="$root"
# GDAL's allocator pairs malloc with delete in places of its own.
asan=new_delete_type_mismatch=0:alloc_dealloc_mismatch=0
preload=$(${CXX:-c++} -print-file-name=libasan.so)
LD_PRELOAD=$preload ASAN_OPTIONS=$asan:detect_leaks=0 gdal_translate -q -co MODEL=block -co QUALITY=40 a.png a.nae
export ASAN_OPTIONS="$asan:detect_leaks=1" UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS="suppressions=$root/tests/gui/lsan.supp:print_suppressions=0"
steps=$("$viewer" --list-actions | awk '$1 != "file.close" && $1 != "file.quit" { print "--do", $1 }')
echo "== every action, no display"
# shellcheck disable=SC2086  # words on purpose
"$viewer" a.png a.nae --headless --no-session $steps --screenshot a-view.png
echo "== real events"
# Python cannot load a sanitized driver, nor is its memory ours: only the viewer gets it.
cat > viewer <<END
#!/bin/sh
GDAL_DRIVER_PATH=$GDAL_DRIVER_PATH exec "$viewer" "\$@"
END
chmod +x viewer
unset GDAL_DRIVER_PATH
NAE_GUI_PICTURES=$work /usr/bin/python3 "$root/tests/gui/test_viewer.py" "$work/viewer" \
    RealUse.test_heatmap_key_lays_a_map_over_the_codec_only \
    RealUse.test_wheel_and_drag_move_panes_in_step_and_ctrl_one_alone RealUse.test_wipe_divider_moves_pixels
echo "nae-viewer: no error, no leak"
