#!/usr/bin/python3
"""The tables of docs/studies.md from stored weights: two studies' systems beside JPEG, deflate, PNG and this codec.

    ./dev bench studies --mnist FOLDER --pictures FOLDER [--digits N] [--crops N] [--models FOLDER] [-o FOLDER] [--update]

Every system writes real .nae files through the GDAL driver and reads them back. Study 1: MNIST's test digits, each a file.
Study 2: crops of 128x128 pixels, cut from each picture of the folder at evenly spread places. The output folder receives
study1.csv and study2.csv (the tables), pictures.csv (a row for each crop and system), curves.csv, the curves and histograms as SVG and
tables.md; --update also puts the tables into docs/studies.md, between its marks.
"""

import argparse
import csv
import gzip
import os
import struct
import time
import zlib
from pathlib import Path

import numpy as np
from osgeo import gdal

import metrics

gdal.UseExceptions()
gdal.SetConfigOption("GDAL_PAM_ENABLED", "NO")
ROOT = Path(__file__).resolve().parents[1]
SIDE = 128
RAW = SIDE * SIDE * 3
LOWEST = 10  # quality that GDAL's JPEG driver takes

# What the studies report.
THEIRS_1 = {"mnist-ae": (0.0027, 25.71), "mnist-vae": (0.0138, 18.59)}
THEIRS_2 = {"ae-3": "0.97, 27.09 dB, 1.11", "ae-5": "0.93, 25.78 dB, 1.18", "ae-7": "0.85", "ae-10": "0.80"}
LEVELS_2 = {"ae-3": 0.97, "ae-5": 0.93, "ae-7": 0.85, "ae-10": 0.80}


# ---- files in memory -------------------------------------------------------------------------------------------------
def dataset_of(pixels):
    bands, height, width = pixels.shape
    made = gdal.GetDriverByName("MEM").Create("", width, height, bands)
    for b in range(bands):
        made.GetRasterBand(b + 1).WriteArray(pixels[b])
    if bands == 3:
        for b, colour in enumerate((gdal.GCI_RedBand, gdal.GCI_GreenBand, gdal.GCI_BlueBand)):
            made.GetRasterBand(b + 1).SetColorInterpretation(colour)
    else:
        made.GetRasterBand(1).SetColorInterpretation(gdal.GCI_GrayIndex)
    return made


def file_bytes(path):
    size = gdal.VSIStatL(path).size
    handle = gdal.VSIFOpenL(path, "rb")
    data = bytes(gdal.VSIFReadL(1, size, handle))
    gdal.VSIFCloseL(handle)
    return data


def nae_payload(data):
    """Bytes of TDAT: what the picture's symbols take, without header, index and checksums."""
    at = 8
    while at < len(data):
        kind, length = data[at:at + 4], struct.unpack_from("<Q", data, at + 4)[0]
        if kind == b"TDAT":
            return length
        at += 16 + length
    raise RuntimeError("no TDAT")


def jpeg_payload(data):
    """Bytes of the scan: what the coefficients take, without tables and headers."""
    at = 2
    while data[at + 1] != 0xDA:
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return len(data) - (at + 2 + struct.unpack_from(">H", data, at + 2)[0]) - 2


def code(pixels, driver, options, payload):
    """(pixels read back, bytes of the file, bytes without headers, seconds to write, seconds to read)"""
    path = "/vsimem/studies." + driver.lower()
    source = dataset_of(pixels)
    start = time.perf_counter()
    gdal.GetDriverByName(driver).CreateCopy(path, source, options=options)
    written = time.perf_counter()
    data = file_bytes(path)
    opening = time.perf_counter()
    back = gdal.Open(path).ReadAsArray()
    read = time.perf_counter()
    gdal.Unlink(path)
    return back.reshape(pixels.shape), len(data), payload(data), written - start, read - opening


def nae(model, label=None, quality=None):
    options = [f"MODEL={model}", "NUM_THREADS=1"]
    if label is not None:
        options.append(f"LABEL={label}")
    if quality is not None:
        options.append(f"QUALITY={quality}")
    return lambda pixels: code(pixels, "NAE", options, nae_payload)


def jpeg(quality):
    return lambda pixels: code(pixels, "JPEG", [f"QUALITY={quality}"], jpeg_payload)


# ---- study 1 ---------------------------------------------------------------------------------------------------------
def read_idx(folder, name):
    for path, opener in ((Path(folder) / name, open), (Path(folder) / (name + ".gz"), gzip.open)):
        if path.exists():
            with opener(path, "rb") as file:
                data = file.read()
            dimensions = struct.unpack_from(f">{data[3]}I", data, 4)
            return np.frombuffer(data, np.uint8, offset=4 + 4 * len(dimensions)).reshape(dimensions)
    raise SystemExit(f"{folder}: neither {name} nor {name}.gz is there")


