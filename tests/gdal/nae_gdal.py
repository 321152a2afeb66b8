"""What the tests of the GDAL driver share: pictures, errors, and the chunks of a file."""

import contextlib
import math
import os
import struct
import subprocess
import sys

import numpy as np
from osgeo import gdal

MODEL = "block"  # tests/support/block_model.h
gdal.SetConfigOption("GDAL_PAM_ENABLED", "YES")


def picture(height, width, bands=3, seed=1):
    """A smooth picture with some texture, as a (bands, height, width) array of bytes."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for band in range(bands):
        plane = 128 + 60 * np.sin(x / (23.0 + 5 * band)) + 40 * np.cos(y / (17.0 + 3 * band) + band)
        plane += random.normal(0, 2, (height, width))
        planes.append(plane)
    return np.clip(np.round(planes), 0, 255).astype(np.uint8)


def memory_dataset(array, gdal_type=gdal.GDT_Byte):
    """A MEM dataset with the array's bands."""
    bands, height, width = array.shape
    dataset = gdal.GetDriverByName("MEM").Create("", width, height, bands, gdal_type)
    dataset.WriteArray(array)
    return dataset


def write(array, path, *options, **more):
    """Writes an array through CreateCopy with the test model; returns the dataset, open for reading."""
    if not any(option.startswith("MODEL=") for option in options):
        options += ("MODEL=" + MODEL,)
    return gdal.GetDriverByName("NAE").CreateCopy(path, memory_dataset(array), 0, list(options), **more)


def read(path, *open_options):
    """All pixels of a file, in one read."""
    dataset = gdal.OpenEx(path, gdal.OF_RASTER, open_options=list(open_options))
    assert dataset is not None, path
    array = dataset.ReadAsArray()
    assert array is not None, path
    return array.reshape(dataset.RasterCount, dataset.RasterYSize, dataset.RasterXSize)


def psnr(a, b):
    error = np.mean((a.astype(float) - b.astype(float)) ** 2)
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


class Reports(list):
    """(class, number, message) of every CPLError while the handler stood."""

    def failures(self):
        return [r for r in self if r[0] >= gdal.CE_Failure]

    def one_failure(self):
        found = self.failures()
        assert len(found) == 1, f"{len(found)} errors instead of one: {found}"
        return found[0][2]


@contextlib.contextmanager
def reports():
    found = Reports()
    gdal.PushErrorHandler(lambda kind, number, message: found.append((kind, number, message)))
    try:
        yield found
    finally:
        gdal.PopErrorHandler()


def file_bytes(path):
    handle = gdal.VSIFOpenL(path, "rb")
    assert handle is not None, path
    gdal.VSIFSeekL(handle, 0, 2)
    size = gdal.VSIFTellL(handle)
    gdal.VSIFSeekL(handle, 0, 0)
    data = gdal.VSIFReadL(1, size, handle)
    gdal.VSIFCloseL(handle)
    return bytes(data)


def chunks(data):
    """(type, offset, payload length) of every chunk of a .nae file."""
    assert data[:8] == b"\x8eNAE\r\n\x1a\n"
    found = []
    at = 8
    while at < len(data):
        kind, length = struct.unpack_from("<4sQ", data, at)
        found.append((kind.decode(), at, length))
        at += 16 + length
    assert at == len(data)
    return found


def child(code, **environment):
    """Runs Python code in a process of its own, in this folder, and returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.path.insert(0, %r)\n" % os.path.dirname(__file__) + code],
        env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
