#!/bin/sh
# nae-viewer as AddressSanitizer sees it:  leaks.sh BUILD_FOLDER     (./dev leaks builds and calls it)
# The actions of the table without a display, then the window by real events: any error or leak fails.
set -eu
viewer=$1/viewer/app/nae-viewer
root=$(cd "$(dirname "$0")/../.." && pwd)
release=$root/build/release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# The viewer is under test; driver and model are those of the release build.
export NAE_MODEL_PATH="$release/tests/support/models" NAE_TORCH_MODULE="$release/tests/support/nae_plain_analysis.so"
export GDAL_DRIVER_PATH="$release/gdalplugins" NAE_SOURCE_DIR="$root"
gdal_translate -q -srcwin 100 0 600 500 "$root/testdata/scene.png" a.png
gdal_translate -q -co MODEL=block -co QUALITY=40 a.png a.nae
# Mesa and GDAL pair allocations in ways of their own.
export ASAN_OPTIONS=new_delete_type_mismatch=0:alloc_dealloc_mismatch=0:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
steps=$("$viewer" --list-actions | awk '$1 != "file.close" && $1 != "file.quit" { print "--do", $1 }')
echo "== every action, no display"
# shellcheck disable=SC2086  # words on purpose
"$viewer" a.png a.nae --headless --no-session $steps --screenshot a-view.png

echo "== real events"
# Mesa's driver keeps 240 bytes in a variable of its own and is unloaded before leaks are counted, variable and all.
# Modules stay loaded here, so that what they still refer to counts as what it is; nothing is suppressed. The driver's
# threads, which then live on, are done without: the leak checker stumbles over them.
printf 'int dlclose(void *module) { (void)module; return 0; }\n' | cc -shared -fPIC -x c - -o keep.so
export LP_NUM_THREADS=0 MESA_SHADER_CACHE_DISABLE=true
printf '#!/bin/sh\nLD_PRELOAD="%s %s" exec "%s" "$@"\n' "$(cc -print-file-name=libasan.so)" "$work/keep.so" "$viewer" > viewer
chmod +x viewer
/usr/bin/python3 "$root/tests/gui/test_viewer.py" "$work/viewer" \
    RealUse.test_heatmap_key_lays_a_map_over_the_codec_only \
    RealUse.test_wheel_and_drag_move_panes_in_step_and_ctrl_one_alone RealUse.test_wipe_divider_moves_pixels \
    RealUse.test_files_dropped_on_the_window_are_opened
echo "nae-viewer: no error, no leak"