def row_1(name, system, coder, digits, labels, theirs=None):
    squares, sizes, payloads = [], [], []
    for digit, label in zip(digits, labels):
        back, size, payload, _, _ = coder(label)(digit[None])
        squares.append(np.mean(((back[0].astype(np.float64) - digit) / 255) ** 2))
        sizes.append(8 * size)
        payloads.append(8 * payload)
    mse = float(np.mean(squares))
    row = {"system": name, "digits": len(digits), "MSE": mse, "PSNR, dB": 10 * np.log10(1 / mse) if mse > 0 else float("inf"),
           "bits, coded data": float(np.mean(payloads)), "bits, whole file": float(np.mean(sizes)),
           "theirs, MSE": theirs[0] if theirs else None, "theirs, PSNR": theirs[1] if theirs else None}
    print(f"  {system}: MSE {mse:.5f}, {row['PSNR, dB']:.2f} dB, {row['bits, coded data']:.0f} bits", flush=True)
    return row


def study_1(arguments, models):
    digits = read_idx(arguments.mnist, "t10k-images-idx3-ubyte")[:arguments.digits]
    labels = read_idx(arguments.mnist, "t10k-labels-idx1-ubyte")[:arguments.digits]
    print(f"study 1: {len(digits)} test digits")
    rows = []
    titles = {"mnist-ae": "autoencoder", "mnist-vae": "variational autoencoder", "mnist-cvae": "conditional VAE, given the label"}
    for name, title in titles.items():
        if name in models:
            coder = (lambda label, m=models[name]: nae(m, label)) if name == "mnist-cvae" else (lambda _, m=models[name]: nae(m))
            rows.append(row_1(title, name, coder, digits, labels, THEIRS_1.get(name)))
    few = digits[:1000]
    for quality in (10, 25, 50, 75, 95):
        rows.append(row_1(f"JPEG, Q{quality}", f"JPEG {quality}", lambda _, q=quality: jpeg(q), few, labels))

    def exactly(name, size_of):
        bits = float(np.mean([8 * size_of(d) for d in few]))
        return {"system": name, "digits": len(few), "MSE": 0.0, "PSNR, dB": None, "bits, coded data": bits, "bits, whole file": bits}

    def deflated(digit):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return len(packer.compress(digit.tobytes()) + packer.flush())

    rows.append(exactly("deflate (as in ZIP), without loss", deflated))
    rows.append(exactly("PNG, without loss", lambda d: code(d[None], "PNG", ["ZLEVEL=9"], len)[1]))
    return rows


