"""GDAL's own tools take a .nae file wherever they take a GeoTIFF of the same pixels, with the same result."""

import os
import shutil
import subprocess
import unittest

import numpy as np
from osgeo import gdal

import client

for tool in ("gdalwarp", "gdalbuildvrt", "gdaldem", "gdaladdo", "gdal2tiles.py", "gdal_calc.py"):
    client.need_program(tool)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


class Tools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pixels = client.georeferenced("a.nae")
        client.as_tiff("a.nae", "a.tif")

    def same(self, *command, result=""):
        """Runs a command with IN and OUT replaced, once for each format, and compares what comes out."""
        outputs = []
        for kind in ("nae", "tif"):
            target = f"out-{kind}.tif"
            if os.path.exists(target):
                os.remove(target)
            run(*[part.replace("IN", f"a.{kind}").replace("OUT", target) for part in command])
            outputs.append(gdal.Open(target))
        arrays = [dataset.ReadAsArray() for dataset in outputs]
        self.assertTrue(np.array_equal(*arrays))
        self.assertGreater(arrays[0].std(), 1)
        self.assertEqual(outputs[0].GetGeoTransform(), outputs[1].GetGeoTransform())
        return arrays[0]

    def test_gdalwarp(self):
        self.same("gdalwarp", "-q", "-t_srs", "EPSG:3857", "-r", "bilinear", "IN", "OUT")
        self.same("gdalwarp", "-q", "-tr", "25", "25", "-r", "average", "-multi", "IN", "OUT")

    def test_gdalwarp_writes_nae(self):
        run("gdalwarp", "-q", "-of", "NAE", "-co", "MODEL=block", "-t_srs", "EPSG:3857", "a.tif", "warped.nae")
        self.assertEqual(gdal.Open("warped.nae").GetSpatialRef().GetAuthorityCode(None), "3857")

    def test_gdal_calc(self):
        result = self.same("gdal_calc.py", "--quiet", "-A", "IN", "--A_band=2", "--calc=A*0.5+1", "--type=Float32",
                           "--outfile=OUT")
        self.assertTrue(np.array_equal(result, (self.pixels[1] * 0.5 + 1).astype(np.float32)))

    def test_gdaldem(self):
        self.same("gdaldem", "hillshade", "-q", "IN", "OUT")
        self.same("gdaldem", "slope", "-q", "-b", "3", "IN", "OUT")

    def test_gdal_translate_scaled(self):
        self.same("gdal_translate", "-q", "-outsize", "50%", "0", "-r", "cubic", "IN", "OUT")

    def test_gdalbuildvrt(self):
        os.makedirs("right", exist_ok=True)
        other = client.georeferenced("right/b.nae", seed=2)
        dataset = gdal.Open("right/b.nae")
        dataset.SetGeoTransform([client.TRANSFORM[0] + 4000.0, *client.TRANSFORM[1:]])
        dataset = None
        run("gdalbuildvrt", "-q", "both.vrt", "a.nae", "right/b.nae")
        both = gdal.Open("both.vrt").ReadAsArray()
        self.assertTrue(np.array_equal(both, np.concatenate([self.pixels, other], axis=2)))

    def test_gdal2tiles(self):
        for kind in ("nae", "tif"):
            run("gdal2tiles.py", "-q", "-w", "none", "-z", "10-13", f"a.{kind}", f"tiles-{kind}")
        tiles = [os.path.join(folder, name) for folder, _, names in os.walk("tiles-nae") for name in names
                 if name.endswith(".png")]
        self.assertGreater(len(tiles), 4)
        for tile in tiles:
            pair = [gdal.Open(path).ReadAsArray() for path in (tile, tile.replace("tiles-nae", "tiles-tif"))]
            self.assertTrue(np.array_equal(*pair), tile)

    def test_external_overviews(self):
        shutil.copy("a.nae", "o.nae")
        shutil.copy("a.tif", "o.tif")
        for kind in ("nae", "tif"):
            run("gdaladdo", "-q", "-ro", "-r", "average", f"o.{kind}", "2", "4")
        self.assertTrue(os.path.exists("o.nae.ovr"))
        pair = [gdal.Open(f"o.{kind}") for kind in ("nae", "tif")]
        for dataset in pair:
            band = dataset.GetRasterBand(1)
            self.assertEqual([band.GetOverview(i).XSize for i in range(band.GetOverviewCount())][-2:], [200, 100])
        for size in ((200, 150), (100, 75)):
            self.assertTrue(np.array_equal(*[d.ReadAsArray(buf_xsize=size[0], buf_ysize=size[1]) for d in pair]))
        self.assertIn("o.nae.ovr", [os.path.basename(f) for f in pair[0].GetFileList()])


if __name__ == "__main__":
    unittest.main()
