"""What GDAL expects of any raster driver, whatever it is asked for; after the generic checks of GDAL's own autotest.

With GDAL_AUTOTEST naming a checkout of GDAL's autotest/ folder (of the installed version, with its requirements) the
generic checks there run, too.
"""

import os
import re
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree

import numpy as np
from osgeo import gdal

from nae_gdal import picture, read, reports, write

TYPES = [getattr(gdal, "GDT_" + name) for name in
         ("Byte", "UInt16", "Int16", "UInt32", "Int32", "Float32", "Float64", "CInt16", "CInt32", "CFloat32", "CFloat64")
         + tuple(name for name in ("Int8", "UInt64", "Int64") if hasattr(gdal, "GDT_" + name))]


def source_of(bands, kind):
    dataset = gdal.GetDriverByName("MEM").Create("", 20, 10, bands, kind)
    if bands > 0:
        dataset.GetRasterBand(1).Fill(255)
    dataset.SetGeoTransform([2, 0.1, 0, 49, 0, -0.1])
    dataset.SetMetadata(["a"])  # not a name and a value
    return dataset


class AnySource(unittest.TestCase):
    def copy(self, path, source, options=("MODEL=block",), **more):
        with reports() as found:
            made = gdal.GetDriverByName("NAE").CreateCopy(path, source, 0, list(options), **more)
        return made, found

    def test_any_type_and_number_of_bands(self):
        """Written and readable in the type that the driver lists, or refused with one error and nothing left."""
        listed = gdal.GetDriverByName("NAE").GetMetadataItem("DMD_CREATIONDATATYPES").split()
        self.assertIn("Byte", listed)
        for kind in TYPES:
            for bands in (0, 1, 2, 3, 4, 5, 6):
                source = source_of(bands, kind)
                made, found = self.copy("any.nae", source)
                name = gdal.GetDataTypeName(kind)
                if made is None:
                    found.one_failure()
                    self.assertFalse([f for f in os.listdir(".") if "any" in f or "part" in f], (name, bands))
                    self.assertFalse(name in listed and bands in (1, 3), (name, bands, found))
                    continue
                self.assertEqual(found.failures(), [])
                self.assertIn(name, listed)
                made.GetMetadata(None)
                made = None
                back = gdal.Open("any.nae")
                self.assertEqual(back.RasterCount, bands)
                self.assertEqual(back.GetRasterBand(1).DataType, kind)
                self.assertEqual(back.GetGeoTransform(), source.GetGeoTransform())
                self.assertIsNotNone(back.ReadAsArray())
                back = None
                gdal.GetDriverByName("NAE").Delete("any.nae")

    def test_a_disk_that_fills_up_is_noticed(self):
        source = source_of(3, gdal.GDT_Byte)
        whole = self.copy("/vsimem/whole.nae", source)[0]
        self.assertIsNotNone(whole)
        whole = None
        size = gdal.VSIStatL("/vsimem/whole.nae").size
        for tenth in range(10):
            for slash in ("/", ""):
                path = f"/vsimem/short/||maxlength={size * tenth // 10}||{slash}s.nae"
                made, found = self.copy(path, source)
                self.assertIsNone(made, tenth)
                found.one_failure()
                self.assertFalse(gdal.ReadDirRecursive("/vsimem/short"))
        gdal.Unlink("/vsimem/whole.nae")

    def test_a_folder_that_is_not_there(self):
        made, found = self.copy("not/there/foo.nae", source_of(1, gdal.GDT_Byte))
        self.assertIsNone(made)
        self.assertIn("not/there/foo.nae", found.one_failure())

    def test_sources_of_odd_shapes(self):
        for width, height in ((1, 1), (1, 3000), (3000, 1), (17, 513)):
            array = picture(height, width)
            made, found = self.copy("odd.nae", gdal.GetDriverByName("MEM").CreateCopy("", gdal.OpenEx(
                self.memory(array), 0)))
            self.assertIsNotNone(made, found)
            made = None
            self.assertEqual(read("odd.nae").shape, array.shape)

    def memory(self, array):
        bands, height, width = array.shape
        gdal.GetDriverByName("GTiff").Create("/vsimem/odd.tif", width, height, bands).WriteArray(array)
        return "/vsimem/odd.tif"

    def test_copy_onto_itself_is_refused(self):
        write(picture(40, 50), "self.nae")
        with open("self.nae", "rb") as file:
            before = file.read()
        with reports():
            gdal.GetDriverByName("NAE").CreateCopy("copy.nae", gdal.Open("self.nae"), 0, ["MODEL=block"])
        with open("self.nae", "rb") as file:
            self.assertEqual(file.read(), before)