# ---- study 2 ---------------------------------------------------------------------------------------------------------
def crops_of(folder, most):
    paths = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in (".png", ".tif", ".tiff", ".ppm", ".jpg", ".jpeg"))
    if not paths:
        raise SystemExit(f"{folder}: there are no pictures in it")
    each, crops = max(1, most // len(paths)), []
    for path in paths:
        pixels = gdal.Open(str(path)).ReadAsArray()
        pixels = pixels[:3] if pixels.ndim == 3 and len(pixels) >= 3 else np.repeat(pixels.reshape(-1, *pixels.shape[-2:])[:1], 3, axis=0)
        across, down = pixels.shape[2] // SIDE, pixels.shape[1] // SIDE
        take = min(each, across * down)
        for k in range(take):
            at = (2 * k + 1) * across * down // (2 * take)
            y, x = at // across * SIDE, at % across * SIDE
            crops.append((f"{path.name} {x},{y}", np.ascontiguousarray(pixels[:, y:y + SIDE, x:x + SIDE])))
    return crops


class Measured:
    """A system over all crops; the rows of pictures.csv."""

    def __init__(self, name, coder, crops):
        self.name, self.rows = name, []
        coder(crops[0][1])  # the first call loads networks and libraries
        for crop, pixels in crops:
            back, size, payload, write, read = coder(pixels)
            self.rows.append({"system": name, "picture": crop, "ssim": metrics.ssim(pixels, back), "psnr": metrics.psnr(pixels, back),
                              "bytes": size, "coded_bytes": payload, "write_seconds": write, "read_seconds": read})

    def mean(self, key):
        return float(np.mean([row[key] for row in self.rows]))

    @property
    def ssim(self):
        return self.mean("ssim")

    def ratio(self, key="bytes"):
        return RAW / self.mean(key)


class Curve:
    """A codec with a quality; measures what is asked for, once."""

    def __init__(self, name, coder, crops):
        self.name, self.coder, self.crops, self.at = name, coder, crops, {}

    def __call__(self, quality):
        if quality not in self.at:
            self.at[quality] = Measured(f"{self.name} {quality}", self.coder(quality), self.crops)
        return self.at[quality]

    def reaching(self, ssim):
        """The lowest whole quality whose mean SSIM is at least this; None if there is none."""
        low, high = LOWEST, 100
        if self(high).ssim < ssim:
            return None
        while low < high:
            middle = (low + high) // 2
            if self(middle).ssim >= ssim:
                high = middle
            else:
                low = middle + 1
        return low


def vgg_weights(models):
    """A sentence about the perceptual term's weight in the stored autoencoders' losses."""
    shares = set()
    for path in sorted(models.glob("results/ae-*/settings.txt")):
        shares |= {float(line.split("=")[1]) for line in path.read_text().splitlines() if line.startswith("perceptual =")}
    if shares == {0.0}:
        return "The autoencoders were trained without VGG16's term (b = 0)."
    return "VGG16's term in the autoencoders' losses: b = " + ", ".join(f"{share:g}" for share in sorted(shares)) + "."


def row_2(measured, jpeg_curve, photo_curve, theirs=""):
    row = {"system": measured.name, "SSIM": measured.ssim, "PSNR, dB": measured.mean("psnr"), "ratio": measured.ratio(),
           "ratio, coded data": measured.ratio("coded_bytes"), "write, ms": 1000 * measured.mean("write_seconds"),
           "read, ms": 1000 * measured.mean("read_seconds")}
    for name, curve in (("JPEG", jpeg_curve), ("photo", photo_curve)):
        quality = curve.reaching(measured.ssim) if curve else None
        at = curve(quality) if quality is not None else None
        row[f"{name} at this SSIM: Q"] = quality
        row[f"{name}: PSNR, dB"] = at.mean("psnr") if at else None
        row[f"{name}: ratio"] = at.ratio() if at else None
        row[f"{name}: ratio, coded data"] = at.ratio("coded_bytes") if at else None
    row["theirs: SSIM, PSNR, ratio"] = theirs
    both = row["JPEG: ratio"]
    row["beats JPEG"] = "" if both is None else (
        "yes" if row["ratio"] > both and row["ratio, coded data"] > row["JPEG: ratio, coded data"]
        else "no" if row["ratio"] <= both and row["ratio, coded data"] <= row["JPEG: ratio, coded data"]
        else "whole file only" if row["ratio"] > both else "coded data only")
    print(f"  {measured.name}: SSIM {row['SSIM']:.4f}, ratio {row['ratio']:.2f}; JPEG {both or float('nan'):.2f}", flush=True)
    # What is to be compared stands side by side.
    first = ["system", "SSIM", "PSNR, dB", "ratio", "JPEG: ratio", "beats JPEG", "theirs: SSIM, PSNR, ratio"]
    return {key: row[key] for key in first + [key for key in row if key not in first]}


def study_2(arguments, models):
    crops = crops_of(arguments.pictures, arguments.crops)
    print(f"study 2: {len(crops)} crops of {SIDE}x{SIDE} pixels")
    jpeg_curve = Curve("JPEG", jpeg, crops)
    photo_curve = Curve("photo", lambda q: nae(models["photo"], quality=q), crops)
    systems = [Measured(name, nae(models[name]), crops)
               for name in ("ae-3", "ae-5", "ae-7", "ae-10", "factorized-1", "factorized-2", "factorized-3") if name in models]
    rows = [row_2(s, jpeg_curve, photo_curve, THEIRS_2.get(s.name, "")) for s in systems]
    # This codec at the studies' own levels.
    for level in sorted(set(LEVELS_2.values()), reverse=True):
        quality = photo_curve.reaching(level)
        if quality is not None:
            measured = photo_curve(quality)
            measured.name = f"photo, QUALITY {quality}"
            rows.append(row_2(measured, jpeg_curve, None))
    grid = [LOWEST, 20, 30, 45, 60, 75, 85, 92]
    curves = {"JPEG": [jpeg_curve(q) for q in grid], "photo": [photo_curve(q) for q in grid]}
    return crops, systems, curves, rows


# ---- output ----------------------------------------------------------------------------------------------------------
def shown(key, value):
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        return value
    if key.endswith("MSE"):
        return f"{value:.4f}"
    if "SSIM" in key and "Q" not in key:
        return f"{value:.3f}"
    if "bits" in key or key.endswith("Q") or key == "digits":
        return f"{value:.0f}"
    return f"{value:.1f}" if "ms" in key else f"{value:.2f}"


def markdown(rows):
    keys = list(rows[0])
    lines = ["| " + " | ".join(keys) + " |", "| " + " | ".join(["---"] + ["---:"] * (len(keys) - 1)) + " |"]
    lines += ["| " + " | ".join(shown(k, row.get(k)) for k in keys) + " |" for row in rows]
    return "\n".join(lines)


def write_csv(path, rows):
    if not rows:
        return
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)


