"""What the tests of other people's programs share."""

import importlib
import shutil
import sys

import numpy as np
from osgeo import gdal, osr

from nae_gdal import memory_dataset, picture

SKIPPED = 77  # what CMake takes for "not installed here"


def need_program(name):
    path = shutil.which(name)
    if path is None:
        print(f"skipped: {name} is not installed")
        sys.exit(SKIPPED)
    return path


def need_module(name):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        print(f"skipped: {error}")
        sys.exit(SKIPPED)


# A place in UTM 33N, 10 m pixels.
TRANSFORM = (500000.0, 10.0, 0.0, 5400000.0, 0.0, -10.0)


def georeferenced(path, height=300, width=400, bands=3, seed=1):
    """Writes a georeferenced .nae file and returns the pixels that reading it must give."""
    source = memory_dataset(picture(height, width, bands, seed))
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(32633)
    source.SetSpatialRef(srs)
    source.SetGeoTransform(TRANSFORM)
    written = gdal.GetDriverByName("NAE").CreateCopy(path, source, 0, ["MODEL=block", "BLOCKSIZE=64"])
    assert written is not None
    written = None
    return gdal.Open(path).ReadAsArray().reshape(bands, height, width)


def as_tiff(path, tiff):
    """The same dataset as a GeoTIFF: what comes out of a program must not depend on which of them went in."""
    assert gdal.GetDriverByName("GTiff").CreateCopy(tiff, gdal.Open(path)) is not None
    return tiff


def mean_error(a, b):
    return float(np.mean(np.abs(a.astype(float) - b.astype(float))))