class Driver(unittest.TestCase):
    def test_metadata(self):
        driver = gdal.GetDriverByName("NAE")
        for key, value in driver.GetMetadata().items():
            if key.startswith("DCAP_"):
                self.assertEqual(value, "YES", key)
        for key, root_name in (("DMD_CREATIONOPTIONLIST", "CreationOptionList"), ("DMD_OPENOPTIONLIST", "OpenOptionList")):
            root = ElementTree.fromstring(driver.GetMetadataItem(key))
            self.assertEqual(root.tag, root_name)
            for option in root:
                self.assertEqual(option.tag, "Option")
                self.assertTrue(re.fullmatch(r"\S+", option.get("name")))
                self.assertIn(option.get("type"), ("int", "float", "boolean", "string", "string-select"))
                self.assertEqual(set(option.keys()) - {"name", "type", "description", "default", "min", "max"}, set())
                if option.get("type") == "string-select":
                    values = [value.text for value in option]
                    self.assertIn(option.get("default", values[0]), values)
                for value in (option.get("default"),):
                    if value is not None and option.get("type") in ("int", "float") and option.get("min"):
                        self.assertLessEqual(float(option.get("min")), float(value))
                        self.assertLessEqual(float(value), float(option.get("max")))


class Bands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        write(picture(150, 170), "b.nae", "BLOCKSIZE=64")

    def test_statistics_and_histogram(self):
        dataset = gdal.Open("b.nae")
        array = dataset.ReadAsArray()
        band = dataset.GetRasterBand(2)
        self.assertTrue(np.allclose(band.ComputeRasterMinMax(False), (array[1].min(), array[1].max())))
        low, high, mean, deviation = band.ComputeStatistics(False)
        self.assertAlmostEqual(mean, array[1].mean(), 3)
        self.assertEqual(band.GetHistogram(-0.5, 255.5, 256, approx_ok=0), list(np.bincount(array[1].ravel(), minlength=256)))
        dataset = band = None
        again = gdal.Open("b.nae")  # a band does not keep its dataset alive
        self.assertAlmostEqual(again.GetRasterBand(2).GetStatistics(False, False)[2], mean, 3)
        again = None
        os.remove("b.nae.aux.xml")

    def test_windows_outside_are_errors(self):
        dataset = gdal.Open("b.nae")
        for window in ((0, 0, 171, 5), (169, 149, 2, 1)):
            with reports():
                self.assertIsNone(dataset.ReadRaster(*window, buf_xsize=5, buf_ysize=5))
        self.assertIsNotNone(dataset.ReadRaster(169, 149, 1, 1))

    def test_writing_pixels_is_refused(self):
        dataset = gdal.Open("b.nae")
        with reports() as found:
            result = dataset.GetRasterBand(1).WriteRaster(0, 0, 1, 1, b"x")
            dataset.FlushCache()
        self.assertTrue(result != 0 or found.failures())
        dataset = None
        self.assertEqual([f for f in os.listdir(".") if f.startswith("b.nae")], ["b.nae"])

    def test_block_size_and_actual_block_size(self):
        dataset = gdal.Open("b.nae")
        band = dataset.GetRasterBand(1)
        self.assertEqual(band.GetBlockSize(), [64, 64])
        self.assertEqual(band.GetActualBlockSize(2, 2), (170 - 128, 150 - 128))

    def test_files_are_listed_renamed_copied_and_deleted_together(self):
        driver = gdal.GetDriverByName("NAE")
        driver.CopyFiles("c.nae", "b.nae")
        dataset = gdal.Open("c.nae")
        dataset.SetMetadataItem("added", "later")
        dataset = None
        self.assertEqual(gdal.Open("c.nae").GetFileList(), ["c.nae", "c.nae.aux.xml"])
        driver.Rename("d.nae", "c.nae")
        self.assertEqual(gdal.Open("d.nae").GetMetadataItem("added"), "later")
        driver.Delete("d.nae")
        self.assertFalse([f for f in os.listdir(".") if f[:2] in ("c.", "d.")])


class Autotest(unittest.TestCase):
    @unittest.skipUnless("GDAL_AUTOTEST" in os.environ, "GDAL_AUTOTEST does not name a checkout of GDAL's autotest")
    def test_generic_checks(self):
        folder = os.environ["GDAL_AUTOTEST"]
        for checks in (["gcore/test_driver_metadata.py"], ["gcore/misc.py", "-k", "misc_5 or misc_6 or misc_12 or misc_13"]):
            done = subprocess.run([sys.executable, "-m", "pytest", "-q", *checks], cwd=folder)
            self.assertEqual(done.returncode, 0, checks)


if __name__ == "__main__":
    unittest.main()
