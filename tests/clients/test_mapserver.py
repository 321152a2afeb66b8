"""MapServer: map2img draws a layer."""

import subprocess
import unittest

import numpy as np
from osgeo import gdal

import client

client.need_program("map2img")

MAP = """
MAP
  EXTENT 500000 5397000 504000 5400000
  SIZE 400 300
  IMAGETYPE png24
  OUTPUTFORMAT
    NAME png24
    DRIVER AGG/PNG
    MIMETYPE "image/png"
    IMAGEMODE RGB
    EXTENSION "png"
  END
  PROJECTION "init=epsg:32633" END
  LAYER
    NAME picture
    TYPE RASTER
    STATUS DEFAULT
    DATA "{data}"
  END
END
"""


class MapServer(unittest.TestCase):
    def draw(self, data, image):
        with open("a.map", "w") as file:
            file.write(MAP.format(data=data))
        done = subprocess.run(["map2img", "-m", "a.map", "-o", image], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return gdal.Open(image).ReadAsArray()[:3]

    def test_map2img(self):
        pixels = client.georeferenced("a.nae")
        drawn = self.draw("a.nae", "nae.png")
        self.assertTrue(np.array_equal(drawn, self.draw(client.as_tiff("a.nae", "a.tif"), "tif.png")))
        self.assertLess(client.mean_error(drawn, pixels), 3)  # MapServer counts extents from pixel centres


if __name__ == "__main__":
    unittest.main()
