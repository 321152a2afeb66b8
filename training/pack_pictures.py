#!/usr/bin/env python3
"""What `nae-train pack` does, for a machine that has Python with Pillow instead of GDAL.

    training/pack_pictures.py FOLDER... -o pictures.pack

The layout is that of packed_pictures.h, the pictures held out are the same; reduced copies differ by rounding.
"""
import argparse
import concurrent.futures
import os
import struct
import sys

from PIL import Image

EXTENSIONS = {".jpg", ".jpeg", ".png", ".webp", ".tif"}
VALIDATION, LOSSLESS, GRAY = 1, 2, 4
SCALES = (1.0, 1.0 / 1.4, 0.5)
SMALLEST = 256


def name_hash(name):
    """FNV-1a, 32 bits."""
    h = 2166136261
    for byte in name.encode():
        h = (h ^ byte) * 16777619 & 0xFFFFFFFF
    return h


def copies_of(path, validation_every):
    """[(width, height, flags, level, pixels)] of a picture."""
    with Image.open(path) as picture:
        if picture.mode not in ("L", "RGB", "RGBA"):
            print(f"skipped {path}: {picture.mode}", file=sys.stderr)
            return []
        flags = 0
        if validation_every > 0 and name_hash(os.path.basename(path)) % validation_every == 0:
            flags |= VALIDATION
        if not path.endswith((".jpg", ".jpeg")):
            flags |= LOSSLESS
        if picture.mode == "L":
            flags |= GRAY
        rgb = picture.convert("RGB")
    out = []
    for level, scale in enumerate(SCALES):
        size = int(rgb.width * scale), int(rgb.height * scale)
        if min(size) < SMALLEST:
            continue
        reduced = rgb if level == 0 else rgb.resize(size, Image.Resampling.BICUBIC)
        out.append((*size, flags, level, reduced.tobytes()))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("-o", "--out", required=True)
    parser.add_argument("--validation-every", type=int, default=20)
    args = parser.parse_args()
    files = sorted(
        os.path.join(root, name)
        for folder in args.folders
        for root, _, names in os.walk(folder)
        for name in names
        if os.path.splitext(name)[1].lower() in EXTENSIONS
    )
    if not files:
        sys.exit("no pictures found")
    with concurrent.futures.ProcessPoolExecutor() as pool:
        pictures = pool.map(copies_of, files, [args.validation_every] * len(files), chunksize=4)
        entries = [copy for copies in pictures for copy in copies]
    with open(args.out + ".part", "wb") as out:
        out.write(b"NAEPACK1" + struct.pack("<II", len(entries), 0))
        offset = 16 + 24 * len(entries)
        for width, height, flags, level, pixels in entries:
            out.write(struct.pack("<IIIIQ", width, height, flags, level, offset))
            offset += len(pixels)
        for entry in entries:
            out.write(entry[4])
    os.replace(args.out + ".part", args.out)
    print(f"{len(files)} files, {len(entries)} entries, {offset / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
