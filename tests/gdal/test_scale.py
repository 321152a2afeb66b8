"""Large pictures: bounded memory, progress, cancelling, files that appear whole, and nothing decoded twice."""

import os
import re
import threading
import unittest

import numpy as np
from osgeo import gdal

from nae_gdal import child, memory_dataset, picture, read, reports, write


def mosaic(path, width, height, side=500):
    """A VRT that repeats a small picture: as large as you like, on next to no disk."""
    if not os.path.exists("part.tif"):
        gdal.GetDriverByName("GTiff").CreateCopy("part.tif", memory_dataset(picture(side, side)))
    bands = ""
    for band in (1, 2, 3):
        parts = "".join(
            '<SimpleSource><SourceFilename relativeToVRT="1">part.tif</SourceFilename>'
            f'<SourceBand>{band}</SourceBand><SrcRect xOff="0" yOff="0" xSize="{side}" ySize="{side}"/>'
            f'<DstRect xOff="{x}" yOff="{y}" xSize="{side}" ySize="{side}"/></SimpleSource>'
            for y in range(0, height, side) for x in range(0, width, side))
        bands += f'<VRTRasterBand dataType="Byte" band="{band}">{parts}</VRTRasterBand>'
    with open(path, "w") as file:
        file.write(f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}">{bands}</VRTDataset>')
    assert gdal.Open(path).ReadAsArray(0, 0, 100, 100).std() > 1
    return path


class Memory(unittest.TestCase):
    @unittest.skipIf("NAE_PRELOAD" in os.environ, "a sanitizer's memory is not the driver's")
    def test_memory_does_not_grow_with_height(self):
        """Writing and reading hold rows of tiles, not the picture: ten times the height, the same memory."""
        code = """
import re
from osgeo import gdal
if %d:
    options = ['MODEL=block', 'EFFORT=%d']
    assert gdal.GetDriverByName('NAE').CreateCopy('tall.nae', gdal.Open('%s'), 0, options)
else:
    dataset = gdal.Open('tall.nae')
    for y in range(0, dataset.RasterYSize, 10):
        dataset.ReadRaster(0, y, dataset.RasterXSize, 1)
print(int(re.search('VmHWM: *\\t *([0-9]+)', open('/proc/self/status').read())[1]) // 1024)
"""
        used = {}
        for height in (1500, 16000):
            mosaic("tall.vrt", 2000, height)
            for task, writing, effort in (("searched", 1, 5), ("written", 1, 4), ("read", 0, 4)):
                used[height, task] = int(child(code % (writing, effort, "tall.vrt"), GDAL_CACHEMAX="16"))
        print("MB:", used)
        # 29 million pixels more are 87 MB of bytes, and more as floats or as latents. Writing keeps the compressed bytes
        # (8 MB here) and rows of each overview: 39 to 41 MB more here, 11 more again with 32,000 rows. Reading keeps up to
        # 64 MB of latents and what lies idle between them: 85 MB here, 96 with 32,000 rows.
        self.assertLess(used[16000, "written"] - used[1500, "written"], 60)
        self.assertLess(used[16000, "read"] - used[1500, "read"], 110)
        # The search takes 120 MB for a block of the picture, in pieces that each level of the overviews wants in other
        # sizes: 80 to 150 MB of what lies idle between them, 12,000 rows or 24,000.
        self.assertLess(used[16000, "searched"] - used[1500, "searched"], 200)


