"""Limits as GDAL configuration options."""

import contextlib
import unittest

from nae_gdal import picture, read, reports, write
from osgeo import gdal


@contextlib.contextmanager
def configured(option, value):
    gdal.SetConfigOption(option, value)
    try:
        yield
    finally:
        gdal.SetConfigOption(option, None)


class Limits(unittest.TestCase):
    def test_every_limit_can_be_lowered(self):
        write(picture(130, 200), "/vsimem/l.nae", "BLOCKSIZE=64", "EMBED_MODEL=YES")
        for option, value in [("NAE_MAX_PIXELS", "25999"), ("NAE_MAX_TILES", "11"), ("NAE_MAX_MODEL_BYTES", "1000"),
                              ("NAE_MAX_OPERATIONS_PER_PIXEL", "1"), ("NAE_MAX_TENSOR_BYTES", "100")]:
            with configured(option, value), reports() as found:
                dataset = gdal.Open("/vsimem/l.nae")
                if dataset is not None:
                    self.assertIsNone(dataset.ReadAsArray(), option)
            self.assertIn(value, " ".join(message for _, _, message in found.failures()))
            self.assertIn("/vsimem/l.nae", found[0][2])
        with configured("NAE_MAX_PIXELS", "26000"):
            read("/vsimem/l.nae")
        for value in ["many", "0", "-5", "nan"]:
            with configured("NAE_MAX_PIXELS", value), reports() as found:
                self.assertIsNone(gdal.Open("/vsimem/l.nae"))
            self.assertIn("NAE_MAX_PIXELS=" + value, found.one_failure())
        gdal.Unlink("/vsimem/l.nae")


if __name__ == "__main__":
    unittest.main()
