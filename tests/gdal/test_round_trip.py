"""A picture becomes a .nae file and comes back."""

import os
import unittest

import numpy as np
from osgeo import gdal

from nae_gdal import chunks, file_bytes, memory_dataset, picture, psnr, read, reports, write


class RoundTrip(unittest.TestCase):
    def tearDown(self):
        for path in gdal.ReadDir("/vsimem/") or []:
            gdal.Unlink("/vsimem/" + path)

    def test_gray_and_rgb(self):
        for bands in (1, 3):
            source = picture(200, 301, bands)
            dataset = write(source, "/vsimem/a.nae", "QUALITY=95")
            self.assertEqual((dataset.RasterCount, dataset.RasterYSize, dataset.RasterXSize), source.shape)
            self.assertEqual(dataset.GetDriver().ShortName, "NAE")
            wanted = ["Gray"] if bands == 1 else ["Red", "Green", "Blue"]
            found = [gdal.GetColorInterpretationName(dataset.GetRasterBand(i + 1).GetColorInterpretation())
                     for i in range(bands)]
            self.assertEqual(found, wanted)
            # The model keeps low frequencies only: noise of sigma 2 stays behind.
            self.assertGreater(psnr(source, read("/vsimem/a.nae")), 33)

    def test_small_sizes(self):
        for bands in (1, 3):
            for height, width in [(1, 1), (1, 70), (70, 1), (2, 3), (15, 17), (16, 16), (17, 64), (65, 63)]:
                source = picture(height, width, bands)
                self.assertIsNotNone(write(source, "/vsimem/s.nae", "QUALITY=90", "BLOCKSIZE=64"))
                back = read("/vsimem/s.nae")
                self.assertEqual(back.shape, source.shape)
                self.assertGreater(psnr(source, back), 20, f"{width}x{height}x{bands}")

    def test_image_structure(self):
        dataset = write(picture(40, 50), "/vsimem/i.nae", "QUALITY=42.5", "BLOCKSIZE=128")
        structure = dataset.GetMetadata("IMAGE_STRUCTURE")
        self.assertEqual(structure["COMPRESSION"], "NAE")
        self.assertEqual(structure["INTERLEAVE"], "PIXEL")
        self.assertEqual(structure["COMPRESSION_REVERSIBILITY"], "LOSSY")
        self.assertEqual(structure["QUALITY"], "42.5")
        self.assertEqual(structure["MODEL"], "block")
        self.assertRegex(structure["MODEL_ID"], "^[0-9a-f]{16}$")
        self.assertEqual(dataset.GetRasterBand(1).GetBlockSize(), [128, 128])
        by_id = write(picture(40, 50), "/vsimem/j.nae", "QUALITY=42.5", "MODEL=" + structure["MODEL_ID"])
        self.assertEqual(by_id.GetMetadataItem("MODEL", "IMAGE_STRUCTURE"), "block")

    def test_quality_rises(self):
        source = picture(256, 256)
        sizes, figures = [], []
        for quality in (1, 20, 40, 60.5, 80, 100):
            write(source, "/vsimem/q.nae", f"QUALITY={quality}")
            sizes.append(len(file_bytes("/vsimem/q.nae")))
            figures.append(psnr(source, read("/vsimem/q.nae")))
        self.assertEqual(sizes, sorted(sizes))
        # This model has given all it can at 80: what the search trades above is a few hundredths of a dB.
        self.assertEqual(figures[:5], sorted(figures[:5]))
        self.assertGreater(figures[5], figures[4] - 0.1)

    def test_default_quality(self):
        dataset = write(picture(40, 50), "/vsimem/d.nae")
        self.assertEqual(dataset.GetMetadataItem("QUALITY", "IMAGE_STRUCTURE"), "75")
        self.assertEqual(dataset.GetRasterBand(1).GetBlockSize(), [512, 512])

    def test_same_input_same_bytes(self):
        source = picture(300, 200)
        for name, threads in (("a", "1"), ("b", "7"), ("c", "ALL_CPUS")):
            write(source, f"/vsimem/{name}.nae", "BLOCKSIZE=64", "NUM_THREADS=" + threads)
        self.assertEqual(file_bytes("/vsimem/a.nae"), file_bytes("/vsimem/b.nae"))
        self.assertEqual(file_bytes("/vsimem/a.nae"), file_bytes("/vsimem/c.nae"))

    def test_embedded_model(self):
        source = picture(64, 80)
        write(source, "/vsimem/plain.nae")
        write(source, "/vsimem/embedded.nae", "EMBED_MODEL=YES")
        self.assertNotIn("MODL", [c[0] for c in chunks(file_bytes("/vsimem/plain.nae"))])
        self.assertIn("MODL", [c[0] for c in chunks(file_bytes("/vsimem/embedded.nae"))])
        self.assertTrue(np.array_equal(read("/vsimem/plain.nae"), read("/vsimem/embedded.nae")))

    def test_plain_file_leaves_nothing_else(self):
        os.makedirs("out")
        write(picture(64, 80), "out/a.nae")
        self.assertEqual(os.listdir("out"), ["a.nae"])

    def test_overwrites(self):
        write(picture(64, 80), "w.nae")
        write(picture(30, 20), "w.nae")
        self.assertEqual(read("w.nae").shape, (3, 30, 20))

    def test_virtual_files(self):
        source = picture(64, 80)
        for path in ["/vsimem/dir/a.nae", "/vsizip/z.zip/a.nae", "/vsigzip/g.nae.gz"]:
            self.assertIsNotNone(write(source, path), path)
            self.assertEqual(read(path).shape, source.shape, path)

    def test_reads_inside_larger_files(self):
        write(picture(64, 80), "/vsimem/a.nae")
        data = file_bytes("/vsimem/a.nae")
        gdal.FileFromMemBuffer("/vsimem/big.bin", bytes(100) + data)
        back = read(f"/vsisubfile/100_{len(data)},/vsimem/big.bin")
        self.assertTrue(np.array_equal(back, read("/vsimem/a.nae")))

    def test_progress(self):
        seen = []
        write(picture(500, 300), "/vsimem/p.nae", "BLOCKSIZE=64",
              callback=lambda done, message, data: seen.append(done) or 1)
        self.assertEqual(seen, sorted(seen))
        self.assertEqual(seen[0], 0.0)
        self.assertEqual(seen[-1], 1.0)
        self.assertGreater(len(seen), 2)

    def test_cancel(self):
        os.makedirs("cancelled")
        for after in (0.0, 0.3, 0.9):
            with reports() as found:
                dataset = write(picture(500, 300), "cancelled/c.nae", "BLOCKSIZE=64",
                                callback=lambda done, message, data: 0 if done >= after else 1)
            self.assertIsNone(dataset)
            self.assertIn("c.nae", found.one_failure())
            self.assertEqual(os.listdir("cancelled"), [])

    def test_source_of_another_driver(self):
        source = picture(100, 90)
        gdal.GetDriverByName("GTiff").CreateCopy("s.tif", memory_dataset(source))
        gdal.Translate("t.nae", "s.tif", options="-of NAE -co MODEL=block -co QUALITY=90")
        write(source, "m.nae", "QUALITY=90")
        self.assertTrue(np.array_equal(read("t.nae"), read("m.nae")))


if __name__ == "__main__":
    unittest.main()
