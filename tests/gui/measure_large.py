#!/usr/bin/env python3
"""How a raster of 20,000 x 20,000 pixels opens, pans and fills memory: prints figures, asserts nothing about time.

    measure_large.py PROGRAM [RASTER]     without RASTER a tiled GeoTIFF is made, once with overviews, once without

A small picture opens and pans first, in the same way: what is left of a difference to it is the raster's size.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
from osgeo import gdal

import viewer_driver as driver

SIDE = 20000
SOURCES = Path(os.environ["NAE_SOURCE_DIR"])


def make(folder, overviews):
    """400 megapixels of the test picture, repeated: RGB, JPEG in 512-pixel tiles."""
    path = folder / ("with.tif" if overviews else "without.tif")
    tile = gdal.Open(str(SOURCES / "testdata/scene.png")).ReadAsArray()
    raster = gdal.GetDriverByName("GTiff").Create(
        str(path), SIDE, SIDE, 3, gdal.GDT_Byte,
        ["TILED=YES", "BLOCKXSIZE=512", "BLOCKYSIZE=512", "COMPRESS=JPEG", "PHOTOMETRIC=YCBCR", "NUM_THREADS=2"])
    row = numpy.tile(tile, (1, 1, SIDE // tile.shape[2] + 1))[:, :, :SIDE]
    for y in range(0, SIDE, tile.shape[1]):
        raster.WriteArray(row[:, : min(tile.shape[1], SIDE - y)], 0, y)
    if overviews:
        raster.BuildOverviews("AVERAGE", [2, 4, 8, 16, 32, 64])
    raster = None
    return path


def resident_mb(viewer):
    for line in Path(f"/proc/{viewer.process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0


def measure(program, path, folder):
    display = driver.Display()
    try:
        start = time.monotonic()
        environment = dict(display.environment, XDG_STATE_HOME=str(folder / "state"))
        process = subprocess.Popen([program, "--size", "1280x800", "--mode", "single", "--no-session", str(path)],
                                   env=environment)
        shown = None
        while time.monotonic() - start < 120:
            screen = display.pixels()
            if screen[56:100, 20:400].max() > 150:  # the pane's title stands there
                shown = time.monotonic() - start
                break
            time.sleep(0.01)
        fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        print(f"{path.name}: window with its title after {shown:.2f} s, {ticks:.2f} s of them of the processor")
        while time.monotonic() - start < 300:
            if len(numpy.unique(display.pixels()[200:700, 100:800])) > 100:
                break
            time.sleep(0.02)
        print(f"{path.name}: picture in the pane after {time.monotonic() - start:.2f} s")

        viewer = driver.Viewer.__new__(driver.Viewer)
        viewer.display, viewer.process = display, process
        viewer.settle(limit=300)
        print(f"{path.name}: all tiles there after {time.monotonic() - start - 1:.2f} s")
        display.xdotool("mousemove", 500, 400)
        viewer.key("z")
        # Pans for five seconds; a stutter is a long time between two changes of the screen.
        display.xdotool("mousedown", 1)
        last, stamp, gaps, begun = display.pixels(), time.monotonic(), [], time.monotonic()
        step = 0
        while time.monotonic() - begun < 5:
            step += 1
            display.xdotool("mousemove", 500 + (step * 23) % 400, 400 + (step * 11) % 200)
            now = display.pixels()
            if not numpy.array_equal(now, last):
                gaps.append(time.monotonic() - stamp)
                last, stamp = now, time.monotonic()
        display.xdotool("mouseup", 1)
        gaps.sort()
        print(f"{path.name}: panning, {len(gaps)} different frames in 5 s; between two of them "
              f"median {1000 * gaps[len(gaps) // 2]:.0f} ms, longest {1000 * gaps[-1]:.0f} ms")
        for key in ("Right", "Down") * 20:
            display.xdotool("key", key)
        viewer.settle(limit=120)
        print(f"{path.name}: most memory resident {resident_mb(viewer):.0f} MB")
        viewer.quit()
    finally:
        display.close()


if __name__ == "__main__":
    work = Path(tempfile.mkdtemp(dir="."))
    print("load", os.getloadavg()[0])
    small = SOURCES / "testdata/scene.png"
    rasters = [small, Path(sys.argv[2])] if len(sys.argv) > 2 else [small, make(work, True), make(work, False)]
    for raster in rasters:
        measure(sys.argv[1], raster, work)
