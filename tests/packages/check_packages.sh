#!/usr/bin/env bash
# check_packages.sh PACKAGES SOURCE: installs the .deb files of a folder in a Debian that has nothing else and uses
# them there: reading without LibTorch, then writing, then removing without a trace. Needs root and a Debian mirror:
# status 77 where there is none, so that nobody takes a check that did not happen for one that passed.
set -euo pipefail
cannot() { echo "packages cannot be checked here: $*" >&2; exit 77; }
# In a mount namespace of its own: what is mounted below goes away with it.
if [ "${NAE_OWN_MOUNTS:-}" != yes ]; then
    [ "$(id -u)" -eq 0 ] || cannot "root is needed"
    unshare --mount true 2>/dev/null || cannot "no mount namespace is allowed"
    exec env NAE_OWN_MOUNTS=yes unshare --mount "$0" "$@"
fi
packages=$(realpath "$1")
source=$(realpath "$2")
started=$SECONDS
fail() { echo "FAILED: $*" >&2; exit 1; }
step() { printf '== %3d s  %s\n' $((SECONDS - started)) "$*"; }

work=$(mktemp -d)
trap 'umount -l "$work/root/proc" "$work/root/sys" 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT
root=$work/root
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"; }
install() {
    inside apt-get install -y -qq --no-install-recommends "$@" >"$work/apt.log" 2>&1 && return
    cat "$work/apt.log"
    # A mirror that fails is not a fault of the packages.
    if grep -q 'Failed to fetch\|Unable to fetch' "$work/apt.log"; then cannot "the mirror did not deliver"; fi
    fail "installing $*"
}
installed() { inside dpkg-query -W -f='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p'; }
# Whole outputs, not pipes: a reader that leaves early would make its writer fail.
knows_nae() { case $(inside gdalinfo --formats) in *"NAE -raster-"*) ;; *) return 1 ;; esac; }

step "a Debian with nothing in it"
. /etc/os-release
# It is thrown away at the end: no need to wait for the disk.
mmdebstrap --quiet --variant=apt --mode=root --dpkgopt=force-unsafe-io "$VERSION_CODENAME" "$root" || cannot "mmdebstrap makes no empty Debian"
mount --rbind /proc "$root/proc"
mount --rbind /sys "$root/sys"
mkdir "$root/packages"
cp "$packages"/*.deb "$root/packages"
(cd "$root/packages" && dpkg-scanpackages --multiversion . >Packages 2>/dev/null)
echo "deb [trusted=yes] file:/packages ./" >"$root/etc/apt/sources.list.d/nae.list"
inside apt-get update -qq >/dev/null
before=$(installed | sort)

step "reading and writing: nae-gdal"
install nae-gdal gdal-bin
if installed | grep -i torch >&2; then fail "nae-gdal pulls in LibTorch"; fi
knows_nae || fail "GDAL does not know NAE"
cp "$source/testdata/scene.png" "$root/tmp/scene.png"
inside gdal_translate -q -co QUALITY=80 /tmp/scene.png /tmp/usual.nae || fail "writing without nae-encoder"
inside gdal_translate -q -co QUALITY=80 -co EFFORT=7 /tmp/scene.png /tmp/scene.nae || fail "higher efforts without nae-encoder"
if inside gdal_translate -q -co MODEL=ae-10 /tmp/scene.png /tmp/research.nae 2>"$work/error"; then fail "research models without nae-encoder"; fi
grep -q nae_torch.so "$work/error" || fail "the error does not name the module: $(cat "$work/error")"
[ ! -e "$root/tmp/research.nae" ] || fail "a failed conversion left a file"

step "research models: nae-encoder"
install nae-encoder
inside gdal_translate -q -co MODEL=ae-10 /tmp/scene.png /tmp/research.nae || fail "converting"
inside gdal_translate -q -of PNM /tmp/research.nae /tmp/research.ppm || fail "reading"
case $(inside gdalinfo /tmp/scene.nae) in *COMPRESSION=NAE*) ;; *) fail "gdalinfo" ;; esac
inside gdal_translate -q -of PNM /tmp/scene.nae /tmp/with.ppm

step "reading again, with LibTorch gone"
inside apt-get purge -y -qq nae-encoder >/dev/null 2>&1
inside apt-get autoremove -y -qq >/dev/null 2>&1
inside gdal_translate -q -of PNM /tmp/scene.nae /tmp/without.ppm || fail "reading"
cmp "$root/tmp/with.ppm" "$root/tmp/without.ppm" || fail "other pixels without nae-encoder"

step "every other package"
others=()
for file in "$packages"/*.deb; do others+=("$(dpkg-deb -f "$file" Package)"); done
install "${others[@]}"
for program in "$root"/usr/bin/nae "$root"/usr/bin/nae-*; do
    name=${program#"$root"}
    inside "$name" --help >/dev/null || fail "$name --help"
done

inside nae encode -q 80 /tmp/scene.png /tmp/again.nae || fail "nae encode"
inside nae-thumbnailer -s 128 /tmp/again.nae /tmp/thumbnail.png || fail "nae-thumbnailer"
case $(inside sh -c 'cat /usr/lib/*/gdk-pixbuf-2.0/*/loaders.cache') in *image/x-nae*) ;; *) fail "gdk-pixbuf does not know NAE" ;; esac
case $(inside grep nae /usr/share/mime/globs2) in *image/x-nae:*) ;; *) fail "the MIME database does not know NAE" ;; esac

step "removed without a trace"
inside apt-get purge -y -qq "${others[@]}" >/dev/null 2>&1 || fail "purging"
knows_nae && fail "GDAL still knows NAE"
left=$(find "$root/usr" "$root/etc" "$root/var" -path "$root/var/cache" -prune -o -path "$root/var/lib/apt" -prune -o \
    \( -name '*nae-*' -o -name 'nae' -o -name '*libnae*' -o -name '*gdal_NAE*' \) -print | grep -v sources.list.d || true)
[ -z "$left" ] || fail "left behind: $left"
step "passed: $(ls "$packages" | wc -l) packages, $(comm -13 <(echo "$before") <(installed | sort) | wc -l) packages of others still there"
