#!/usr/bin/python3
"""How long a viewer takes to open a large picture, and a file manager to show a small one.

    ./dev bench desktop [PICTURE…]     default: the project's own picture, many times over

A mosaic of twelve megapixels (--megapixels) is written as .nae, as WebP of the same size and as JPEG XL (-d 1.5), and
opened in turn by QImageReader with the plugins that Qt viewers use, each time in a process of its own (bench/qt_open.cpp).
Thumbnails by nae-thumbnailer, each to a new file. Prints the tables of docs/desktop.md.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import metrics
import rd
import speed

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "release"


def run(words, environment=None):
    """Runs a program; what it printed."""
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout


def opened(path):
    """What one opening takes: (milliseconds by the clock, of processor, peak memory in MB)."""
    environment = dict(os.environ, QT_PLUGIN_PATH=str(BUILD / "qt5plugins"))
    return tuple(float(word) for word in run([BUILD / "bench" / "qt5_open", path], environment).split()[-3:])


def thumbnail(path, target):
    """(milliseconds by the clock, of processor) of the whole command."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run(["nae-thumbnailer", "-s", 256, path, target])
    end, after = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1e3 * (end - start), 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def summary(values, form):
    return f"{form % statistics.median(values)} ({form % min(values)}–{form % max(values)})"


def viewer_table(files, rounds):
    found = {name: [] for name in files}
    for _ in range(rounds):
        for name, path in files.items():
            found[name].append(opened(path))
    lines = ["| | file | by the clock, ms | of processor, ms | peak memory |", "| --- | --- | --- | --- | --- |"]
    for name, path in files.items():
        clock, processor, memory = zip(*found[name])
        lines.append(f"| {name} | {path.stat().st_size / 1e6:.2f} MB | {summary(clock, '%.0f')} | {summary(processor, '%.0f')} | "
                     f"{statistics.median(memory):.0f} MB |")
    return lines


def thumbnail_table(files, rounds, folder):
    found = {name: [] for name in files}
    for number in range(rounds):
        for name, path in files.items():
            found[name].append(thumbnail(path, folder / f"{number}-{path.stem}.png"))
    lines = ["| `nae-thumbnailer -s 256` | by the clock, ms | of processor, ms |", "| --- | --- | --- |"]
    for name in files:
        clock, processor = zip(*found[name])
        lines.append(f"| {name} | {summary(clock, '%.1f')} | {summary(processor, '%.1f')} |")
    return lines


def main():
    parser = argparse.ArgumentParser(prog="./dev bench desktop", description=__doc__.split("\n\n")[0])
    parser.add_argument("pictures", nargs="*", type=Path, default=[ROOT / "testdata" / "scene.png"])
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    originals = [rd.read_pixels(p) for p in arguments.pictures]
    pixels = speed.mosaic(originals, arguments.megapixels)
    with tempfile.TemporaryDirectory(prefix="nae-desktop-") as name:
        folder = Path(name)
        source, small = folder / "mosaic.ppm", folder / "small.ppm"
        speed.write_ppm(pixels, source)
        speed.write_ppm(originals[0], small)
        nae, webp, jxl, little = (folder / n for n in ("mosaic.nae", "mosaic.webp", "mosaic.jxl", "small.nae"))
        rd.command("gdal_translate", "-q", "-co", "QUALITY=75", source, nae)
        rd.command("gdal_translate", "-q", "-co", "QUALITY=75", small, little)
        rd.command("cwebp", "-quiet", "-size", nae.stat().st_size, "-pass", 6, source, "-o", webp)
        rd.command("cjxl", source, jxl, "-d", "1.5", "--quiet")
        size = f"{pixels.shape[2]} × {pixels.shape[1]}"
        print(f"{size} pixels, {arguments.rounds} rounds in turn: median (range)\n")
        print("\n".join(viewer_table({".nae, `QUALITY=75`": nae, "WebP of the same size": webp, "JPEG XL, `-d 1.5`": jxl},
                                     arguments.rounds)))
        back = folder / "back.ppm"
        for path, words in ((nae, ["gdal_translate", "-q", "-of", "PNM", nae, back]),
                            (webp, ["dwebp", "-quiet", "-ppm", webp, "-o", back]), (jxl, ["djxl", jxl, back, "--quiet"])):
            rd.command(*words)
            print(f"\n{path.suffix}: {metrics.psnr(pixels, rd.read_pixels(back)):.2f} dB", end="")
        height, width = originals[0].shape[1:]
        print("\n\n" + "\n".join(thumbnail_table({f"{size}, with preview": nae, f"{width} × {height}, without": little},
                                                 3 * arguments.rounds, folder)))
    print(f"\nload average now {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:  # a tool failed; its own words say more than our stack
        sys.exit(f"bench desktop: {error}")
