#!/usr/bin/env bash
# screenshots.sh BUILD FOLDER OUT: the .nae pictures of FOLDER in programs that were never told about NAE but through
# the plugins of BUILD: Eye of GNOME, GTK's file chooser, Gwenview. Writes OUT/*.png, to be looked at. Registers
# everything in a folder of its own; needs the packages of group "shots".
set -euo pipefail
build=$(realpath "$1")
folder=$(realpath "$2")
mkdir -p "$3"
out=$(realpath "$3")
here=$(cd "$(dirname "$0")" && pwd)
files=$here/../../plugins
home=$(mktemp -d)
export XDG_DATA_HOME=$home/share XDG_CACHE_HOME=$home/cache XDG_CONFIG_HOME=$home/config XDG_RUNTIME_DIR=$home/run HOME=$home
export GSETTINGS_BACKEND=memory GDK_PIXBUF_MODULE_FILE=$home/loaders.cache QT_PLUGIN_PATH=$build/qt5plugins
mkdir -p "$XDG_DATA_HOME/mime/packages" "$XDG_DATA_HOME/thumbnailers" "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR"

cp "$files/desktop/nae-mime.xml" "$XDG_DATA_HOME/mime/packages/nae.xml"
update-mime-database "$XDG_DATA_HOME/mime"
cp "$files/thumbnailer/nae.thumbnailer" \
    "$XDG_DATA_HOME/thumbnailers/nae.thumbnailer"  # nae-thumbnailer itself is installed below /usr: GNOME's sandbox shows nothing else
query=$(pkg-config --variable=gdk_pixbuf_query_loaders gdk-pixbuf-2.0)
"$query" "$(pkg-config --variable=gdk_pixbuf_moduledir gdk-pixbuf-2.0)"/*.so \
    "$build/plugins/pixbuf/libpixbufloader-nae.so" >"$GDK_PIXBUF_MODULE_FILE"

Xvfb :87 -screen 0 1280x860x24 >/dev/null 2>&1 &
xvfb=$!
trap 'kill $xvfb 2>/dev/null || true; rm -rf "$home"' EXIT
export DISPLAY=:87
sleep 2

# shot NAME SECONDS COMMAND...
shot() {
    local name=$1 seconds=$2
    shift 2
    setsid dbus-run-session -- "$@" >"$out/$name.log" 2>&1 &
    local program=$!
    sleep "$seconds"
    import -window root "$out/$name.png"
    kill -- -$program 2>/dev/null || true
    wait $program 2>/dev/null || true
    echo "$out/$name.png"
}
shot file-chooser 14 /usr/bin/python3 "$here/file_chooser.py" "$folder"
for picture in "$folder"/s*.nae "$folder"/*.nae; do
    shot eog 10 eog "$picture"
    break
done
command -v gwenview >/dev/null && shot gwenview 15 gwenview "$folder"
