#!/usr/bin/python3
"""Decoding time of NAE beside JPEG 2000 (OpenJPEG) on files of the same number of bytes, two threads each.

    ./dev bench speed [PICTURE…]

For each picture a .nae file is written by gdal_translate, and opj_compress is asked for a file of the same size. Then,
in turn, so that whatever else the machine does hits all of them alike:
  commands    gdal_translate FILE.nae OUT.ppm, opj_decompress -i FILE.jp2 -o OUT.ppm, gdal_translate FILE.jp2 OUT.ppm
  in process  GDAL opens the file and reads all pixels, for both formats, drivers loaded and models in memory
Medians over the rounds, and NAE's as a multiple of JPEG 2000's. Where a command's time is far above the in-process time,
it is the program's start that is measured.
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = 2
os.environ["GDAL_NUM_THREADS"] = str(THREADS)
os.environ["GDAL_PAM_ENABLED"] = "NO"

from osgeo import gdal  # noqa: E402  (reads the environment when it loads)

gdal.UseExceptions()


def run(*words):
    """Seconds the command took."""
    start = time.perf_counter()
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return seconds


def read_in_process(path):
    start = time.perf_counter()
    gdal.Open(str(path)).ReadRaster()
    return time.perf_counter() - start


def write_jpeg2000(picture, target, wanted_bytes):
    """opj_compress takes a compression ratio; the headers make the size differ a little, so the ratio is corrected."""
    dataset = gdal.Open(str(picture))
    raw = dataset.RasterXSize * dataset.RasterYSize * dataset.RasterCount
    ratio = raw / wanted_bytes
    for _ in range(4):
        run("opj_compress", "-i", picture, "-o", target, "-r", f"{ratio:.4f}")
        size = target.stat().st_size
        if abs(size - wanted_bytes) <= 0.01 * wanted_bytes:
            break
        ratio *= size / wanted_bytes
    return size


def measure(picture, folder, rounds, quality):
    nae, jp2, out = folder / "a.nae", folder / "a.jp2", folder / "out.ppm"
    run("gdal_translate", "-q", "-of", "NAE", "-co", f"QUALITY={quality}", picture, nae)
    write_jpeg2000(picture, jp2, nae.stat().st_size)
    ways = {
        "nae command": lambda: run("gdal_translate", "-q", "-of", "PNM", nae, out),
        "opj_decompress command": lambda: run("opj_decompress", "-quiet", "-threads", THREADS, "-i", jp2, "-o", out),
        "jp2 command": lambda: run("gdal_translate", "-q", "-of", "PNM", jp2, out),
        "nae in process": lambda: read_in_process(nae),
        "jp2 in process": lambda: read_in_process(jp2),
    }
    times = {name: [] for name in ways}
    for round_number in range(rounds + 1):
        for name, work in ways.items():
            seconds = work()
            if round_number > 0:  # the first round fills the caches
                times[name].append(seconds)
    dataset = gdal.Open(str(picture))
    row = {"picture": Path(picture).name, "megapixels": dataset.RasterXSize * dataset.RasterYSize / 1e6,
           "nae_bytes": nae.stat().st_size, "jp2_bytes": jp2.stat().st_size}
    row.update({name.replace(" ", "_") + "_s": statistics.median(values) for name, values in times.items()})
    row["command_ratio"] = row["nae_command_s"] / row["opj_decompress_command_s"]
    row["gdal_command_ratio"] = row["nae_command_s"] / row["jp2_command_s"]
    row["in_process_ratio"] = row["nae_in_process_s"] / row["jp2_in_process_s"]
    return row


def main():
    root = Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(prog="./dev bench speed", description=__doc__.split("\n\n")[0])
    parser.add_argument("pictures", nargs="*", type=Path, default=[root / "testdata" / "scene.png"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--quality", type=float, default=50, help="NAE's QUALITY")
    parser.add_argument("--out", type=Path, default=root / "build" / "bench" / "speed.csv")
    arguments = parser.parse_args()

    rows = []
    with tempfile.TemporaryDirectory(prefix="nae-speed-") as folder:
        for picture in arguments.pictures:
            rows.append(measure(picture, Path(folder), arguments.rounds, arguments.quality))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with open(arguments.out, "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    print(f"Milliseconds, {THREADS} threads, median of {arguments.rounds} rounds in turn; load average now "
          f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    head = ("picture", "MP", "bytes nae/jp2", "nae cmd", "opj cmd", "jp2 cmd", "ratio", "nae proc", "jp2 proc", "ratio")
    print("{:20} {:>6} {:>16} {:>8} {:>8} {:>8} {:>6} {:>9} {:>9} {:>6}".format(*head))
    for r in rows:
        print(f"{r['picture'][:20]:20} {r['megapixels']:6.2f} {r['nae_bytes']:>8}/{r['jp2_bytes']:<7} "
              f"{1e3 * r['nae_command_s']:8.1f} {1e3 * r['opj_decompress_command_s']:8.1f} "
              f"{1e3 * r['jp2_command_s']:8.1f} {r['command_ratio']:6.2f} {1e3 * r['nae_in_process_s']:9.2f} "
              f"{1e3 * r['jp2_in_process_s']:9.2f} {r['in_process_ratio']:6.2f}")
    for key in ("command_ratio", "in_process_ratio"):
        print(f"median {key.replace('_', ' ')}: {statistics.median(r[key] for r in rows):.2f}")
    print(f"CSV: {arguments.out}")


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:  # a tool failed; its own words say more than our stack
        sys.exit(f"bench speed: {error}")
