"""What GDAL users wait for: converting a large picture, reading a window of it, and the same over HTTP.

NAE beside JPEG 2000 (JP2OpenJPEG, tiled) and JPEG (COG driver) in the same run. The picture is a mosaic that a VRT repeats
from one file. Every measurement is a process of its own, as a user's command is. Memory is the process's peak (VmHWM).
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile

from osgeo import gdal

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "gdal"))
from range_server import serve  # noqa: E402

gdal.UseExceptions()

# GDALCreateCopy() itself: the Python bindings pass only every hundredth on to a progress function.
CREATE_COPY = """
import ctypes, ctypes.util, json, re, sys, time
c = ctypes.CDLL(ctypes.util.find_library("gdal"))
for name in ("GDALOpen", "GDALGetDriverByName", "GDALCreateCopy", "CSLAddString", "CPLGetLastErrorMsg"):
    getattr(c, name).restype = ctypes.c_char_p if name.startswith("CPL") else ctypes.c_void_p
Answer = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_double, ctypes.c_char_p, ctypes.c_void_p)
def create_copy(driver, source, target, options, answer):
    c.GDALAllRegister()
    words = None
    for option in options:
        words = c.CSLAddString(ctypes.c_void_p(words), option.encode())
    made = c.GDALCreateCopy(ctypes.c_void_p(c.GDALGetDriverByName(driver.encode())), target.encode(),
                            ctypes.c_void_p(c.GDALOpen(source.encode(), 0)), 0, ctypes.c_void_p(words),
                            Answer(lambda done, message, data: answer(done)), None)
    if made:
        c.GDALClose(ctypes.c_void_p(made))
    return bool(made)
"""

CONVERT = CREATE_COPY + """
driver, source, target, options = json.loads(sys.argv[1])
gaps, last = [], [time.monotonic()]
def answer(done):
    now = time.monotonic()
    gaps.append(now - last[0])
    last[0] = now
    return 1
start, busy = time.monotonic(), time.process_time()
assert create_copy(driver, source, target, options, answer), c.CPLGetLastErrorMsg()
print(json.dumps({"seconds": time.monotonic() - start, "cpu": time.process_time() - busy, "gap": max(gaps), "calls": len(gaps),
                  "MB": int(re.search("VmHWM:\\\\s*(\\\\d+)", open("/proc/self/status").read())[1]) / 1024}))
"""

WINDOW = """
import json, re, sys, time
from osgeo import gdal
gdal.UseExceptions()
path, x, y = json.loads(sys.argv[1])
start = time.monotonic()
gdal.Open(path).ReadAsArray(x, y, 256, 256)
print(json.dumps({"seconds": time.monotonic() - start,
                  "MB": int(re.search("VmHWM:\\\\s*(\\\\d+)", open("/proc/self/status").read())[1]) / 1024}))
"""

CANCEL = CREATE_COPY + """
source, target, moment, options = json.loads(sys.argv[1])
c.CPLPushErrorHandler(ctypes.cast(c.CPLQuietErrorHandler, ctypes.c_void_p))
begun = time.monotonic()
busy, reached = [time.process_time()], [0.0]
def answer(done):
    reached[0] = done
    if time.monotonic() >= begun + moment:
        return 0
    busy[0] = time.process_time()
    return 1
assert not create_copy("NAE", source, target, options, answer), "it was done before"
print(json.dumps({"waited": time.monotonic() - begun - moment, "cpu": time.process_time() - busy[0], "done": reached[0],
                  "message": c.CPLGetLastErrorMsg().decode()}))
