"""What the plugin costs a GDAL process that has nothing to do with it: gdalinfo on a TIFF.

Asserted is what makes it cheap: no library is loaded but the plugin itself. The time is printed for people to read (5 ms are
the aim on an idle machine): processor time of the process, least of several runs, in turns with and without the plugin.
"""

import os
import re
import shutil
import subprocess
import unittest

from osgeo import gdal

from nae_gdal import memory_dataset, picture


def environment(driver_path, **more):
    return {**os.environ, "GDAL_DRIVER_PATH": driver_path, **more}


def milliseconds(driver_path):
    process = os.posix_spawn(
        shutil.which("gdalinfo"), ["gdalinfo", "picture.tif"], environment(driver_path),
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(process, 0)
    assert status == 0
    return 1000 * (usage.ru_utime + usage.ru_stime)


def libraries(driver_path):
    """Names of the libraries that gdalinfo loads, by the dynamic linker's own account."""
    run = subprocess.run(["gdalinfo", "picture.tif"], env=environment(driver_path, LD_DEBUG="files"),
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    return {os.path.basename(path) for path in re.findall(r"calling init: (\S+)", run.stderr)}


@unittest.skipIf("NAE_PRELOAD" in os.environ, "a sanitizer's cost is not the plugin's")
class PluginCost(unittest.TestCase):
    def setUp(self):
        gdal.GetDriverByName("GTiff").CreateCopy("picture.tif", memory_dataset(picture(50, 70)))
        os.makedirs("empty", exist_ok=True)
        self.ways = {"with": os.environ["GDAL_DRIVER_PATH"], "without": os.path.abspath("empty")}

    def test_no_library_but_the_plugin(self):
        loaded = {way: libraries(path) for way, path in self.ways.items()}
        self.assertTrue(any(name.startswith("libgdal") for name in loaded["without"]), loaded["without"])
        self.assertEqual(loaded["with"] - loaded["without"], {"gdal_NAE.so"})

    def test_time_of_gdalinfo(self):
        best = {way: float("inf") for way in self.ways}
        for _ in range(20):
            for way, path in self.ways.items():
                best[way] = min(best[way], milliseconds(path))
        print(f"gdalinfo: {best['with']:.1f} ms with the plugin, {best['without']:.1f} without: "
              f"{best['with'] - best['without']:.1f} more")


if __name__ == "__main__":
    unittest.main()
