"""Reading from afar: requests and bytes, counted at the server."""

import os
import random
import subprocess
import unittest
import zipfile
import zlib

import numpy as np
from osgeo import gdal

from nae_gdal import child, chunks, file_bytes, memory_dataset, picture
from range_server import serve

SIDE = 10000
TILE = 512
# As for every format over /vsicurl/: do not look for side files.
QUIET = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}
# Several stretches of a file in one request, which not every server knows.
TOGETHER = {**QUIET, "GDAL_HTTP_MULTIRANGE": "SINGLE_GET"}


def part():
    """A picture whose preview compresses as badly as a photograph's: squares of colour of all sizes."""
    random = np.random.default_rng(2)
    squares = sum(np.kron(random.normal(0, 25, (3, 1000 // n, 1000 // n)), np.ones((1, n, n))) for n in (50, 100, 250))
    return np.clip(picture(1000, 1000) + squares, 0, 255).astype(np.uint8)


def write_mosaic(path, *options):
    """10,000 x 10,000 pixels that take no memory: a picture repeated by a VRT."""
    gdal.GetDriverByName("GTiff").CreateCopy("part.tif", memory_dataset(part()))
    bands = ""
    for band in (1, 2, 3):
        parts = "".join(
            '<SimpleSource><SourceFilename relativeToVRT="1">part.tif</SourceFilename>'
            f'<SourceBand>{band}</SourceBand><SrcRect xOff="0" yOff="0" xSize="1000" ySize="1000"/>'
            f'<DstRect xOff="{x}" yOff="{y}" xSize="1000" ySize="1000"/></SimpleSource>'
            for y in range(0, SIDE, 1000) for x in range(0, SIDE, 1000))
        bands += f'<VRTRasterBand dataType="Byte" band="{band}">{parts}</VRTRasterBand>'
    with open("mosaic.vrt", "w") as file:
        file.write(f'<VRTDataset rasterXSize="{SIDE}" rasterYSize="{SIDE}">{bands}</VRTDataset>')
    assert gdal.GetDriverByName("NAE").CreateCopy(path, gdal.Open("mosaic.vrt"), 0, ["MODEL=block", *options]) is not None


class OverHttp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        write_mosaic("mosaic.nae", "EMBED_MODEL=YES")
        cls.size = os.path.getsize("mosaic.nae")
        cls.service = serve(os.getcwd())
        cls.address, cls.counter = cls.service.__enter__()
        cls.url = f"/vsicurl/{cls.address}/mosaic.nae"

    @classmethod
    def tearDownClass(cls):
        cls.service.__exit__(None, None, None)

    def gdalinfo(self, environment):
        self.counter.take()
        text = subprocess.run(["gdalinfo", self.url], env={**os.environ, **environment}, check=True, capture_output=True,
                              text=True).stdout
        self.assertIn(f"Size is {SIDE}, {SIDE}", text)
        return self.counter.take()

    def test_gdalinfo_takes_two_requests(self):
        requests = self.gdalinfo(QUIET)
        self.assertLessEqual(len(requests), 2, requests)

    def window(self, x, y, environment=QUIET):
        """Requests and bytes of a window in a process that knows nothing yet; its pixels are right."""
        self.counter.take()
        child(f"""
import numpy
from osgeo import gdal
numpy.save('window.npy', gdal.Open('{self.url}').ReadAsArray({x}, {y}, 256, 256))
""", **environment)
        requests = self.counter.take()
        here = gdal.Open("mosaic.nae").ReadAsArray(x, y, 256, 256)
        self.assertGreater(here.std(), 1)
        self.assertTrue(np.array_equal(np.load("window.npy"), here))
        return requests, sum(r[3] for r in requests)

    def test_window_within_a_row_of_tiles(self):
        """At most 3 requests and 1 % of the bytes, wherever the window lies across."""
        dice = random.Random(3)
        for _ in range(4):
            x, row = dice.randrange(SIDE - 256), dice.randrange(SIDE // TILE - 1)
            requests, transferred = self.window(x, row * TILE + 128)
            self.assertLessEqual(len(requests), 3, requests)
            self.assertLess(transferred, 0.01 * self.size)

    def test_window_over_a_corner_of_four_tiles(self):
        """The worst case: another row of tiles is another request."""
        requests, transferred = self.window(9 * TILE - 128, 7 * TILE - 128)
        self.assertLessEqual(len(requests), 4, requests)
        self.assertLess(transferred, 0.01 * self.size)

    def test_any_window_takes_three_requests_where_one_may_ask_for_several_stretches(self):
        dice = random.Random(4)
        corners = [(dice.randrange(SIDE - 256), dice.randrange(SIDE - 256)) for _ in range(4)]
        for x, y in corners + [(9 * TILE - 128, 7 * TILE - 128)]:
            requests, transferred = self.window(x, y, TOGETHER)
            self.assertLessEqual(len(requests), 3, requests)
            self.assertLess(transferred, 0.01 * self.size)

    def test_an_embedded_model_is_fetched_only_where_it_is_missing(self):
        requests, transferred = self.window(3000, 5 * TILE + 128, {**QUIET, "NAE_MODEL_PATH": ""})
        model = next(length for kind, _, length in chunks(file_bytes("mosaic.nae")) if kind == "MODL")
        self.assertGreater(transferred, model)
        self.assertLess(transferred, 0.02 * self.size + 2 * model)
        self.assertLess(self.window(3000, 5 * TILE + 128)[1], transferred)

    def test_whole_rows_do_not_fetch_twice(self):
        self.counter.take()
        child(f"""
from osgeo import gdal
dataset = gdal.Open('{self.url}')
for y in range(1024):
    dataset.ReadRaster(0, y, 3000, 1)
""", **QUIET)
        transferred = sum(r[3] for r in self.counter.take())
        # Two rows of seven tiles, and the halo's tiles below and beside: 3 x 7 of 400 tiles.
        self.assertLess(transferred, 1.2 * 3 * 7 / 400 * self.size)

    def test_cut_off_and_missing(self):
        whole = file_bytes("mosaic.nae")
        tiles_end = next(at + 12 + length for kind, at, length in chunks(whole) if kind == "TDAT")
        for left in (len(whole) // 2, tiles_end - 1, tiles_end + 4 + 15):
            with open("short.nae", "wb") as file:
                file.write(whole[:left])
            printed = child(f"""
from osgeo import gdal
from nae_gdal import reports
with reports() as found:
    assert gdal.Open('/vsicurl/{self.address}/short.nae') is None
print(found.one_failure())
""", **QUIET)
            self.assertIn("short.nae", printed)

    def test_inside_a_zip(self):
        with zipfile.ZipFile("a.zip", "w", zipfile.ZIP_STORED) as archive:
            archive.write("mosaic.nae")
        path = f"/vsizip//vsicurl/{self.address}/a.zip/mosaic.nae"
        printed = child(f"""
from osgeo import gdal
import zlib
print(zlib.crc32(gdal.Open('{path}').ReadAsArray(700, 700, 100, 100).tobytes()))
""", **QUIET)
        here = gdal.Open("mosaic.nae").ReadAsArray(700, 700, 100, 100)
        self.assertEqual(int(printed), zlib.crc32(here.tobytes()))


if __name__ == "__main__":
    unittest.main()
