#!/usr/bin/python3
"""Decoding time of NAE beside JPEG, JPEG 2000, WebP, AVIF and JPEG XL, on files of the same PSNR.

    ./dev bench speed [PICTURE…] [--sizes 1,12,100] [--psnr 33]

Each picture, and for --sizes a mosaic of them of so many megapixels, is coded by every codec at the setting whose PSNR is
nearest to --psnr. Then, in turn, so that whatever else the machine does hits all of them alike, with one thread and two:
  command     the codec's own program writes the pixels to a file (NAE: gdal_translate; gdal-jp2: the same on the
              JPEG 2000 file); its wall time, processor time and peak memory as the system accounts them
  in process  GDAL opens the file and reads all pixels, drivers loaded and models in memory (JPEG XL has no driver in
              every GDAL: djxl's own figure then, without writing)
  writing     the command that made the file, one thread ("nae-effort1": the quickest way NAE has)
  writing in process
              NAE's driver copies a picture in memory to a file in memory, drivers loaded; for JPEG XL cjxl's own figure,
              which leaves out reading the picture and writing the file
Medians over the rounds, and each as a multiple of JPEG 2000's with as many threads. "nae-avx2" is NAE held back to AVX2.
"""

import argparse
import csv
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["GDAL_PAM_ENABLED"] = "NO"

import numpy as np  # noqa: E402
from osgeo import gdal  # noqa: E402  (reads the environment when it loads)

import metrics  # noqa: E402
import rd  # noqa: E402

gdal.UseExceptions()
THREADS = (1, 2)
REFERENCE = "jpeg2000"


class Codec:
    """How to write a file at a setting, and the words of the command that decodes one.

    settings   from coarse to fine
    encode     (source, target, setting)
    decode     (coded file, output file, threads) -> words
    creation   (setting) -> creation options, for a codec that is written through its driver
    """

    def __init__(self, ending, output, settings, encode, decode, gdal_driver=None, environment=None, creation=None):
        self.ending, self.output, self.settings, self.creation = ending, output, settings, creation
        self.encode, self.decode, self.gdal_driver = encode, decode, gdal_driver
        self.environment = environment or {}


def translate(coded, output, threads):
    return ["gdal_translate", "-q", "-of", "PNM", coded, output]


def codecs():
    # Without the overviews that large pictures have by default: no other codec's file has any here.
    def nae_encode(*options):
        words = [word for option in options for word in ("-co", option)]
        return lambda s, t, q: rd.command("gdal_translate", "-q", "-of", "NAE", "-co", f"QUALITY={q}", *words, s, t)

    plain, fast = ("OVERVIEWS=NONE",), ("OVERVIEWS=NONE", "EFFORT=1")
    nae = Codec("nae", "ppm", list(range(1, 101)), nae_encode(*plain), translate, "NAE",
                creation=lambda q: [f"QUALITY={q}", *plain])
    table = {
        "nae": nae,
        "nae-avx2": Codec(nae.ending, nae.output, nae.settings, nae.encode, nae.decode, "NAE", {"NAE_ENGINE": "avx2"}),
        "nae-effort1": Codec(nae.ending, nae.output, nae.settings, nae_encode(*fast), translate, "NAE",
                             creation=lambda q: [f"QUALITY={q}", *fast]),
        "jpeg": Codec("jpg", "ppm", list(range(5, 98)), rd.jpeg_encode,
                      lambda s, t, n: ["djpeg", "-outfile", t, s], "JPEG"),
        "jpeg2000": Codec("jp2", "ppm", [r / 2 for r in range(20, 60)][::-1] + [10, 9, 8, 7, 6],
                          lambda s, t, r: rd.command("opj_compress", "-i", s, "-o", t, "-r", r, "-I"),
                          lambda s, t, n: ["opj_decompress", "-quiet", "-threads", n, "-i", s, "-o", t], "JP2OpenJPEG"),
        "gdal-jp2": Codec("jp2", "ppm", None, None, translate),
        "webp": Codec("webp", "ppm", list(range(1, 100)), rd.webp_encode,
                      lambda s, t, n: ["dwebp", "-quiet", "-ppm", *(["-mt"] if n > 1 else []), s, "-o", t], "WEBP"),
        # avifdec has no quick uncompressed RGB output: y4m leaves it the conversion from YCbCr.
        "avif": Codec("avif", "y4m", list(range(4, 61))[::-1],
                      lambda s, t, q: rd.avif_encode(s.with_suffix(".png"), t, q),  # it does not read PPM
                      lambda s, t, n: ["avifdec", "--jobs", n, s, t], "HEIF"),
        "jpegxl": Codec("jxl", "ppm", list(range(10, 98)), rd.jpegxl_encode,
                        lambda s, t, n: ["djxl", s, t, "--quiet", f"--num_threads={n}"], "JPEGXL"),
    }
    return table


