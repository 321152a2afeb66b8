"""What comes back from a lossy file without side files: the drivers of this GDAL, tried out one by one, as a table.

Each cell is what happened, not what a page says. PAM is off: what a driver leaves to .aux.xml counts as lost.
"""

import base64
import os
import tempfile

import numpy as np
from osgeo import gdal, osr

gdal.SetConfigOption("GDAL_PAM_ENABLED", "NO")
gdal.PushErrorHandler("CPLQuietErrorHandler")

FORMATS = {  # driver: extension, options for lossy files of ordinary quality
    "NAE": ("nae", []),
    "WEBP": ("webp", ["QUALITY=75"]),
    "JP2OpenJPEG": ("jp2", ["QUALITY=10", "REVERSIBLE=NO", "WRITE_METADATA=YES"]),
    "JPEG": ("jpg", ["QUALITY=75"]),
    "COG": ("tif", ["COMPRESS=JPEG"]),
}
TYPES = ["Byte", "UInt16", "Int16", "UInt32", "Int32", "Float32"]


def source(bands=3, kind=gdal.GDT_Byte, side=200):
    y, x = np.mgrid[0:side, 0:side]
    dataset = gdal.GetDriverByName("MEM").Create("", side, side, bands, kind)
    for band in range(bands):
        plane = 128 + 60 * np.sin(x / (20 + band)) + 40 * np.cos(y / (15 + band))
        dataset.GetRasterBand(band + 1).WriteArray(plane)
    return dataset


def there_and_back(driver, dataset, folder, extra=()):
    """The dataset after a round trip, with a fresh open; None when the driver refuses."""
    extension, options = FORMATS[driver]
    path = os.path.join(folder, f"a{len(os.listdir(folder))}.{extension}")
    made = gdal.GetDriverByName(driver).CreateCopy(path, dataset, 0, [*options, *extra])
    if made is None:
        return None
    made = None
    return gdal.Open(path)


def types(driver, folder):
    found = []
    for name in TYPES:
        kind = gdal.GetDataTypeByName(name)
        back = there_and_back(driver, source(1 if driver != "WEBP" else 3, kind), folder)
        if back is not None and back.GetRasterBand(1).DataType == kind:
            found.append(name)
    return ", ".join(found)


def bands(driver, folder):
    counts = []
    for count in (1, 2, 3, 4, 5, 8):
        back = there_and_back(driver, source(count), folder)
        if back is not None and back.RasterCount == count:
            counts.append(str(count))
    return ", ".join(counts)


def alpha(driver, folder):
    dataset = source(4)
    dataset.GetRasterBand(4).SetColorInterpretation(gdal.GCI_AlphaBand)
    opacity = np.random.default_rng(1).integers(0, 256, (200, 200)).astype(np.uint8)
    dataset.GetRasterBand(4).WriteArray(opacity)
    back = there_and_back(driver, dataset, folder)
    if back is None:
        return "refused"
    if back.RasterCount < 4 or back.GetRasterBand(4).GetColorInterpretation() != gdal.GCI_AlphaBand:
        return "no alpha band"
    return "exact" if np.array_equal(back.GetRasterBand(4).ReadAsArray(), opacity) else "changed"


def block(driver, folder):
    back = there_and_back(driver, source(3, side=2048), folder)
    return "{} × {}".format(*back.GetRasterBand(1).GetBlockSize())


def overviews(driver, folder):
    back = there_and_back(driver, source(3, side=2048), folder, ["OVERVIEWS=AUTO"] if driver in ("NAE", "COG") else [])
    return str(back.GetRasterBand(1).GetOverviewCount())


def survives(fill, read):
    """A property: set on the source, wanted back."""
    def check(driver, folder):
        dataset = source()
        fill(dataset)
        back = there_and_back(driver, dataset, folder)
        return "yes" if back is not None and read(back) == read(dataset) else "no"
    return check


def reference_system(dataset, epoch=0.0):
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(7844 if epoch else 32633)
    srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    if epoch:
        srs.SetCoordinateEpoch(epoch)
    dataset.SetSpatialRef(srs)
    dataset.SetGeoTransform([500000, 10, 0, 5400000, 0, -10])


def crs_of(dataset):
    srs = dataset.GetSpatialRef()
    return (srs.GetAuthorityCode(None) if srs else None), dataset.GetGeoTransform(can_return_null=True)


def epoch_of(dataset):
    srs = dataset.GetSpatialRef()
    return srs.GetCoordinateEpoch() if srs else 0


def fill_gcps(dataset):
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(4326)
    dataset.SetGCPs([gdal.GCP(i, 2 * i * i, 0, 30 + i, i * i) for i in range(6)], srs)


ROWS = [
    ("data types", types),
    ("bands", bands),
    ("alpha of a lossy file", alpha),
    ("block of 2048 × 2048 pixels", block),
    ("overviews inside", overviews),
    ("CRS and geotransform", survives(reference_system, crs_of)),
    ("coordinate epoch", survives(lambda d: reference_system(d, 2021.3), epoch_of)),
    ("ground control points", survives(fill_gcps, lambda d: [(g.GCPX, g.GCPPixel) for g in d.GetGCPs()])),
    ("RPC", survives(lambda d: d.SetMetadata({k: "1" for k in (
        "LINE_OFF", "SAMP_OFF", "LAT_OFF", "LONG_OFF", "HEIGHT_OFF", "LINE_SCALE", "SAMP_SCALE", "LAT_SCALE", "LONG_SCALE",
        "HEIGHT_SCALE")} | {k: " ".join(["1"] * 20) for k in (
            "LINE_NUM_COEFF", "LINE_DEN_COEFF", "SAMP_NUM_COEFF", "SAMP_DEN_COEFF")}, "RPC"),
                     lambda d: bool(d.GetMetadata("RPC")))),
    ("items of the default domain", survives(lambda d: d.SetMetadataItem("a", "b"), lambda d: d.GetMetadataItem("a"))),
    ("other domains", survives(lambda d: d.SetMetadataItem("a", "b", "C"), lambda d: d.GetMetadataItem("a", "C"))),
    ("XMP", survives(lambda d: d.SetMetadata(["<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"], "xml:XMP"),
                     lambda d: bool(d.GetMetadata("xml:XMP")))),
    ("ICC profile", survives(lambda d: d.SetMetadataItem("SOURCE_ICC_PROFILE", base64.b64encode(bytes(200)).decode(),
                                                         "COLOR_PROFILE"),
                             lambda d: d.GetMetadataItem("SOURCE_ICC_PROFILE", "COLOR_PROFILE"))),
    ("band descriptions", survives(lambda d: d.GetRasterBand(1).SetDescription("x"),
                                   lambda d: d.GetRasterBand(1).GetDescription())),
    ("nodata value", survives(lambda d: [d.GetRasterBand(n).SetNoDataValue(7) for n in (1, 2, 3)], lambda d: d.GetRasterBand(1).GetNoDataValue())),
    ("band scale and unit", survives(lambda d: (d.GetRasterBand(1).SetScale(2), d.GetRasterBand(1).SetUnitType("m")),
                                     lambda d: (d.GetRasterBand(1).GetScale(), d.GetRasterBand(1).GetUnitType()))),
]


def main():
    formats = [name for name in FORMATS if gdal.GetDriverByName(name) is not None]
    print(f"GDAL {gdal.__version__}\n\n| | {' | '.join(formats)} |\n| --- |{' --- |' * len(formats)}")
    for title, check in ROWS:
        cells = []
        for driver in formats:
            with tempfile.TemporaryDirectory() as folder:
                cells.append(check(driver, folder))
        print(f"| {title} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
