"""Limits as GDAL configuration options, and conversions killed half-way."""

import os
import random
import signal
import subprocess
import time
import unittest

from nae_gdal import file_bytes, memory_dataset, picture, psnr, read, reports, write
from osgeo import gdal


class Limits(unittest.TestCase):
    def test_every_limit_can_be_lowered(self):
        write(picture(130, 200), "/vsimem/l.nae", "BLOCKSIZE=64", "EMBED_MODEL=YES")
        for option, value in [("NAE_MAX_PIXELS", "25999"), ("NAE_MAX_TILES", "11"), ("NAE_MAX_MODEL_BYTES", "1000"),
                              ("NAE_MAX_OPERATIONS_PER_PIXEL", "1"), ("NAE_MAX_TENSOR_BYTES", "100")]:
            with gdal.config_option(option, value), reports() as found:
                dataset = gdal.Open("/vsimem/l.nae")
                if dataset is not None:
                    self.assertIsNone(dataset.ReadAsArray(), option)
            self.assertIn(value, " ".join(message for _, _, message in found.failures()))
            self.assertIn("/vsimem/l.nae", found[0][2])
        with gdal.config_option("NAE_MAX_PIXELS", "26000"):
            read("/vsimem/l.nae")
        for value in ["many", "0", "-5", "nan"]:
            with gdal.config_option("NAE_MAX_PIXELS", value), reports() as found:
                self.assertIsNone(gdal.Open("/vsimem/l.nae"))
            self.assertIn("NAE_MAX_PIXELS=" + value, found.one_failure())
        gdal.Unlink("/vsimem/l.nae")


class Killed(unittest.TestCase):
    def test_conversions_killed_at_random_moments(self):
        """Where no file stood before: there is none, or a whole one. GDAL deletes an old one before it asks a driver."""
        random.seed(3)
        array = picture(300, 400)
        gdal.GetDriverByName("GTiff").CreateCopy("source.tif", memory_dataset(array))
        command = ["gdal_translate", "-q", "-of", "NAE", "-co", "MODEL=block", "source.tif", "out.nae"]
        start = time.monotonic()
        subprocess.run(command, check=True)
        whole, took = file_bytes("out.nae"), time.monotonic() - start
        finished = 0
        for _ in range(30):
            if os.path.exists("out.nae"):
                os.remove("out.nae")
            process = subprocess.Popen(command)
            time.sleep(random.uniform(0.2, 1.3) * took)
            process.send_signal(signal.SIGKILL)
            process.wait()
            if os.path.exists("out.nae"):
                finished += 1
                self.assertEqual(file_bytes("out.nae"), whole)
        left = [name for name in os.listdir(".") if name not in ("source.tif", "out.nae")]
        self.assertTrue(all(name.startswith(".nae-") and name.endswith(".part") for name in left), left)
        self.assertGreater(psnr(array, read("out.nae") if finished else array), 20)
        print(f"30 kills, {finished} files complete, {len(left)} temporaries left")


if __name__ == "__main__":
    unittest.main()