def psnr_of(codec, original, coded):
    """PSNR of what the codec's own program decodes."""
    back = coded.with_suffix(".back.png" if codec.output == "y4m" else ".back." + codec.output)
    rd.command(*codec.decode(coded, back, 1))
    value = metrics.psnr(original, rd.read_pixels(back))
    back.unlink()
    return value


def nearest_setting(codec, source, original, wanted, folder):
    """The setting whose PSNR is nearest, by bisection: PSNR rises with the setting."""
    tried = {}

    def psnr(index):
        if index not in tried:
            coded = folder / f"search.{codec.ending}"
            codec.encode(source, coded, codec.settings[index])
            tried[index] = psnr_of(codec, original, coded)
        return tried[index]

    low, high = 0, len(codec.settings) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if psnr(middle) < wanted else (low, middle)
    best = min((low, high), key=lambda i: abs(psnr(i) - wanted))
    return codec.settings[best]


def run(words, threads, environment):
    """Wall seconds, processor seconds and peak KiB of a command."""
    environment = dict(os.environ, GDAL_NUM_THREADS=str(threads), **environment)
    start = time.perf_counter()
    # time(1) is the parent, since the system counts a parent's memory as the child's until it executes the program.
    with tempfile.NamedTemporaryFile("r") as peak:
        words = ["/usr/bin/time", "-q", "-f", "%M", "-o", peak.name, *map(str, words)]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment) as process:
            complaints = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}\n{complaints.decode(errors='replace')}")
        return seconds, usage.ru_utime + usage.ru_stime, int(peak.read())


def read_in_process(codec, coded, threads):
    """Wall and processor seconds, or nothing where this process cannot read the format."""
    if codec.gdal_driver and gdal.GetDriverByName(codec.gdal_driver):
        gdal.SetConfigOption("GDAL_NUM_THREADS", str(threads))
        os.environ.pop("NAE_ENGINE", None)
        os.environ.update(codec.environment)
        wall, processor = time.perf_counter(), time.process_time()
        try:
            gdal.OpenEx(str(coded), allowed_drivers=[codec.gdal_driver]).ReadRaster()
        except RuntimeError:
            return None  # HEIF reads AVIF only where libheif was built for it
        finally:
            os.environ.pop("NAE_ENGINE", None)
        return time.perf_counter() - wall, time.process_time() - processor
    if codec.ending == "jxl":
        said = subprocess.run(["djxl", coded, "--disable_output", "--num_reps=3", f"--num_threads={threads}"],
                              capture_output=True, text=True).stderr
        found = re.search(r"(\d+) x (\d+), .*?([\d.]+) MP/s", said)
        if found:
            return int(found[1]) * int(found[2]) / 1e6 / float(found[3]), None
    return None


def write_in_process(codec, source, setting, threads):
    """Wall seconds, or nothing where this process cannot write the format."""
    if codec.creation is not None:
        memory = gdal.GetDriverByName("MEM").CreateCopy("", gdal.Open(str(source)))
        options = [*codec.creation(setting), f"NUM_THREADS={threads}"]
        start = time.perf_counter()
        gdal.GetDriverByName(codec.gdal_driver).CreateCopy("/vsimem/written", memory, options=options)
        seconds = time.perf_counter() - start
        gdal.Unlink("/vsimem/written")
        return seconds
    if codec.ending == "jxl":
        # 0 threads: none besides the main one.
        said = subprocess.run(["cjxl", "-e", "7", f"--num_threads={threads if threads > 1 else 0}", "-q", str(setting), source,
                               source.with_suffix(".written.jxl")], capture_output=True, text=True).stderr
        found = re.search(r"(\d+) x (\d+), ([\d.]+) MP/s", said)
        if found:
            return int(found[1]) * int(found[2]) / 1e6 / float(found[3])
    return None


def mosaic(pictures, megapixels):
    """The pictures side by side and below each other, every second one mirrored, cut to about 3:2."""
    height = int((megapixels * 1e6 / 1.5) ** 0.5)
    width = int(height * 1.5)
    rows, filled, number = [], 0, 0
    while filled < height:
        row, across = [], 0
        tile_height = min(p.shape[1] for p in pictures)
        while across < width:
            tile = pictures[number % len(pictures)][:, :tile_height]
            row.append(tile[:, :, ::-1] if number % 2 else tile)
            across += tile.shape[2]
            number += 1
        rows.append(np.concatenate(row, axis=2)[:, :, :width])
        filled += tile_height
    return np.concatenate(rows, axis=1)[:, :height]


