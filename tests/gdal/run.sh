#!/bin/sh
# Runs a command in an empty folder of its own that goes away with it, with NAE_PRELOAD loaded first (CMake
# sets it for builds with a sanitizer; a shell would stumble over LD_PRELOAD itself).
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
if [ -n "$NAE_PRELOAD" ]; then
    LD_PRELOAD="$NAE_PRELOAD" "$@"
else
    "$@"
fi
