"""Where files lie and what stands beside them: virtual file systems, side files, external overviews."""

import os
import subprocess
import unittest
import zipfile

import numpy as np
from osgeo import gdal

from nae_gdal import child, file_bytes, memory_dataset, picture, read, reports, write


class FileSystems(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        write(picture(200, 300), "here.nae", "BLOCKSIZE=64")
        cls.whole = read("here.nae")

    def test_memory(self):
        write(picture(200, 300), "/vsimem/folder/a.nae", "BLOCKSIZE=64")
        self.assertEqual(file_bytes("/vsimem/folder/a.nae"), file_bytes("here.nae"))
        self.assertTrue(np.array_equal(read("/vsimem/folder/a.nae"), self.whole))
        self.assertEqual(gdal.ReadDir("/vsimem/folder"), ["a.nae"])
        gdal.Unlink("/vsimem/folder/a.nae")

    def test_a_file_in_memory_that_somebody_holds_open(self):
        holder = gdal.VSIFOpenL("/vsimem/held.nae", "w+b")
        write(picture(200, 300), "/vsimem/held.nae", "BLOCKSIZE=64")
        gdal.VSIFSeekL(holder, 0, 0)
        self.assertEqual(bytes(gdal.VSIFReadL(1, 10**7, holder)), file_bytes("here.nae"))
        gdal.VSIFCloseL(holder)
        gdal.Unlink("/vsimem/held.nae")

    def test_zip(self):
        write(picture(200, 300), "/vsizip/a.zip/inside.nae", "BLOCKSIZE=64")
        with zipfile.ZipFile("a.zip") as archive:
            self.assertEqual(archive.namelist(), ["inside.nae"])
            self.assertEqual(archive.read("inside.nae"), file_bytes("here.nae"))
        dataset = gdal.Open("/vsizip/a.zip/inside.nae")
        self.assertTrue(np.array_equal(dataset.ReadAsArray(50, 60, 70, 80), self.whole[:, 60:140, 50:120]))

    def test_part_of_another_file(self):
        with open("padded.bin", "wb") as file:
            file.write(b"x" * 1000 + file_bytes("here.nae") + b"y" * 1000)
        size = os.path.getsize("here.nae")
        self.assertTrue(np.array_equal(read(f"/vsisubfile/1000_{size},padded.bin"), self.whole))

    def test_standard_output_and_input(self):
        done = subprocess.run(["gdal_translate", "-q", "-of", "NAE", "-co", "MODEL=block", "-co", "BLOCKSIZE=64",
                               self.tiff(), "/vsistdout/"], stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout, file_bytes("here.nae"))
        subprocess.run(["gdal_translate", "-q", "/vsistdin/", "back.tif"], input=done.stdout, check=True)
        self.assertTrue(np.array_equal(read("back.tif"), self.whole))

    def tiff(self):
        gdal.GetDriverByName("GTiff").CreateCopy("source.tif", memory_dataset(picture(200, 300)))
        return "source.tif"


class Beside(unittest.TestCase):
    def test_external_overviews(self):
        write(picture(500, 600), "o.nae", "BLOCKSIZE=64", *self.without_internal())
        dataset = gdal.Open("o.nae")
        self.assertEqual(dataset.BuildOverviews("AVERAGE", [2, 4]), 0)
        dataset = None
        self.assertTrue(os.path.exists("o.nae.ovr"))
        dataset = gdal.Open("o.nae")
        band = dataset.GetRasterBand(2)
        self.assertEqual([band.GetOverview(i).XSize for i in range(band.GetOverviewCount())], [300, 150])
        small = dataset.ReadAsArray(buf_xsize=150, buf_ysize=125)
        overview = [dataset.GetRasterBand(number).GetOverview(1).ReadAsArray() for number in (1, 2, 3)]
        self.assertTrue(np.array_equal(small, overview))
        dataset = band = None
        gdal.GetDriverByName("NAE").Delete("o.nae")
        self.assertFalse(os.path.exists("o.nae.ovr"))

    @staticmethod
    def without_internal():
        options = gdal.GetDriverByName("NAE").GetMetadataItem("DMD_CREATIONOPTIONLIST")
        return ["OVERVIEWS=NONE"] if "'OVERVIEWS'" in options else []

    def test_side_files_hold_the_rest(self):
        """What the format has no place for is kept by GDAL beside the file, and only then is there such a file."""
        write(picture(60, 70), "p.nae")
        self.assertEqual(gdal.Open("p.nae").GetFileList(), ["p.nae"])
        dataset = gdal.Open("p.nae")
        dataset.SetGCPs([gdal.GCP(1, 2, 3, 4, 5)], "")
        dataset.GetRasterBand(1).SetDescription("renamed")
        dataset = None
        back = gdal.Open("p.nae")
        self.assertEqual(back.GetFileList(), ["p.nae", "p.nae.aux.xml"])
        self.assertEqual(back.GetGCPCount(), 1)
        self.assertEqual(back.GetRasterBand(1).GetDescription(), "renamed")

    def test_image_structure(self):
        write(picture(60, 70), "s.nae", "QUALITY=62.5", "EMBED_MODEL=YES")
        found = gdal.Open("s.nae").GetMetadata("IMAGE_STRUCTURE")
        for key, value in {"COMPRESSION": "NAE", "INTERLEAVE": "PIXEL", "COMPRESSION_REVERSIBILITY": "LOSSY",
                           "QUALITY": "62.5", "MODEL": "block"}.items():
            self.assertEqual(found[key], value)
        self.assertRegex(found["MODEL_ID"], "^[0-9a-f]{16}$")


class Identify(unittest.TestCase):
    def test_other_files_cost_nothing(self):
        """Eight bytes decide; a file of another format is not read, nor is any model."""
        with open("not.nae", "wb") as file:
            file.write(b"\x8eNAX\r\n\x1a\n" + bytes(100))
        printed = child("""
from osgeo import gdal
gdal.SetConfigOption('CPL_DEBUG', 'NAE')
from nae_gdal import reports
with reports() as found:
    assert gdal.IdentifyDriver('not.nae') is None
    assert gdal.Open('not.nae') is None
print([r for r in found if 'NAE:' in r[2]])
print('.nam' in open('/proc/self/maps').read())
""")
        self.assertEqual(printed.split("\n")[:2], ["[]", "False"])

    def test_extension_alone_says_nothing(self):
        with open("text.nae", "w") as file:
            file.write("a text")
        with reports():
            self.assertIsNone(gdal.Open("text.nae"))


if __name__ == "__main__":
    unittest.main()