def write_ppm(pixels, path):
    with open(path, "wb") as out:
        out.write(b"P6\n%d %d\n255\n" % (pixels.shape[2], pixels.shape[1]))
        out.write(np.ascontiguousarray(pixels.transpose(1, 2, 0)).astype(np.uint8).tobytes())


def measure(name, pixels, arguments, folder, settings):
    """Rows of the CSV for one picture; fills `settings`, or uses them where they are given."""
    source = folder / "source.ppm"
    write_ppm(pixels, source)
    if "avif" in arguments.codecs:
        rd.command("gdal_translate", "-q", "-of", "PNG", source, source.with_suffix(".png"))
    megapixels = pixels.shape[1] * pixels.shape[2] / 1e6
    table = {n: c for n, c in codecs().items() if n in arguments.codecs}
    files, psnr = {}, {}
    for n, codec in table.items():
        files[n] = folder / f"{'jpeg2000' if n == 'gdal-jp2' else 'nae' if n == 'nae-avx2' else n}.{codec.ending}"
        if codec.encode is None or n == "nae-avx2":
            continue
        if n not in settings:
            settings[n] = nearest_setting(codec, source, pixels, arguments.psnr, folder)
        codec.encode(source, files[n], settings[n])
        psnr[n] = psnr_of(codec, pixels, files[n])
    times = {(n, threads): [] for n in table for threads in THREADS}
    large = megapixels > 50  # rounds take minutes, and the first one is no different from the others
    rounds = 2 if large else max(3, int(arguments.rounds / max(1, megapixels / 2)))
    writing = {n: [] for n in psnr}
    for _ in range(1 if large else min(rounds, 3)):
        for n, found in writing.items():
            start = time.perf_counter()
            table[n].encode(source, folder / f"written.{table[n].ending}", settings[n])
            found.append(time.perf_counter() - start)
    writing_inside = {(n, threads): [] for n in writing for threads in THREADS}
    for number in range(1 if large else min(rounds, 5) + 1):
        for (n, threads), found in writing_inside.items():
            seconds = write_in_process(table[n], source, settings[n], threads)
            if (large or number > 0) and seconds:
                found.append(seconds)
    insides = {key: [] for key in times}
    for number in range(rounds + 1):
        for (n, threads), found in times.items():
            codec = table[n]
            command = run(codec.decode(files[n], folder / f"out.{codec.output}", threads), threads, codec.environment)
            if number > 0:  # the first round fills the caches
                found.append(command)
    for number in range(rounds + 1 if large else 2 * rounds + 1):
        for (n, threads), found in insides.items():
            inside = read_in_process(table[n], files[n], threads)
            if number > 0 and inside:
                found.append(inside)
    for (n, threads), found in times.items():
        twin = "jpeg2000" if n == "gdal-jp2" else "nae" if n == "nae-avx2" else n
        inside = insides[n, threads]
        row = {"picture": name, "megapixels": round(megapixels, 3), "codec": n, "threads": threads,
               "setting": settings.get(twin), "bytes": files[n].stat().st_size, "psnr_db": round(psnr.get(twin, 0), 3),
               "command_s": statistics.median(c[0] for c in found),
               "command_cpu_s": statistics.median(c[1] for c in found),
               "write_s": min(writing[n]) if n in writing else None,
               "write_in_process_s": statistics.median(writing_inside[n, threads])
               if writing_inside.get((n, threads)) else None,
               "peak_mib": statistics.median(c[2] for c in found) / 1024,
               "in_process_s": statistics.median(i[0] for i in inside) if inside else None,
               "in_process_cpu_s": statistics.median(i[1] for i in inside) if inside and inside[0][1] else None}
        yield row


