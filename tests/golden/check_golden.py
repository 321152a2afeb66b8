#!/usr/bin/env python3
"""The golden files: present, unchanged, and decoded to the pixels they have always had.

    check_golden.py files                         the files are those of the manifest, byte for byte
    check_golden.py decode PROGRAM… [--matrix]    golden_decode (with its emulator in front, if any) agrees with it
    check_golden.py reference [DECODER]           the Python decoder agrees with it
    check_golden.py manifest PROGRAM…             prints a new manifest; files already listed must not change

The manifest has a line for each file: SHA-256 of the file, SHA-256 of its pixels (every level: samples, then the mask),
CRC-32 of its latents, name.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "testdata" / "golden" / "v1"
MANIFEST = FOLDER / "MANIFEST"
# Files that carry no model are decoded with one of these.
MODEL_FOLDERS = (FOLDER, ROOT / "models" / "photo")
LEVELS_OFFSET = 8 + 12 + 14  # of the byte in a picture that says how many levels there are
LEVELS = ("scalar", "ssse3", "sse4", "avx2", "avx3", "avx3_dl", "other")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def manifest():
    entries = {}
    for line in MANIFEST.read_text().splitlines():
        file, pixels, latents, name = line.split()
        entries[name] = (file, pixels, latents)
    return entries


def golden_files():
    return sorted(path for path in FOLDER.iterdir() if path.suffix in (".nae", ".nam"))


def check_files():
    expected, found = manifest(), {path.name: sha256(path.read_bytes()) for path in golden_files()}
    bad = [f"{name}: missing" for name in expected if name not in found]
    bad += [f"{name}: not in the manifest" for name in found if name not in expected]
    bad += [f"{name}: changed" for name in found if name in expected and found[name] != expected[name][0]]
    print("\n".join(bad) or f"{len(found)} golden files, unchanged")
    return not bad


def decode(program, *options):
    """Name to (pixels, latents), or None where the machine lacks the level."""
    pictures = [str(path) for path in golden_files() if path.suffix == ".nae"]
    models = [argument for folder in MODEL_FOLDERS for argument in ("--models", str(folder))]
    done = subprocess.run([*program, *models, *options, *pictures], capture_output=True, text=True)
    if done.returncode == 77:
        return None
    if done.returncode != 0:
        sys.exit(f"{' '.join(program)} {' '.join(options)}: status {done.returncode}\n{done.stderr}")
    return {name: (pixels, latents) for name, pixels, latents in map(str.split, done.stdout.splitlines())}


def check_decode(program, matrix):
    expected = {name: entry[1:] for name, entry in manifest().items() if name.endswith(".nae")}
    runs = [("--level", level) for level in LEVELS]
    if matrix:
        runs += [("--threads", str(n)) for n in range(1, 17)]
        runs += [("--windows", str(seed), "--threads", str(1 + seed % 3)) for seed in range(1, 6)]
        runs += [("--level", "scalar", "--windows", "9", "--threads", "4")]
    else:
        runs += [("--threads", "2"), ("--threads", "7"), ("--windows", "1", "--threads", "2")]
    good = True
    for options in runs:
        sums = decode(program, *options)
        if sums is None:
            continue
        wrong = [name for name in expected if sums.get(name) != expected[name]]
        print(" ".join(options), "differs: " + ", ".join(wrong) if wrong else f"{len(sums)} pictures agree")
        good = good and not wrong
    return good


def reference_pixels(decoder, picture):
    """All levels, one after another, as golden_decode sums them; None where no model fits."""
    output = Path(tempfile.gettempdir()) / f"nae-golden-{os.getpid()}.raw"
    levels = picture.read_bytes()[LEVELS_OFFSET]
    models = [path for folder in MODEL_FOLDERS for path in sorted(folder.glob("*.nam"))]
    try:
        for model in models:
            pixels = b""
            for level in range(levels):
                done = subprocess.run([sys.executable, decoder, f"--level={level}", picture, output, model],
                                      capture_output=True, text=True)
                if done.returncode != 0 and "needs model" in done.stderr:
                    break
                if done.returncode != 0:
                    sys.exit(done.stderr)
                pixels += output.read_bytes()
            else:
                return pixels
    finally:
        output.unlink(missing_ok=True)
    return None


def check_reference(decoder):
    good = True
    for name, (_, pixels, _) in manifest().items():
        if not name.endswith(".nae"):
            continue
        decoded = reference_pixels(decoder, FOLDER / name)
        same = decoded is not None and sha256(decoded) == pixels
        print(name, "agrees" if same else "differs" if decoded is not None else "needs a model that is not here", flush=True)
        good = good and same
    return good


def print_manifest(program):
    old, sums = manifest() if MANIFEST.exists() else {}, decode(program)
    for path in golden_files():
        entry = (sha256(path.read_bytes()), *sums.get(path.name, ("-", "-")))
        if old.get(path.name, entry) != entry:
            sys.exit(f"{path.name}: golden files never change; give a new one a new name")
        print(*entry, path.name)
    return True


def main(arguments):
    if arguments == ["files"]:
        return check_files()
    if len(arguments) > 1 and arguments[0] == "decode":
        return check_decode([a for a in arguments[1:] if a != "--matrix"], "--matrix" in arguments)
    if arguments[:1] == ["reference"]:
        return check_reference(arguments[1] if len(arguments) > 1 else ROOT / "tests" / "reference" / "reference_decoder.py")
    if len(arguments) > 1 and arguments[0] == "manifest":
        return print_manifest(arguments[1:])
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
