"""Reading NAE files, by themselves: threads, windows, memory, start-up.

    ./dev bench reading [PICTURE…] [--sizes 1,12,100]

threads   each picture, and mosaics of them of so many megapixels, opened and read five times in a row with one thread and five
          times with two, in turn, into memory that is there: how much faster two are, without the first of each row; that first
          read by itself, when the other processor has slept meanwhile; and how much more two processes of one thread each
          read, side by side, than one: what the machine gives when nothing waits for anything
windows   random windows of 256 x 256 pixels of a mosaic, the file opened anew for each, in turn with reads of the whole: how
          many times the window's share of the whole's time one takes
memory    peak of a process that reads the largest mosaic tile by tile, and of one that reads it at once, beyond what
          the process has before and, in the second, its output
start     gdal_translate of 512 x 512 pixels out of a .nae and out of a PNG, in turn, commands of their own
Medians; of windows, which differ, the mean.
"""

import argparse
import csv
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["GDAL_PAM_ENABLED"] = "NO"

import numpy as np  # noqa: E402
from osgeo import gdal  # noqa: E402  (reads the environment when it loads)

import rd  # noqa: E402
import speed  # noqa: E402

gdal.UseExceptions()
WINDOW = 256
TILE = 512
# A process of its own says how far its memory rose: how = "tiles" or "whole". NumPy, which GDAL loads with the first array, is
# there before.
READER = """
import sys
import numpy
from osgeo import gdal
gdal.UseExceptions()
name, how, threads, side = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
data = gdal.OpenEx(name, open_options=["NUM_THREADS=" + threads])
before = peak()
if how == "tiles":
    for y in range(0, data.RasterYSize, side):
        for x in range(0, data.RasterXSize, side):
            data.ReadAsArray(x, y, min(side, data.RasterXSize - x), min(side, data.RasterYSize - y))
else:
    before += data.ReadAsArray().nbytes // 1024
print(peak(), peak() - before)
"""

# Reads a file again and again, all at once with others where they are told to: "ready", a line, the median of the seconds.
SIDE_BY_SIDE = """
import statistics, sys, time
import numpy
from osgeo import gdal
gdal.UseExceptions()
name, count = sys.argv[1], int(sys.argv[2])
def opened():
    return gdal.OpenEx(name, allowed_drivers=["NAE"], open_options=["NUM_THREADS=1"])
pixels = numpy.zeros((3, opened().RasterYSize, opened().RasterXSize), numpy.uint8)
found = []
for number in range(count + 1):
    if number == 1:
        print("ready", flush=True)
        sys.stdin.readline()
    start = time.perf_counter()
    opened().ReadAsArray(buf_obj=pixels)
    found.append(time.perf_counter() - start)
print(statistics.median(found[1:]))
"""


def opened(path, threads):
    return gdal.OpenEx(str(path), allowed_drivers=["NAE"], open_options=[f"NUM_THREADS={threads}"])


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(works, rounds):
    """What each of some works returns, one list for each, one after another in every round; the first round does not count."""
    found = [[] for _ in works]
    for number in range(rounds + 1):
        for work, results in zip(works, found):
            result = work()
            if number > 0:
                results.append(result)
    return found


def write(pixels, path, arguments, options=()):
    """The picture as .nae, bands of 8 bits."""
    memory = gdal.GetDriverByName("MEM").Create("", pixels.shape[2], pixels.shape[1], 3)
    memory.WriteArray(np.ascontiguousarray(pixels, dtype=np.uint8))
    gdal.GetDriverByName("NAE").CreateCopy(
        str(path), memory, options=[f"QUALITY={arguments.quality}", f"EFFORT={arguments.effort}", *options])


