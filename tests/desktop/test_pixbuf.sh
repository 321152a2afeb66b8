#!/bin/sh
# The gdk-pixbuf loader, registered in a private cache: gdk-pixbuf's own tools, then a program that looks closer.
#   test_pixbuf.sh LOADER PICTURES PROGRAM QUERY_LOADERS MIME_XML
set -u
loader=$1
pictures=$2
fail() { echo "FAILED: $*"; exit 1; }
"$4" "$loader" > loaders.cache || fail "gdk-pixbuf-query-loaders"
grep -q '"image/x-nae"' loaders.cache || fail "not registered: $(cat loaders.cache)"
# gdk-pixbuf asks the MIME database what a file is.
mkdir -p share/mime/packages
cp "$5" share/mime/packages/nae.xml
update-mime-database share/mime || fail "update-mime-database"
XDG_DATA_HOME=$PWD/share
export XDG_DATA_HOME
GDK_PIXBUF_MODULE_FILE=$PWD/loaders.cache
export GDK_PIXBUF_MODULE_FILE
if command -v gdk-pixbuf-csource > /dev/null; then
    gdk-pixbuf-csource --raw --name=picture "$pictures/colour.nae" > picture.c || fail "gdk-pixbuf-csource"
    grep -q '300' picture.c || fail "gdk-pixbuf-csource: $(head -c 300 picture.c)"
else
    echo "SKIPPED: gdk-pixbuf-csource is not installed"
fi
if command -v gdk-pixbuf-thumbnailer > /dev/null; then
    gdk-pixbuf-thumbnailer -s 100 "$pictures/colour.nae" thumbnail.png || fail "gdk-pixbuf-thumbnailer"
    [ -s thumbnail.png ] || fail "gdk-pixbuf-thumbnailer wrote nothing"
    gdk-pixbuf-thumbnailer -s 100 "$pictures/broken-tile-crc.nae" broken.png 2> /dev/null && fail "broken file accepted"
else
    echo "SKIPPED: gdk-pixbuf-thumbnailer is not installed"
fi
exec "$3" "$pictures"
