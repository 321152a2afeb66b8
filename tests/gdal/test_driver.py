"""Registration: what GDAL knows about the driver, and what is not its business."""

import os
import unittest
import xml.etree.ElementTree as ElementTree

from osgeo import gdal

from nae_gdal import child, picture, reports, write


class Driver(unittest.TestCase):
    def setUp(self):
        self.driver = gdal.GetDriverByName("NAE")
        self.assertIsNotNone(self.driver, "the plugin is not loaded")

    def test_metadata(self):
        for key, value in {
            "DCAP_RASTER": "YES", "DCAP_OPEN": "YES", "DCAP_CREATECOPY": "YES", "DCAP_VIRTUALIO": "YES",
            "DCAP_COORDINATE_EPOCH": "YES",
            "DMD_EXTENSION": "nae", "DMD_EXTENSIONS": "nae", "DMD_MIMETYPE": "image/x-nae",
            "DMD_CREATIONDATATYPES": "Byte UInt16 Int16 UInt32 Int32 Float32",
        }.items():
            self.assertEqual(self.driver.GetMetadataItem(key), value, key)
        self.assertIsNone(self.driver.GetMetadataItem("DCAP_CREATE"))
        self.assertIsNone(self.driver.GetMetadataItem("DCAP_VECTOR"))

    def test_option_lists_are_valid_and_complete(self):
        for key, names in {
            "DMD_CREATIONOPTIONLIST":
                ["QUALITY", "EFFORT", "TUNE", "TARGET_BPP", "TARGET_PSNR", "TARGET_SIZE", "LOSSLESS_ALPHA", "OVERVIEWS",
                 "OVERVIEW_RESAMPLING", "MODEL", "EMBED_MODEL", "LABEL", "BLOCKSIZE", "NUM_THREADS", "WRITE_METADATA"],
            "DMD_OPENOPTIONLIST": ["NUM_THREADS", "MODEL_PATH", "STRICT"],
        }.items():
            root = ElementTree.fromstring(self.driver.GetMetadataItem(key))
            self.assertEqual([option.get("name") for option in root], names)
            for option in root:
                self.assertTrue(option.get("description"), option.get("name"))
                self.assertIn(option.get("type"), ["int", "float", "boolean", "string", "string-select"])

    def test_identify_wants_the_whole_signature(self):
        signature = b"\x8eNAE\r\n\x1a\n"
        for n in range(len(signature)):
            damaged = bytearray(signature + bytes(100))
            damaged[n] ^= 1
            gdal.FileFromMemBuffer("/vsimem/a.nae", bytes(damaged))
            self.assertIsNone(gdal.IdentifyDriver("/vsimem/a.nae"), f"byte {n}")
            gdal.FileFromMemBuffer("/vsimem/a.nae", signature[:n])
            self.assertIsNone(gdal.IdentifyDriver("/vsimem/a.nae"), f"{n} bytes")
        gdal.FileFromMemBuffer("/vsimem/any.name", signature)
        self.assertEqual(gdal.IdentifyDriver("/vsimem/any.name").ShortName, "NAE")
        gdal.Unlink("/vsimem/a.nae")
        gdal.Unlink("/vsimem/any.name")

    def test_update_is_refused(self):
        write(picture(20, 30), "/vsimem/u.nae")
        with reports() as found:
            self.assertIsNone(gdal.Open("/vsimem/u.nae", gdal.GA_Update))
        self.assertIn("/vsimem/u.nae", found.one_failure())
        gdal.Unlink("/vsimem/u.nae")

    def test_vector_open_is_not_for_us(self):
        write(picture(20, 30), "/vsimem/v.nae")
        with reports():
            self.assertIsNone(gdal.OpenEx("/vsimem/v.nae", gdal.OF_VECTOR))
        gdal.Unlink("/vsimem/v.nae")


class WhatIsMapped(unittest.TestCase):
    """D1: a process that reads maps no LibTorch; one that never meets a .nae file opens no model."""

    def test_reading_maps_no_torch(self):
        write(picture(100, 130), os.path.abspath("a.nae"))
        mapped = child("""
from osgeo import gdal
dataset = gdal.Open('a.nae')
assert dataset.ReadAsArray() is not None
print(open('/proc/self/maps').read())
""", NAE_TORCH_MODULE="")
        self.assertIn("gdal_NAE.so", mapped)
        for name in ["torch", "libc10", "plain_analysis"]:
            self.assertNotIn(name, mapped)

    def test_writing_maps_no_torch(self):
        mapped = child("""
from nae_gdal import picture, write
assert write(picture(100, 130), 'own.nae') is not None
print(open('/proc/self/maps').read())
""", NAE_TORCH_MODULE="")
        self.assertIn("gdal_NAE.so", mapped)
        for name in ["torch", "libc10", "plain_analysis"]:
            self.assertNotIn(name, mapped)

    def test_opening_needs_no_model(self):
        write(picture(100, 130), os.path.abspath("a.nae"))
        os.makedirs("empty", exist_ok=True)
        printed = child("""
from osgeo import gdal
from nae_gdal import reports
dataset = gdal.Open('a.nae')
assert dataset is not None
assert dataset.GetMetadataItem('MODEL', 'IMAGE_STRUCTURE') == 'block'
with reports() as found:
    assert dataset.ReadAsArray() is None
print(found.one_failure())
""", NAE_MODEL_PATH=os.path.abspath("empty"))
        self.assertIn("a.nae", printed)
        self.assertIn("block", printed)
        self.assertIn("empty", printed)  # where it looked


if __name__ == "__main__":
    unittest.main()
