#!/usr/bin/python3
"""Rate and distortion of NAE beside JPEG and others, over a folder of pictures, with files on disk and real tools.

    ./dev bench rd [FOLDER]            NAE and JPEG
    ./dev bench rd FOLDER --codecs nae,jpeg,jpeg2000,webp,avif,jpegxl

For each picture and setting: the file's bytes (headers included) and PSNR, SSIM and MS-SSIM of what the tool decodes from
it (metrics.py). The curve of a codec is the mean bpp and mean PSNR over all pictures, one point for each setting.
BD-rates: bd_rate.py, JPEG as the anchor, over the shared PSNR range and over 32.5-36.5 dB, and over MS-SSIM in decibels.
NAE's size and PSNR must grow with QUALITY, picture by picture; the exit status says whether they do. Beside the CSV files
the output folder receives the tables as Markdown and the curves as SVG (rd_report.py).
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from osgeo import gdal

import metrics
import rd_report

gdal.UseExceptions()
PICTURES = (".png", ".tif", ".tiff", ".ppm", ".pgm", ".bmp")


def command(*words, threads=1):
    """Runs a tool; its complaints become ours."""
    environment = dict(os.environ, GDAL_NUM_THREADS=str(threads), OMP_NUM_THREADS=str(threads), GDAL_PAM_ENABLED="NO")
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")


def read_pixels(path):
    dataset = gdal.Open(str(path))
    if dataset.RasterCount not in (1, 3, 4):
        raise RuntimeError(f"{path}: {dataset.RasterCount} bands")
    pixels = dataset.ReadAsArray().astype(np.int32)
    return pixels[:3] if pixels.ndim == 3 else pixels[None]


def pixels_alone(source, target):
    """A copy of the picture beside `target` without its comments: NAE keeps them, the others drop them."""
    pixels = read_pixels(source)
    copy = Path(target).with_name("pixels.ppm" if len(pixels) == 3 else "pixels.pgm")
    with open(copy, "wb") as out:
        out.write(b"P%d\n%d %d\n255\n" % (6 if len(pixels) == 3 else 5, pixels.shape[2], pixels.shape[1]))
        out.write(np.ascontiguousarray(pixels.transpose(1, 2, 0)).astype(np.uint8).tobytes())
    return copy


# ---- codecs: how to write and read a file at a setting --------------------------------------------------------------
def nae_codec(effort, *options):
    def encode(source, target, quality):
        command("gdal_translate", "-q", "-of", "NAE", "-co", f"QUALITY={quality}", "-co", f"EFFORT={effort}",
                *(word for option in options for word in ("-co", option)), pixels_alone(source, target), target)

    return encode, gdal_decode


def jpeg_encode(source, target, quality):
    # libjpeg-turbo through GDAL: 4:2:0, optimised Huffman tables (the driver always makes them).
    command("gdal_translate", "-q", "-of", "JPEG", "-co", f"QUALITY={quality}", pixels_alone(source, target), target)


def gdal_decode(source, target):
    command("gdal_translate", "-q", source, target)


def jpeg2000_encode(source, target, ratio):
    # OpenJPEG 2.5's program takes the samples of some PNG for others: 13 dB at every ratio.
    command("opj_compress", "-i", pixels_alone(source, target), "-o", target, "-r", ratio, "-I")


def webp_encode(source, target, quality):
    command("cwebp", "-quiet", "-m", "6", "-q", quality, source, "-o", target)


def avif_encode(source, target, quantiser):
    command("avifenc", "--yuv", "444", "--speed", "6", "--jobs", "1", "--min", quantiser, "--max", quantiser, source,
            target)


def jpegxl_encode(source, target, quality):
    command("cjxl", source, target, "-q", quality, "-e", "7", "--quiet", "--num_threads=0")


# name: (ending of the coded file, ending of the decoded one, encode, decode, settings from coarse to fine, tools needed)
def codec_table(efforts, nae_qualities):
    table = {}
    for base, options in (("nae", []), ("nae-ssim", ["TUNE=SSIM"]), ("nae-plus", ["MODEL=photo-plus"])):
        for effort in efforts:
            name = base if len(efforts) == 1 else f"{base}-effort{effort}"
            table[name] = ("nae", "tif", *nae_codec(effort, *options), nae_qualities, ["gdal_translate"])
    table["jpeg"] = ("jpg", "tif", jpeg_encode, gdal_decode, [10, 15, 20, 25, 30, 40, 50, 60, 70, 75, 80, 85, 90, 95],
                     ["gdal_translate"])
    table["jpeg2000"] = ("jp2", "ppm", jpeg2000_encode, lambda s, t: command("opj_decompress", "-i", s, "-o", t),
                         [200, 120, 80, 60, 45, 35, 28, 22, 17, 13, 10, 8, 6], ["opj_compress", "opj_decompress"])
    table["webp"] = ("webp", "png", webp_encode, lambda s, t: command("dwebp", "-quiet", s, "-o", t),
                     [1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99], ["cwebp", "dwebp"])
    table["avif"] = ("avif", "png", avif_encode, lambda s, t: command("avifdec", "--jobs", "1", s, t),
                     [60, 55, 50, 45, 40, 35, 30, 25, 20, 15, 10, 6], ["avifenc", "avifdec"])
    table["jpegxl"] = ("jxl", "png", jpegxl_encode, lambda s, t: command("djxl", s, t, "--quiet"),
                       [10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 94, 97], ["cjxl", "djxl"])
    return table


def measure(picture, name, setting, codec):
    """One row of the CSV. In a process of its own."""
    ending, back_ending, encode, decode, _, _ = codec
    with tempfile.TemporaryDirectory(prefix="nae-rd-") as folder:
        coded, back = Path(folder) / f"a.{ending}", Path(folder) / f"back.{back_ending}"
        start = time.perf_counter()
        encode(picture, coded, setting)
        encoded = time.perf_counter()
        decode(coded, back)
        decoded = time.perf_counter()
        original = read_pixels(picture)
        pixels = read_pixels(back)
        if pixels.shape != original.shape:  # some tools write a gray picture as RGB
            pixels = pixels[:1] if original.shape[0] == 1 else np.repeat(pixels, 3, axis=0)
        size = coded.stat().st_size
        return {"codec": name, "picture": Path(picture).name, "setting": setting, "bytes": size,
                "bpp": 8 * size / (original.shape[1] * original.shape[2]), "psnr_db": metrics.psnr(original, pixels),
                "ssim": metrics.ssim(original, pixels), "ms_ssim": metrics.ms_ssim(original, pixels),
                "write_seconds": encoded - start, "read_seconds": decoded - encoded}


_CODECS = {}  # set before the pool forks: functions travel to the workers that way


def measure_by_name(job):
    picture, name, setting = job
    return measure(picture, name, setting, _CODECS[name])


def breaches_of_monotony(rows, settings):
    """Pictures and settings at which a finer quality gives a smaller file or a lower PSNR."""
    found = []
    for picture in sorted({row["picture"] for row in rows}):
        by_setting = {row["setting"]: row for row in rows if row["picture"] == picture}
        for coarse, fine in zip(settings, settings[1:]):
            a, b = by_setting[coarse], by_setting[fine]
            for key in ("bytes", "psnr_db"):
                if b[key] < a[key]:
                    found.append(f"{picture}: {key} falls from {a[key]:.6g} at {coarse} to {b[key]:.6g} at {fine}")
    return found


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench rd", description=__doc__.split("\n\n")[0])
    root = Path(__file__).resolve().parents[1]
    parser.add_argument("folder", nargs="?", type=Path, default=root / "testdata", help="pictures (default: testdata)")
    parser.add_argument("--codecs", default="nae,jpeg", help="of nae, nae-ssim (TUNE=SSIM), nae-plus (MODEL=photo-plus), jpeg, jpeg2000, webp, avif, jpegxl")
    parser.add_argument("--efforts", default="", help="NAE's EFFORT, several separated by commas; default: the driver's")
    parser.add_argument("--qualities", default="1,10,20,30,40,50,60,70,80,90,95,100", help="NAE's QUALITY, rising")
    parser.add_argument("--with", type=Path, dest="earlier", metavar="CSV",
                        help="files.csv of an earlier run on the same pictures: its other codecs join in")
    parser.add_argument("--published", type=Path, help="JSON {codec: [[bpp, dB, …], …]} to compare with")
    parser.add_argument("--show", help="only these curves of that file, separated by commas")
    parser.add_argument("--title", help="of the plot; default: the folder's name")
    parser.add_argument("--out", type=Path, default=root / "build" / "bench" / "rd", help="folder for the CSV files")
    parser.add_argument("--jobs", type=int, default=2, help="pictures at a time")
    parser.add_argument("--limit", type=int, help="only the first so many pictures")
    arguments = parser.parse_args()
    arguments.title = arguments.title or arguments.folder.resolve().name
    return arguments


def main():
    arguments = parse_arguments()
    pictures = sorted(p for p in arguments.folder.iterdir() if p.suffix.lower() in PICTURES)[:arguments.limit]
    if not pictures:
        sys.exit(f"{arguments.folder}: no pictures")
    others = published(arguments.published, arguments.show)
    qualities = [float(q) if "." in q else int(q) for q in arguments.qualities.split(",")]
    wants_nae = any(name.startswith("nae") for name in arguments.codecs.split(","))
    efforts = [int(e) for e in arguments.efforts.split(",") if e] or [default_effort() if wants_nae else 1]
    table = codec_table(efforts, qualities)
    wanted = []
    for name in arguments.codecs.split(","):
        names = [n for n in table if n == name or n.startswith(name + "-effort")]
        if not names:
            sys.exit(f"no codec called {name}; there are {', '.join(table)}")
        for n in names:
            missing = [tool for tool in table[n][5] if not shutil.which(tool)]
            if missing:
                print(f"{n}: left out, {', '.join(missing)} not installed", file=sys.stderr)
            else:
                wanted.append(n)
    _CODECS.update({name: table[name] for name in wanted})
    jobs = [(str(p), name, setting) for p in pictures for name in wanted for setting in table[name][4]]
    print(f"{len(pictures)} pictures, {len(jobs)} files", file=sys.stderr)

    rows = []
    with ProcessPoolExecutor(max_workers=arguments.jobs) as pool:
        for row in pool.map(measure_by_name, jobs):
            rows.append(row)
            if sys.stderr.isatty():
                print(f"\r{len(rows)}/{len(jobs)}", end="", file=sys.stderr)
    arguments.out.mkdir(parents=True, exist_ok=True)
    with open(arguments.out / "files.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    settings = {name: table[name][4] for name in wanted}
    for row in earlier_rows(arguments.earlier, {p.name for p in pictures}):
        if row["codec"] not in wanted:
            rows.append(row)
            settings.setdefault(row["codec"], [])
            if row["setting"] not in settings[row["codec"]]:
                settings[row["codec"]].append(row["setting"])
    report = rd_report.Report(rows, settings)
    report.write_curves(arguments.out / "curves.csv")
    text = report.tables(others)
    print(text)
    (arguments.out / "tables.md").write_text(text)
    plotted = report.plot(arguments.out / "curves.svg", others, arguments.title)
    status = 0
    for name in wanted:
        if name.startswith("nae"):
            found = breaches_of_monotony([r for r in rows if r["codec"] == name], table[name][4])
            print(f"{name}: size and PSNR grow with QUALITY on every picture" if not found else "\n".join(found))
            status = status or int(bool(found))
    print(f"In {arguments.out}: files.csv, curves.csv, tables.md{', curves.svg' if plotted else ''}")
    return status


def earlier_rows(file, pictures):
    """Rows of another run's files.csv, numbers as numbers."""
    if file is None:
        return
    with open(file, newline="") as lines:
        for row in csv.DictReader(lines):
            if row["picture"] in pictures:
                text = {key: row[key] for key in ("codec", "picture", "setting")}
                yield {key: text.get(key) or float(value) for key, value in row.items()}


def published(file, names):
    """Curves of others: {codec: [(bpp, PSNR in dB, MS-SSIM or None), ...]}."""
    if file is None:
        return {}
    curves = {name: [tuple(p) for p in points] for name, points in json.loads(file.read_text()).items()}
    wanted = names.split(",") if names else list(curves)
    unknown = [name for name in wanted if name not in curves]
    if unknown:
        sys.exit(f"{file}: no curve called {', '.join(unknown)}; there are {', '.join(curves)}")
    return {name: curves[name] for name in wanted}


def default_effort():
    """What the driver takes when no EFFORT is given, read from its own option list."""
    driver = gdal.GetDriverByName("NAE")
    if driver is None:
        sys.exit("GDAL does not know NAE; GDAL_DRIVER_PATH must name the folder of gdal_NAE.so (see ./dev env)")
    options = driver.GetMetadataItem("DMD_CREATIONOPTIONLIST") or ""
    after = options.partition("'EFFORT'")[2] or options.partition('"EFFORT"')[2]
    default = after.partition("/>")[0].partition("default=")[2][1:2]
    return int(default) if default.isdigit() else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as error:  # a tool failed; its own words say more than our stack
        sys.exit(f"bench rd: {error}")
