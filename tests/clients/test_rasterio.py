"""rasterio: open, windowed read, MemoryFile, write."""

import unittest

import numpy as np

import client

rasterio = client.need_module("rasterio")
from rasterio.io import MemoryFile  # noqa: E402
from rasterio.windows import Window  # noqa: E402


class Rasterio(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pixels = client.georeferenced("a.nae")

    def test_open_and_read(self):
        with rasterio.open("a.nae") as dataset:
            self.assertEqual(dataset.driver, "NAE")
            self.assertEqual((dataset.width, dataset.height, dataset.count), (400, 300, 3))
            self.assertEqual(dataset.dtypes, ("uint8",) * 3)
            self.assertEqual(dataset.crs.to_epsg(), 32633)
            self.assertEqual(dataset.transform.to_gdal(), client.TRANSFORM)
            self.assertEqual(dataset.tags(ns="IMAGE_STRUCTURE")["COMPRESSION"], "NAE")
            self.assertEqual(dataset.block_shapes, [(64, 64)] * 3)
            self.assertTrue(np.array_equal(dataset.read(), self.pixels))

    def test_windows(self):
        with rasterio.open("a.nae") as dataset:
            for window in (Window(0, 0, 400, 1), Window(130, 71, 99, 101), Window(399, 299, 1, 1)):
                x, y, w, h = window.flatten()
                self.assertTrue(np.array_equal(dataset.read(window=window), self.pixels[:, y:y + h, x:x + w]))
            for _, window in dataset.block_windows(2):
                rows, columns = window.toslices()
                self.assertTrue(np.array_equal(dataset.read(2, window=window), self.pixels[1][rows, columns]))

    def test_memory_file(self):
        with open("a.nae", "rb") as file, MemoryFile(file.read()) as memory, memory.open() as dataset:
            self.assertEqual(dataset.driver, "NAE")
            self.assertTrue(np.array_equal(dataset.read(), self.pixels))

    def test_write(self):
        with rasterio.open("a.nae") as source:
            meta = source.meta  # profile refuses compressions it does not know before rasterio 1.4.3
        keep = {key: meta[key] for key in ("width", "height", "count", "dtype", "crs", "transform")}
        with rasterio.open("w.nae", "w", driver="NAE", MODEL="block", QUALITY=90, **keep) as target:
            target.write(self.pixels)
        with rasterio.open("w.nae") as back:
            self.assertEqual(back.tags(ns="IMAGE_STRUCTURE")["QUALITY"], "90")
            self.assertEqual(back.crs.to_epsg(), 32633)
            self.assertLess(client.mean_error(back.read(), self.pixels), 6)
        with MemoryFile() as memory:
            with memory.open(driver="NAE", MODEL="block", QUALITY=90, **keep) as target:
                target.write(self.pixels)
            with open("w.nae", "rb") as file:
                self.assertEqual(memory.read(), file.read())


if __name__ == "__main__":
    unittest.main()