def side_by_side(path, processes, count):
    """Seconds of one of `count` reads by each of so many processes, the mean of their medians."""
    readers = [subprocess.Popen([sys.executable, "-c", SIDE_BY_SIDE, str(path), str(count)], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    for reader in readers:
        if reader.stdout.readline() != "ready\n":
            raise RuntimeError(f"reading {path} in a process of its own failed")
    for reader in readers:
        reader.stdin.write("\n")
        reader.stdin.flush()
    return statistics.mean(float(reader.communicate()[0]) for reader in readers)


def measure_threads(name, path, rounds):
    data = opened(path, 1)
    pixels = np.zeros((3, data.RasterYSize, data.RasterXSize), np.uint8)  # its pages are given out by the first round
    data = None

    def row(threads):
        return [seconds(lambda: opened(path, threads).ReadAsArray(buf_obj=pixels)) for _ in range(5)]

    rows = in_turn([lambda n=n: row(n) for n in (1, 2)], max(3, rounds // 4))
    first = [[one_row[0] for one_row in of_threads] for of_threads in rows]
    one, two = ([t for one_row in of_threads for t in one_row[1:]] for of_threads in rows)
    count = max(5, int(1 / statistics.median(one)))  # about a second
    apart = statistics.median(2 * side_by_side(path, 1, count) / side_by_side(path, 2, count) for _ in range(3))
    return {"what": "threads", "picture": name, "megapixels": round(pixels[0].size / 1e6, 2),
            "one_ms": statistics.median(one) * 1e3, "two_ms": statistics.median(two) * 1e3,
            "ratio": statistics.median(one) / statistics.median(two),
            "first_ratio": statistics.median(first[0]) / statistics.median(first[1]), "apart": apart}


def measure_windows(name, path, rounds, chance):
    data = opened(path, 1)
    width, height = data.RasterXSize, data.RasterYSize
    data = None
    pixels = np.zeros((3, height, width), np.uint8)
    out = np.zeros((3, WINDOW, WINDOW), np.uint8)
    rows = []
    for threads in (1, 2):
        def window():
            x, y = chance.randrange(width - WINDOW + 1), chance.randrange(height - WINDOW + 1)
            opened(path, threads).ReadAsArray(x, y, WINDOW, WINDOW, buf_obj=out)

        whole, windows = [], []
        for _ in range(rounds):
            whole.append(seconds(lambda: opened(path, threads).ReadAsArray(buf_obj=pixels)))
            windows += [seconds(window) for _ in range(20)]
        share = statistics.median(whole) * WINDOW * WINDOW / (width * height)
        rows.append({"what": "windows", "picture": name, "megapixels": round(width * height / 1e6, 2), "threads": threads,
                     "whole_ms": statistics.median(whole) * 1e3, "window_ms": statistics.mean(windows) * 1e3,
                     "ratio": statistics.mean(windows) / share})
    return rows


def measure_memory(name, path):
    rows = []
    for how in ("tiles", "whole"):
        for threads in (1, 2):
            reader = subprocess.run([sys.executable, "-c", READER, str(path), how, str(threads), str(TILE)],
                                    capture_output=True, text=True)
            if reader.returncode != 0:
                raise RuntimeError(f"reading {path}\n{reader.stderr}")
            said = reader.stdout.split()
            rows.append({"what": "memory", "picture": f"{name}, {how}", "threads": threads, "peak_mib": int(said[0]) / 1024,
                         "beyond_mib": int(said[1]) / 1024})
    return rows


def measure_start(pixels, folder, arguments):
    nae, png = folder / "start.nae", folder / "start.png"
    write(pixels[:, :512, :512], nae, arguments)
    rd.command("gdal_translate", "-q", "-of", "PNG", nae, png)
    works = [lambda p=p: seconds(lambda: rd.command("gdal_translate", "-q", "-of", "PNM", p, folder / "start.ppm"))
             for p in (nae, png)]
    ours, theirs = in_turn(works, arguments.rounds * 2)
    return {"what": "start", "picture": "512×512", "png_ms": statistics.median(theirs) * 1e3,
            "nae_ms": statistics.median(ours) * 1e3,
            "difference_ms": statistics.median(a - b for a, b in zip(ours, theirs)) * 1e3}


def table(rows, what, heads, cells):
    picked = [r for r in rows if r["what"] == what]
    if not picked:
        return []
    return ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|",
            *("| " + " | ".join(map(str, cells(r))) + " |" for r in picked), ""]


def tables(rows):
    lines = table(rows, "threads", ("picture", "1 thread, ms", "2, ms", "times as fast", "first of a row", "two processes"),
                  lambda r: (r["picture"], f"{r['one_ms']:.1f}", f"{r['two_ms']:.1f}", f"{r['ratio']:.2f}",
                             f"{r['first_ratio']:.2f}", f"{r['apart']:.2f}"))
    lines += table(rows, "windows", ("picture", "threads", "whole, ms", "window, ms", "times its share"),
                   lambda r: (r["picture"], r["threads"], f"{r['whole_ms']:.0f}", f"{r['window_ms']:.2f}", f"{r['ratio']:.2f}"))
    lines += table(rows, "memory", ("read", "threads", "peak, MiB", "beyond what was there and the output, MiB"),
                   lambda r: (r["picture"], r["threads"], f"{r['peak_mib']:.0f}", f"{r['beyond_mib']:.0f}"))
    lines += table(rows, "start", ("gdal_translate of", ".nae, ms", "PNG, ms", "difference"),
                   lambda r: (r["picture"], f"{r['nae_ms']:.0f}", f"{r['png_ms']:.0f}", f"{r['difference_ms']:+.1f}"))
    return "\n".join(lines)


def main():
    root = Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(prog="./dev bench reading", description=__doc__.split("\n\n")[0])
    parser.add_argument("pictures", nargs="*", type=Path, default=[root / "testdata" / "scene.png"])
    parser.add_argument("--sizes", default="1,12", help="megapixels of mosaics, separated by commas; default %(default)s")
    parser.add_argument("--quality", type=float, default=42, help="default %(default)s, some 33 dB")
    parser.add_argument("--effort", type=int, default=1, help="default %(default)s: it does not change reading")
    parser.add_argument("--rounds", type=int, default=20, help="fewer for large pictures, at least 5; default %(default)s")
    parser.add_argument("--out", type=Path, default=root / "build" / "bench" / "reading", help="folder of the results")
    arguments = parser.parse_args()
    originals = [rd.read_pixels(p) for p in arguments.pictures]
    originals = [np.repeat(p, 3, axis=0) if len(p) == 1 else p for p in originals]
    sizes = sorted(float(s) for s in arguments.sizes.split(",") if s)

    rows = []
    with tempfile.TemporaryDirectory(prefix="nae-reading-") as name:
        folder = Path(name)
        path = folder / "picture.nae"
        for picture, pixels in zip(arguments.pictures, originals):
            write(pixels, path, arguments)
            rows.append(measure_threads(picture.name, path, arguments.rounds))
        for size in sizes:
            write(speed.mosaic(originals, size), path, arguments)
            rows.append(measure_threads(f"{size:g} megapixels", path, max(5, int(arguments.rounds / max(1, size / 2)))))
        if sizes:  # the file of the largest one is still there
            rows += measure_memory(f"{sizes[-1]:g} megapixels", path)
        square = speed.mosaic(originals, 26)[:, :4096, :4096]
        for options in ([], [f"BLOCKSIZE={WINDOW}"]):
            write(square, path, arguments, options)
            rows += measure_windows(" ".join(["4096×4096", *options]), path, 5, random.Random(1))
        rows.append(measure_start(square, folder, arguments))
    arguments.out.mkdir(parents=True, exist_ok=True)
    with open(arguments.out / "reading.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)
    text = tables(rows)
    (arguments.out / "reading.md").write_text(text)
    print(text)
    print(f"{arguments.out}: reading.csv, reading.md; load average now {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:  # a tool failed; its own words say more than our stack
        sys.exit(f"bench reading: {error}")
