"""The trained default model, once it is there: MODEL is not named, as users do it."""

import glob
import os
import sys
import unittest

import numpy as np
from osgeo import gdal

from nae_gdal import child, file_bytes, memory_dataset, psnr, read, reports

SOURCE = os.environ["NAE_SOURCE_DIR"]
sys.path.insert(0, os.path.join(SOURCE, "bench"))
import metrics  # noqa: E402

TORCH_MODULE = os.path.join(os.environ["NAE_BUILD_DIR"], "lib", "nae_torch.so")


def crop(name, x, y, width, height):
    return gdal.Open(os.path.join(SOURCE, "testdata", name)).ReadAsArray(x, y, width, height)


@unittest.skipUnless(glob.glob(os.path.join(SOURCE, "models", "photo", "*.nam")), "no trained model yet")
class PhotoModel(unittest.TestCase):
    """Analysis in plain loops (tests/support/plain_analysis.cpp) is slow: small pictures."""

    def compress(self, array, quality, path="p.nae"):
        array = array.reshape(-1, *array.shape[-2:])
        self.assertIsNotNone(
            gdal.GetDriverByName("NAE").CreateCopy(path, memory_dataset(array), 0, [f"QUALITY={quality}"]))
        back = read(path)
        self.assertEqual(back.shape, array.shape)
        return len(file_bytes(path)), psnr(array, back)

    def test_rgb_and_gray(self):
        rgb = crop("scene.png", 64, 64, 160, 128)
        size, figure = self.compress(rgb, 75)
        self.assertLess(size, rgb.size / 8)
        self.assertGreater(figure, 28)
        gray = np.round(rgb.astype(float).mean(0)).astype(np.uint8)
        size, figure = self.compress(gray, 75)
        self.assertLess(size, gray.size / 3)
        self.assertGreater(figure, 28)

    def test_size_and_psnr_rise_with_quality(self):
        rgb = crop("scene.png", 64, 64, 128, 128)
        found = [self.compress(rgb, quality) for quality in (10, 30, 50, 70, 90)]
        for low, high in zip(found, found[1:]):
            self.assertLess(low[0], high[0], found)
            self.assertLess(low[1], high[1], found)

    def test_photo_plus_is_nearer_at_the_same_size(self):
        rgb = crop("scene.png", 64, 64, 160, 128)
        found = {}
        for model in ("photo", "photo-plus"):
            self.assertIsNotNone(gdal.GetDriverByName("NAE").CreateCopy(
                "m.nae", memory_dataset(rgb), 0, ["QUALITY=50", "EFFORT=1", f"MODEL={model}"]))
            back = read("m.nae")
            found[model] = len(file_bytes("m.nae")), psnr(rgb, back)
        self.assertTrue(np.array_equal(gdal.Open("m.nae").ReadAsArray(37, 41, 50, 60), back[:, 41:101, 37:87]))
        self.assertLess(found["photo-plus"][0], 1.01 * found["photo"][0], found)
        self.assertGreater(found["photo-plus"][1], found["photo"][1] + 0.05, found)

    def test_tuned_for_structure(self):
        """At the same size PSNR is lower, and MS-SSIM higher."""
        rgb = crop("scene.png", 0, 0, 256, 256)
        found = {}
        for tune in ("PSNR", "SSIM"):
            self.assertIsNotNone(gdal.GetDriverByName("NAE").CreateCopy(
                "t.nae", memory_dataset(rgb), 0, ["TARGET_SIZE=6000", f"TUNE={tune}"]))
            back = read("t.nae")
            found[tune] = psnr(rgb, back), metrics.ms_ssim(rgb, back)
        self.assertGreater(found["PSNR"][0], found["SSIM"][0] + 0.03, found)
        self.assertLess(found["PSNR"][1], found["SSIM"][1], found)

    def test_low_windows_decode_the_first_rows_of_tiles(self):
        """Tiles with so many symbols that a window lower than a tile need not decode them to their end."""
        self.compress(np.tile(crop("scene.png", 0, 0, 200, 200), (1, 4, 4)), 95, "low.nae")
        whole, shared = read("low.nae"), gdal.Open("low.nae")
        random = np.random.default_rng(3)
        for _ in range(12):
            width, height = (int(n) for n in random.integers(1, 300, 2))
            x, y = int(random.integers(0, 800 - width)), int(random.integers(0, 800 - height))
            want = whole[:, y:y + height, x:x + width]
            for dataset in (shared, gdal.Open("low.nae")):
                self.assertTrue(np.array_equal(dataset.ReadAsArray(x, y, width, height), want), (x, y, width, height))

    def test_window_equals_crop_and_levels_agree(self):
        self.compress(crop("scene.png", 0, 0, 200, 150), 60, "w.nae")
        whole = read("w.nae")
        for x, y, w, h in [(0, 0, 1, 1), (199, 149, 1, 1), (37, 21, 100, 90), (100, 0, 100, 150)]:
            self.assertTrue(np.array_equal(gdal.Open("w.nae").ReadAsArray(x, y, w, h), whole[:, y:y + h, x:x + w]))
        code = ("from nae_gdal import read; import zlib; "
                "print(zlib.crc32(read('w.nae', 'NUM_THREADS=%d').tobytes()))")
        reference = child(code % 1, NAE_ENGINE="scalar")
        for threads in (1, 2, 7):
            self.assertEqual(child(code % threads), reference)

    @unittest.skipUnless(os.path.exists(TORCH_MODULE), "built without LibTorch")
    def test_real_module(self):
        """nae_torch.so writes what the plain loops write, or very nearly: its float arithmetic may differ."""
        rgb = crop("scene.png", 64, 64, 160, 128)
        size, figure = self.compress(rgb, 75)
        printed = child("""
from nae_gdal import file_bytes, memory_dataset, psnr, read
from osgeo import gdal
import os
rgb = gdal.Open(os.environ['NAE_SOURCE_DIR'] + '/testdata/scene.png').ReadAsArray(64, 64, 160, 128)
assert gdal.GetDriverByName('NAE').CreateCopy('t.nae', memory_dataset(rgb), 0, ['QUALITY=75']) is not None
print(len(file_bytes('t.nae')), psnr(rgb, read('t.nae')))
""", NAE_TORCH_MODULE=TORCH_MODULE).split()
        self.assertLess(abs(int(printed[0]) - size) / size, 0.03)
        self.assertLess(abs(float(printed[1]) - figure), 0.1)


if __name__ == "__main__":
    unittest.main()