def draw(out, systems, curves):
    import matplotlib
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "nae"
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.2))
    for name, points in curves.items():
        axes[0].plot([8 * p.mean("bytes") / SIDE**2 for p in points], [p.ssim for p in points], "-", label=name + ", whole files")
        axes[1].plot([8 * p.mean("coded_bytes") / SIDE**2 for p in points], [p.ssim for p in points], "-", label=name + ", coded data")
    for s in systems:
        axes[0].plot([8 * s.mean("bytes") / SIDE**2], [s.ssim], "o", label=s.name)
        axes[1].plot([8 * s.mean("coded_bytes") / SIDE**2], [s.ssim], "o", label=s.name)
    for axis in axes:
        axis.set_xlabel("bits per pixel"), axis.set_ylabel("SSIM"), axis.grid(alpha=0.3), axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(out / "studies-rd.svg", metadata={"Date": None})
    colour = [s for s in systems if s.name.startswith("ae-")] or curves["photo"][2::3]
    figure, axes = pyplot.subplots(1, 3, figsize=(12, 3.4))
    for axis, (key, title) in zip(axes, (("ssim", "SSIM"), ("psnr", "PSNR, dB"), ("ratio", "compression ratio"))):
        for s in colour:
            values = [RAW / r["bytes"] if key == "ratio" else r[key] for r in s.rows]
            axis.hist(values, bins=20, histtype="step", label=s.name)
        axis.set_xlabel(title), axis.set_ylabel("crops"), axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(out / "studies-histograms.svg", metadata={"Date": None})


def update(document, marks):
    text = document.read_text(encoding="utf-8")
    for mark, body in marks.items():
        begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
        if begin not in text or end not in text:
            raise SystemExit(f"{document}: the marks of {mark} are missing")
        text = text[:text.index(begin) + len(begin)] + body + "\n" + text[text.index(end):]
    document.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", help="folder with MNIST's IDX files; without it study 1 is left out")
    parser.add_argument("--pictures", help="folder of test pictures; without it study 2 is left out")
    parser.add_argument("--digits", type=int, default=10000)
    parser.add_argument("--crops", type=int, default=96)
    parser.add_argument("--models", default=ROOT / "models/lab", type=Path, help="folder with the research models (NAME.nam)")
    parser.add_argument("-o", "--out", default="studies-out", type=Path)
    parser.add_argument("--update", action="store_true", help="put the tables into docs/studies.md, the curves into docs/images")
    arguments = parser.parse_args()
    if not arguments.mnist and not arguments.pictures:
        parser.error("name --mnist, --pictures or both")
    models = {p.stem: str(p.resolve()) for p in sorted(arguments.models.glob("*.nam"))}
    # Reading finds models by their ID, in the folders of this variable.
    gdal.SetConfigOption("NAE_MODEL_PATH", None)
    os.environ["NAE_MODEL_PATH"] = f"{arguments.models.resolve()}:{ROOT / 'models/photo'}"
    models["photo"] = str(ROOT / "models/photo/photo.nam")
    arguments.out.mkdir(parents=True, exist_ok=True)
    start, marks = time.perf_counter(), {}
    if arguments.mnist:
        rows = study_1(arguments, models)
        write_csv(arguments.out / "study1.csv", rows)
        marks["study 1"] = markdown(rows)
    if arguments.pictures:
        crops, systems, curves, rows = study_2(arguments, models)
        write_csv(arguments.out / "study2.csv", rows)
        write_csv(arguments.out / "pictures.csv", [r for s in systems for r in s.rows])
        marks["study 2"] = f"{len(crops)} crops. {vgg_weights(arguments.models)}\n\n{markdown(rows)}"
        points = [(s.name, s) for s in systems] + [(name, p) for name, all_points in curves.items() for p in all_points]
        write_csv(arguments.out / "curves.csv",
                  [{"system": name, "setting": p.name, "bpp": 8 * p.mean("bytes") / SIDE**2,
                    "bpp_coded": 8 * p.mean("coded_bytes") / SIDE**2, "psnr": p.mean("psnr"), "ssim": p.ssim} for name, p in points])
        draw(arguments.out, systems, curves)
    print(f"{time.perf_counter() - start:.0f} s")
    (arguments.out / "tables.md").write_text("\n\n".join(marks.values()) + "\n", encoding="utf-8")
    if arguments.update:
        update(ROOT / "docs/studies.md", marks)
        if arguments.pictures:
            for name in ("studies-rd.svg", "studies-histograms.svg"):
                (ROOT / "docs/images" / name).write_bytes((arguments.out / name).read_bytes())


if __name__ == "__main__":
    main()