def tables(rows):
    """Markdown: for each group of pictures of one size, a line for each codec and number of threads."""
    lines = []
    for group in dict.fromkeys(r["group"] for r in rows):
        of_group = [r for r in rows if r["group"] == group]
        reference = {(r["picture"], r["threads"]): r for r in of_group if r["codec"] == REFERENCE}
        lines += [f"### {group}", "",
                  "| codec | threads | bytes | PSNR | in process, ms | × | of processor | command, ms | × | peak MiB "
                  "| writing, ms | in process, ms |", "| --- " * 12 + "|"]

        def ratio(picked, key):
            pairs = [(r[key], reference.get((r["picture"], r["threads"]), {}).get(key)) for r in picked]
            found = [a / b for a, b in pairs if a and b]
            return f"{statistics.median(found):.2f}" if found else ""

        def middle(picked, key, scale, form):
            found = [r[key] * scale for r in picked if r[key] is not None]
            return format(statistics.median(found), form) if found else ""

        for codec, threads in dict.fromkeys((r["codec"], r["threads"]) for r in of_group):
            picked = [r for r in of_group if (r["codec"], r["threads"]) == (codec, threads)]
            cells = [codec, threads, middle(picked, "bytes", 1, ".0f"), middle(picked, "psnr_db", 1, ".2f"),
                     middle(picked, "in_process_s", 1e3, ".1f"), ratio(picked, "in_process_s"),
                     middle(picked, "in_process_cpu_s", 1e3, ".1f"), middle(picked, "command_s", 1e3, ".1f"),
                     ratio(picked, "command_s"), middle(picked, "peak_mib", 1, ".0f"),
                     middle(picked, "write_s", 1e3, ".0f") if threads == 1 else "",
                     middle(picked, "write_in_process_s", 1e3, ".0f")]
            lines.append("| " + " | ".join(map(str, cells)) + " |")
        lines.append("")
    return "\n".join(lines)


def plot(rows, path):
    """Megapixels a second over the picture's size, two threads."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("svg")
    import matplotlib.pyplot as pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for codec in dict.fromkeys(r["codec"] for r in rows if r["codec"] != "nae-effort1"):  # differs in writing only
        points = {}
        for r in rows:
            if r["codec"] == codec and r["threads"] == 2 and r["in_process_s"]:
                points.setdefault(r["megapixels"], []).append(r["megapixels"] / r["in_process_s"])
        if points:
            sizes = sorted(points)
            axes.plot(sizes, [statistics.median(points[s]) for s in sizes], marker="o", label=codec,
                      linewidth=2.5 if codec == "nae" else 1.2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.set_xlabel("megapixels of the picture")
    axes.set_ylabel("megapixels a second, two threads")
    axes.grid(True, which="both", alpha=0.25)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path)
    return True


def main():
    root = Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(prog="./dev bench speed", description=__doc__.split("\n\n")[0])
    parser.add_argument("pictures", nargs="*", type=Path, default=[root / "testdata" / "scene.png"])
    parser.add_argument("--sizes", default="", help="megapixels of mosaics to measure besides, separated by commas")
    parser.add_argument("--codecs", default=",".join(codecs()), help="default: %(default)s")
    parser.add_argument("--psnr", type=float, default=33, help="decibels that all files are to have")
    parser.add_argument("--rounds", type=int, default=15, help="fewer for large pictures, at least 3; 2 above 50 megapixels")
    parser.add_argument("--out", type=Path, default=root / "build" / "bench" / "speed", help="folder of the results")
    arguments = parser.parse_args()
    arguments.codecs = arguments.codecs.split(",")
    originals = [rd.read_pixels(p) for p in arguments.pictures]
    originals = [np.repeat(p, 3, axis=0) if len(p) == 1 else p for p in originals]

    rows = []
    with tempfile.TemporaryDirectory(prefix="nae-speed-") as folder:
        for path, pixels in zip(arguments.pictures, originals):
            group = f"{pixels.shape[2]}×{pixels.shape[1]}"
            rows += [dict(row, group=group) for row in measure(path.name, pixels, arguments, Path(folder), {})]
        settings = {}  # found on the first mosaic, good for all: they show the same
        for size in [float(s) for s in arguments.sizes.split(",") if s]:
            pixels = mosaic(originals, size)
            group = f"{size:g} megapixels, a mosaic"
            rows += [dict(row, group=group) for row in measure(group, pixels, arguments, Path(folder), settings)]
    arguments.out.mkdir(parents=True, exist_ok=True)
    with open(arguments.out / "speed.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    text = tables(rows)
    (arguments.out / "speed.md").write_text(text)
    print(text)
    print(f"Medians of rounds in turn; × is the multiple of JPEG 2000's time; load average now {os.getloadavg()[0]:.1f} "
          f"on {os.cpu_count()} processors")
    drawn = ", speed.svg" if plot(rows, arguments.out / "speed.svg") else ""
    print(f"{arguments.out}: speed.csv, speed.md{drawn}")


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:  # a tool failed; its own words say more than our stack
        sys.exit(f"bench speed: {error}")