class Progress(unittest.TestCase):
    def convert(self, path, answer=lambda done: 1, **more):
        """Converts; returns the dataset and the fractions reported."""
        seen = []

        def callback(done, message, data):
            seen.append(done)
            return answer(done)

        source = gdal.Open(mosaic("p.vrt", 2500, 2000))
        dataset = gdal.GetDriverByName("NAE").CreateCopy(path, source, 0, ["MODEL=block"], callback=callback, **more)
        return dataset, seen

    def test_smooth(self):
        dataset, seen = self.convert("smooth.nae")
        self.assertIsNotNone(dataset)
        self.assertEqual(seen, sorted(seen))
        self.assertEqual((seen[0], seen[-1]), (0, 1))
        # Two analysis blocks across, two strips of 1024 rows down.
        self.assertLess(max(b - a for a, b in zip(seen, seen[1:])), 0.15)

    def test_cancel_at_any_time_leaves_nothing(self):
        for path in ("c.nae", "/vsimem/c.nae"):
            total = len(self.convert(path)[1])
            gdal.Unlink(path)
            for calls in (1, 2, total // 3, total // 2, total - 2, total):
                count = [0]

                def answer(done):
                    count[0] += 1
                    return 0 if count[0] >= calls else 1

                before = sorted(os.listdir(".")), gdal.ReadDir("/vsimem/")
                with reports() as found:
                    dataset, seen = self.convert(path, answer)
                self.assertIsNone(dataset)
                self.assertEqual(len(seen), calls, "asked again after the user had said no")
                self.assertIn("cancelled", found.one_failure())
                self.assertEqual((sorted(os.listdir(".")), gdal.ReadDir("/vsimem/")), before)

    def test_final_name_only_when_complete(self):
        for path in ("whole.nae", "/vsimem/whole.nae"):
            there = []
            dataset, _ = self.convert(path, lambda done: there.append(gdal.VSIStatL(path) is not None) or 1)
            self.assertIsNotNone(dataset)
            self.assertNotIn(True, there)
            dataset = None
            self.assertIsNotNone(gdal.Open(path))
            gdal.Unlink(path)


class DecodesOnce(unittest.TestCase):
    """Sums up the windows that the decoder is asked for, as CPL_DEBUG=NAE shows them."""

    WIDTH, HEIGHT = 1100, 700

    @classmethod
    def setUpClass(cls):
        write(picture(cls.HEIGHT, cls.WIDTH), "once.nae", "BLOCKSIZE=256")

    def decoded_pixels(self, use):
        lines = []
        gdal.PushErrorHandler(lambda kind, number, message: lines.append(message))
        gdal.SetConfigOption("CPL_DEBUG", "NAE")
        try:
            dataset = gdal.Open("once.nae")
            use(dataset)
        finally:
            gdal.SetConfigOption("CPL_DEBUG", None)
            gdal.PopErrorHandler()
        windows = [re.search(r"decode \d+,\d+ (\d+)x(\d+)", line) for line in lines]
        windows = [m for m in windows if m]
        self.assertTrue(windows)
        return sum(int(m[1]) * int(m[2]) for m in windows)

    def test_every_way_of_reading_it_all(self):
        def rows(dataset):
            for y in range(self.HEIGHT):
                dataset.ReadRaster(0, y, self.WIDTH, 1)

        def rows_of_each_band(dataset):
            for number in (1, 2, 3):
                for y in range(self.HEIGHT):
                    dataset.GetRasterBand(number).ReadRaster(0, y, self.WIDTH, 1)

        def columns(dataset):
            for x in range(self.WIDTH):
                dataset.ReadRaster(x, 0, 1, self.HEIGHT)

        def blocks(dataset):
            for y in range(0, self.HEIGHT, 256):
                for x in range(0, self.WIDTH, 256):
                    for number in (1, 2, 3):
                        dataset.GetRasterBand(number).ReadBlock(x // 256, y // 256)

        def tiles(dataset):
            for y in range(0, self.HEIGHT, 256):
                for x in range(0, self.WIDTH, 256):
                    size = min(256, self.WIDTH - x), min(256, self.HEIGHT - y)
                    dataset.ReadRaster(x, y, *size)

        def everything(dataset):
            dataset.ReadRaster()

        def band_by_band(dataset):
            for number in (1, 2, 3):
                dataset.GetRasterBand(number).ReadRaster()

        for use in (rows, rows_of_each_band, columns, blocks, tiles, everything, band_by_band):
            self.assertEqual(self.decoded_pixels(use), self.WIDTH * self.HEIGHT, use.__name__)


class Threads(unittest.TestCase):
    def test_datasets_on_one_file_in_many_threads(self):
        write(picture(400, 500), "shared.nae", "BLOCKSIZE=64")
        whole = read("shared.nae")
        wrong = []

        def work(seed):
            dice = np.random.default_rng(seed)
            for _ in range(4):
                dataset = gdal.Open("shared.nae")
                for _ in range(6):
                    x, y = int(dice.integers(0, 400)), int(dice.integers(0, 300))
                    back = dataset.ReadAsArray(x, y, 100, 100)
                    if back is None or not np.array_equal(back, whole[:, y:y + 100, x:x + 100]):
                        wrong.append((seed, x, y))

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_writers_in_many_threads(self):
        array = picture(150, 170)
        write(array, "alone.nae")
        with open("alone.nae", "rb") as file:
            alone = file.read()
        threads = [threading.Thread(target=write, args=(array, f"t{i}.nae")) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for i in range(6):
            with open(f"t{i}.nae", "rb") as file:
                self.assertEqual(file.read(), alone)

    def test_thread_counts_are_kept(self):
        """NUM_THREADS, GDAL_NUM_THREADS and which of them wins, seen in the process's threads."""
        write(picture(900, 900), "n.nae", "BLOCKSIZE=64")
        code = """
import os
from osgeo import gdal
dataset = gdal.OpenEx('n.nae', open_options=%r)
before = len(os.listdir('/proc/self/task'))
dataset.ReadRaster()
print(len(os.listdir('/proc/self/task')) - before)
"""
        for options, variable, helpers in ((["NUM_THREADS=1"], "4", 0), (["NUM_THREADS=3"], "1", 2), ([], "1", 0),
                                           ([], "4", 3)):
            self.assertEqual(int(child(code % options, GDAL_NUM_THREADS=variable)), helpers, (options, variable))


if __name__ == "__main__":
    unittest.main()
