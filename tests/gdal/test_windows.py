"""Any window, by any way GDAL offers, equals the crop of the full read; and nothing is decoded thrice."""

import random
import unittest

import numpy as np
from osgeo import gdal

from nae_gdal import child, picture, read, write

HEIGHT, WIDTH = 333, 451


class Windows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for bands in (1, 3):
            write(picture(HEIGHT, WIDTH, bands), f"{bands}.nae", "BLOCKSIZE=64", "QUALITY=60")
        cls.whole = {bands: read(f"{bands}.nae") for bands in (1, 3)}

    def windows(self, count):
        dice = random.Random(5)
        fixed = [(0, 0, WIDTH, HEIGHT), (0, 0, 1, 1), (WIDTH - 1, HEIGHT - 1, 1, 1), (0, 100, WIDTH, 1),
                 (200, 0, 1, HEIGHT), (63, 63, 2, 2), (64, 128, 64, 64), (60, 60, 200, 200)]
        for window in fixed:
            yield window
        for _ in range(count):
            x, y = dice.randrange(WIDTH), dice.randrange(HEIGHT)
            yield x, y, dice.randint(1, WIDTH - x), dice.randint(1, HEIGHT - y)

    def test_fresh_dataset_for_each_window(self):
        for bands in (1, 3):
            for x, y, w, h in self.windows(25):
                back = gdal.Open(f"{bands}.nae").ReadAsArray(x, y, w, h).reshape(bands, h, w)
                crop = self.whole[bands][:, y:y + h, x:x + w]
                self.assertTrue(np.array_equal(back, crop), (bands, x, y, w, h))

    def test_one_dataset_for_all_windows(self):
        dataset = gdal.Open("3.nae")
        for x, y, w, h in self.windows(60):
            back = dataset.ReadAsArray(x, y, w, h)
            self.assertTrue(np.array_equal(back, self.whole[3][:, y:y + h, x:x + w]), (x, y, w, h))

    def test_single_bands(self):
        for number in (1, 2, 3):
            dataset = gdal.Open("3.nae")
            for x, y, w, h in self.windows(10):
                back = dataset.GetRasterBand(number).ReadAsArray(x, y, w, h)
                self.assertTrue(np.array_equal(back, self.whole[3][number - 1, y:y + h, x:x + w]))

    def test_scanlines(self):
        dataset = gdal.Open("3.nae")
        for y in range(HEIGHT):
            self.assertTrue(np.array_equal(dataset.ReadAsArray(0, y, WIDTH, 1), self.whole[3][:, y:y + 1]))

    def test_blocks(self):
        for order in ((1, 2, 3), (3, 1, 2)):
            dataset = gdal.Open("3.nae")
            for by in range((HEIGHT + 63) // 64):
                for bx in range((WIDTH + 63) // 64):
                    for number in order:
                        data = dataset.GetRasterBand(number).ReadBlock(bx, by)
                        block = np.frombuffer(data, np.uint8).reshape(64, 64)
                        crop = self.whole[3][number - 1, 64 * by:64 * by + 64, 64 * bx:64 * bx + 64]
                        self.assertTrue(np.array_equal(block[:crop.shape[0], :crop.shape[1]], crop))

    def test_buffers_of_other_types_and_orders(self):
        x, y, w, h = 30, 40, 300, 200
        crop = self.whole[3][:, y:y + h, x:x + w]
        for kind in (gdal.GDT_UInt16, gdal.GDT_Float32, gdal.GDT_Float64):
            back = gdal.Open("3.nae").ReadAsArray(x, y, w, h, buf_type=kind)
            self.assertTrue(np.array_equal(back, crop))
        for order in ([3, 2, 1], [2, 3, 1], [3], [2, 2, 1]):
            data = gdal.Open("3.nae").ReadRaster(x, y, w, h, band_list=order)
            back = np.frombuffer(data, np.uint8).reshape(len(order), h, w)
            self.assertTrue(np.array_equal(back, crop[[b - 1 for b in order]]), order)
        data = gdal.Open("3.nae").ReadRaster(x, y, w, h, buf_pixel_space=3, buf_line_space=3 * w, buf_band_space=1)
        back = np.frombuffer(data, np.uint8).reshape(h, w, 3)
        self.assertTrue(np.array_equal(back, np.moveaxis(crop, 0, 2)))

    def test_scaled_reads(self):
        dataset = gdal.Open("3.nae")
        half = dataset.ReadAsArray(0, 0, 400, 300, buf_xsize=200, buf_ysize=150)
        reference = gdal.GetDriverByName("MEM").CreateCopy("", dataset)
        wanted = reference.ReadAsArray(0, 0, 400, 300, buf_xsize=200, buf_ysize=150)
        self.assertTrue(np.array_equal(half, wanted))

    def test_translate_srcwin(self):
        gdal.Translate("/vsimem/w.tif", "3.nae", srcWin=[77, 50, 130, 99])
        self.assertTrue(np.array_equal(read("/vsimem/w.tif"), self.whole[3][:, 50:149, 77:207]))
        gdal.Unlink("/vsimem/w.tif")

    def test_one_band_brings_the_others(self):
        """What one band decodes is in the block cache for all three."""
        for read_band in (lambda band: band.ReadAsArray(), lambda band: band.ReadAsArray(0, 0, WIDTH, 1),
                          lambda band: band.Checksum(), lambda band: band.ReadAsArray(70, 70, 1, 1)):
            dataset = gdal.Open("3.nae")
            empty = gdal.GetCacheUsed()
            read_band(dataset.GetRasterBand(2))
            used = gdal.GetCacheUsed()
            self.assertGreaterEqual(used - empty, 3 * 64 * 64)
            read_band(dataset.GetRasterBand(1))
            read_band(dataset.GetRasterBand(3))
            self.assertEqual(gdal.GetCacheUsed(), used)

    def test_small_block_cache(self):
        """Requests that do not fit the cache take another way to the same pixels."""
        printed = child("""
from osgeo import gdal
import zlib
dataset = gdal.Open('3.nae')
print(zlib.crc32(dataset.ReadAsArray().tobytes()))
bands = [dataset.GetRasterBand(i).ReadAsArray().tobytes() for i in (1, 2, 3)]
print(zlib.crc32(b''.join(bands)))
rows = [dataset.ReadAsArray(0, y, dataset.RasterXSize, 1) for y in range(40)]
import numpy
print(numpy.array_equal(numpy.concatenate(rows, 1), dataset.ReadAsArray(0, 0, dataset.RasterXSize, 40)))
""", GDAL_CACHEMAX="40000").split()  # bytes
        self.assertEqual(printed[0], printed[1])
        self.assertEqual(printed[2], "True")

    def test_progress_can_cancel_a_read(self):
        from nae_gdal import reports
        with reports() as found:
            back = gdal.Open("3.nae").ReadAsArray(callback=lambda done, message, data: 0)
        self.assertIsNone(back)
        self.assertIn("3.nae", found.one_failure())


class SamePixelsEverywhere(unittest.TestCase):
    """D2: threads, SIMD levels and the order of reads change nothing."""

    CODE = """
from osgeo import gdal
dataset = gdal.OpenEx('3.nae', open_options=%r)
array = dataset.ReadAsArray()
assert array is not None
import zlib
print(zlib.crc32(array.tobytes()), [dataset.GetRasterBand(i).Checksum() for i in (1, 2, 3)])
"""

    @classmethod
    def setUpClass(cls):
        write(picture(HEIGHT, WIDTH), "3.nae", "BLOCKSIZE=64", "QUALITY=60")
        cls.reference = child(cls.CODE % ["NUM_THREADS=1"], NAE_ENGINE="scalar")

    def test_threads(self):
        for threads in ("1", "2", "7", "ALL_CPUS"):
            self.assertEqual(child(self.CODE % ["NUM_THREADS=" + threads]), self.reference, threads)
            self.assertEqual(child(self.CODE % [], GDAL_NUM_THREADS=threads), self.reference, threads)

    def test_engine_levels(self):
        with open("/proc/cpuinfo") as file:
            flags = file.read()
        levels = ["scalar"]
        for level, flag in (("ssse3", " ssse3 "), ("sse4", " sse4_2 "), ("avx2", " avx2 "), ("avx3", " avx512bw "),
                            ("avx3_dl", " avx512_vnni ")):
            if flag in flags:
                levels.append(level)
        self.assertGreater(len(levels), 1)
        for level in levels:
            self.assertEqual(child(self.CODE % [], NAE_ENGINE=level), self.reference, level)

    def test_unknown_engine_level_is_an_error(self):
        printed = child("""
from osgeo import gdal
from nae_gdal import reports
dataset = gdal.Open('3.nae')
with reports() as found:
    assert dataset.ReadAsArray() is None
print(found.one_failure())
""", NAE_ENGINE="abacus")
        self.assertIn("abacus", printed)
        self.assertIn("3.nae", printed)


if __name__ == "__main__":
    unittest.main()