"""

ENVIRONMENT = {**os.environ, "GDAL_CACHEMAX": "256", "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
               "GDAL_NUM_THREADS": "ALL_CPUS", "GDAL_PAM_ENABLED": "NO"}


def run(code, *arguments):
    done = subprocess.run([sys.executable, "-c", code, json.dumps(arguments)], env=ENVIRONMENT, check=True,
                          stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def write_mosaic(path, picture, side):
    source = gdal.Open(picture)
    width, height = source.RasterXSize, source.RasterYSize
    bands = ""
    for band in (1, 2, 3):
        parts = "".join(
            f'<SimpleSource><SourceFilename>{os.path.abspath(picture)}</SourceFilename><SourceBand>{band}</SourceBand>'
            f'<SourceProperties RasterXSize="{width}" RasterYSize="{height}" DataType="Byte" BlockXSize="{width}" BlockYSize="1"/>'
            f'<SrcRect xOff="0" yOff="0" xSize="{min(width, side - x)}" ySize="{min(height, side - y)}"/>'
            f'<DstRect xOff="{x}" yOff="{y}" xSize="{min(width, side - x)}" ySize="{min(height, side - y)}"/></SimpleSource>'
            for y in range(0, side, height) for x in range(0, side, width))
        bands += f'<VRTRasterBand dataType="Byte" band="{band}">{parts}</VRTRasterBand>'
    with open(path, "w") as file:
        file.write(f'<VRTDataset rasterXSize="{side}" rasterYSize="{side}">{bands}</VRTDataset>')


def measure_cancelling(folder, vrt, side, moments):
    """How long a user who changes his mind waits, and what is left on the disk."""
    before = sorted(os.listdir(folder))
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {side} x {side} RGB\n")
    print("| cancelled after, s | done by then | until it returned, s | CPU since the last yes, s | files left |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    for moment in moments:
        took = run(CANCEL, vrt, os.path.join(folder, "cancelled.nae"), moment, ["OVERVIEWS=NONE"])
        left = sorted(set(os.listdir(folder)) - set(before))
        print(f"| {moment:g} | {100 * took['done']:.2f} % | {took['waited']:.2f} | {took['cpu']:.2f} | {len(left)} |",
              flush=True)
        if left or "cancelled" not in took["message"]:
            sys.exit(f"left: {left}; said: {took['message']}")
    print(f"\nload {os.getloadavg()[0]:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, prog="dev bench gdal",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=20000, help="pixels, both ways (20000)")
    parser.add_argument("--picture", default=os.path.join(ROOT, "testdata", "scene.png"), help="what the mosaic repeats")
    parser.add_argument("--windows", type=int, default=9, help="windows per format (9)")
    parser.add_argument("--folder", help="where to work; files found there are measured again, not made again")
    parser.add_argument("--cancel", metavar="SECONDS,…", help="instead: cancel NAE's conversion at these moments")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or temporary
        os.makedirs(folder, exist_ok=True)
        vrt = os.path.join(folder, "mosaic.vrt")
        # As a TIFF: decoding a PNG again for every tile of the mosaic is nobody's codec.
        part = os.path.join(folder, "part.tif")
        gdal.Translate(part, arguments.picture, format="GTiff", bandList=[1, 2, 3])
        write_mosaic(vrt, part, arguments.side)
        if arguments.cancel:
            moments = [float(text) for text in arguments.cancel.split(",")]
            return measure_cancelling(folder, vrt, arguments.side, moments)
        raw = 3 * arguments.side**2
        nae = os.path.join(folder, "mosaic.nae")
        overviews = "OVERVIEWS" in gdal.GetDriverByName("NAE").GetMetadataItem("DMD_CREATIONOPTIONLIST")
        formats = [("NAE", nae, ["OVERVIEWS=NONE"] if overviews else []),
                   ("JP2OpenJPEG", os.path.join(folder, "mosaic.jp2"), None),
                   ("COG", os.path.join(folder, "mosaic.tif"), ["COMPRESS=JPEG", "OVERVIEWS=NONE", "NUM_THREADS=ALL_CPUS"])]

        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {arguments.side} x {arguments.side} RGB\n")
        print("| | file, MB | conversion, s | CPU, s | memory, MB | longest wait between progress calls, s |")
        print("| --- | --- | --- | --- | --- | --- |", flush=True)
        for driver, path, options in formats:
            if os.path.exists(path):
                print(f"| {driver} | {os.path.getsize(path) / 1e6:.1f} | found there |", flush=True)
                continue
            if options is None:  # the size of the .nae file, in percent of the raw pixels
                options = [f"QUALITY={100 * os.path.getsize(nae) / raw:.4f}", "REVERSIBLE=NO", "RESOLUTIONS=5",
                           "BLOCKXSIZE=512", "BLOCKYSIZE=512"]
            took = run(CONVERT, driver, vrt, path, options)
            print(f"| {driver} | {os.path.getsize(path) / 1e6:.1f} | {took['seconds']:.0f} | {took['cpu']:.0f} | {took['MB']:.0f} | "
                  f"{took['gap']:.1f} |", flush=True)

        dice = random.Random(1)
        windows = [(dice.randrange(arguments.side - 256), dice.randrange(arguments.side - 256))
                   for _ in range(arguments.windows)]
        found = {driver: {"ms": [], "MB": [], "requests": [], "kB": []} for driver, _, _ in formats}
        with serve(folder) as (address, counter):
            for x, y in windows:  # in turns: a busy machine is busy for all
                for driver, path, _ in formats:
                    took = run(WINDOW, path, x, y)
                    found[driver]["ms"].append(1000 * took["seconds"])
                    found[driver]["MB"].append(took["MB"])
                    counter.take()
                    run(WINDOW, f"/vsicurl/{address}/{os.path.basename(path)}", x, y)
                    requests = counter.take()
                    found[driver]["requests"].append(len(requests))
                    found[driver]["kB"].append(sum(r[3] for r in requests) / 1000)
            print(f"\n256 x 256 window, median (range) of {len(windows)} random ones, a fresh process each:\n")
            print("| | ms | memory, MB | HTTP requests | kB | share of the file | `gdalinfo`: requests | kB |")
            print("| --- | --- | --- | --- | --- | --- | --- | --- |")
            for driver, path, _ in formats:
                counter.take()
                subprocess.run(["gdalinfo", f"/vsicurl/{address}/{os.path.basename(path)}"], env=ENVIRONMENT, check=True,
                               stdout=subprocess.DEVNULL)
                info = counter.take()

                def cell(values, digits=0):
                    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"
                of = found[driver]
                share = 100 * 1000 * statistics.median(of["kB"]) / os.path.getsize(path)
                print(f"| {driver} | {cell(of['ms'])} | {cell(of['MB'])} | {cell(of['requests'])} | {cell(of['kB'])} | {share:.2f} % | "
                      f"{len(info)} | {sum(r[3] for r in info) / 1000:.0f} |")
        print(f"\nload {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
