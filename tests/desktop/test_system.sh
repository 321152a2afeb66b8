#!/bin/sh
# What tells the system about .nae: MIME type, magic, menu entry, AppStream, icon, manual pages, completion.
#   test_system.sh SOURCES PICTURES NAE THUMBNAILER [VIEWER [TRAINER]]
set -u
files=$1/plugins/desktop
pictures=$2
nae=$3
thumbnailer=$4
fail() { echo "FAILED: $*"; exit 1; }
there() { command -v "$1" > /dev/null || { echo "SKIPPED: $1 is not installed"; return 1; }; }

mkdir -p share/mime/packages share/applications
cp "$files/nae-mime.xml" share/mime/packages/nae.xml
cp "$files/org.naecodec.viewer.desktop" share/applications/
XDG_DATA_HOME=$PWD/share
export XDG_DATA_HOME
if there update-mime-database; then
    update-mime-database share/mime 2> errors.txt || fail "update-mime-database: $(cat errors.txt)"
    [ ! -s errors.txt ] || fail "update-mime-database: $(cat errors.txt)"
    cp "$pictures/colour.nae" without-extension
    if there gio; then
        for file in "$pictures/colour.nae" without-extension; do
            gio info -a standard::content-type "$file" | grep -q image/x-nae || fail "gio info $file: $(gio info "$file")"
        done
    fi
    if there xdg-mime; then
        # Without a desktop it would ask file(1), which knows only what Debian compiled in.
        [ "$(XDG_CURRENT_DESKTOP=GNOME xdg-mime query filetype "$pictures/colour.nae")" = image/x-nae ] || fail "xdg-mime"
    fi
fi
if there file; then
    said=$(file -m "$files/nae.magic" "$pictures/colour.nae")
    case $said in *"NAE image data, version 1, 300 x 200, RGB, quality 90") ;; *) fail "file: $said" ;; esac
    [ "$(file -b --mime-type -m "$files/nae.magic" "$pictures/gray.nae")" = image/x-nae ] || fail "file --mime-type"
fi
if there desktop-file-validate; then desktop-file-validate "$files/org.naecodec.viewer.desktop" || fail "desktop entry"; fi
if there appstreamcli; then
    appstreamcli validate --no-net "$files/org.naecodec.viewer.metainfo.xml" || fail "AppStream"
fi
if there xmllint; then xmllint --noout "$files"/*.xml "$files"/*.svg || fail "XML"; fi

# Manual pages render without a complaint, and with completion they know every option of --help.
if there man; then
    for page in "$files"/*.1; do
        said=$(MANWIDTH=100 man --warnings -E UTF-8 -l "$page" 2>&1 > /dev/null)
        [ -z "$said" ] || fail "$page: $said"
    done
fi
# documented PAGE PROGRAM [COMMAND]
documented() {
    page=$1
    shift
    options=$("$@" --help | grep -o -- '--[a-z][a-z-]*' | sort -u)
    [ -n "$options" ] || fail "$* --help names no options"
    for option in $options; do
        # mdoc writes --name as "Fl -name".
        grep -q -- "-${option#--}" "$page" || fail "$page does not explain $option"
    done
}
for command in encode decode info compare models; do
    documented "$files/nae.1" "$nae" $command
    for option in $("$nae" $command --help | grep -o -- '--[a-z][a-z-]*' | sort -u); do
        grep -q -- "$option" "$files/nae.bash" || fail "bash completion does not know $option"
        grep -q -- "$option" "$files/nae.zsh" || fail "zsh completion does not know $option"
    done
done
documented "$files/nae-thumbnailer.1" "$thumbnailer"
[ $# -lt 5 ] || documented "$files/nae-viewer.1" "$5"
if [ $# -ge 6 ]; then
    for command in pack train export post-filter post-filter-export; do
        documented "$files/nae-train.1" "$6" "$command"
    done
fi

# completes EXPECTED WORD...: bash completes the last word to something that holds EXPECTED.
cat > complete.bash << 'BASH'
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nae; printf '%s\n' "${COMPREPLY[@]}"
BASH
completes() {
    expected=$1
    shift
    PATH=$(dirname "$nae"):$PATH bash complete.bash "$files/nae.bash" "$@" > completed.txt
    grep -qx -- "$expected" completed.txt || fail "bash completion of '$*': $(cat completed.txt)"
}
completes encode nae en
completes --quality nae encode --q
completes block nae encode --model bl
completes 512 nae encode --tile-size 5
completes "$pictures/colour.nae" nae decode "$pictures/col"
if there zsh; then zsh -n "$files/nae.zsh" || fail "zsh completion"; fi
echo "system files: all as expected"
