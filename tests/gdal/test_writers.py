"""Conversions that are killed, run out of room, or lose their source: an old file or a whole new one, and nothing else."""

import os
import random
import resource
import signal
import shutil
import subprocess
import sys
import time
import unittest

import numpy as np
from osgeo import gdal

from nae_gdal import memory_dataset, picture, read, reports, write
from range_server import serve

KILLS = 30  # of each kind
SIZE = (500, 700)
OPTIONS = ("MODEL=block", "BLOCKSIZE=64", "QUALITY=95")
# converter.py TARGET TIMES SOURCE…: CreateCopy() without GDAL's habit of deleting the old file first; gdal_translate does
# that whatever one says.
CONVERTER = f"""
import sys
from osgeo import gdal
gdal.UseExceptions()
sources = [gdal.Open(name) for name in sys.argv[3:]]
print('ready', flush=True)
for number in range(int(sys.argv[2])):
    gdal.GetDriverByName('NAE').CreateCopy(sys.argv[1], sources[number % len(sources)], 0,
                                           ['QUIET_DELETE_ON_CREATE_COPY=NO', *{OPTIONS}])
"""


def converter(target, times, *sources):
    return [sys.executable, "-c", CONVERTER, target, str(times), *sources]


def translate(source, target):
    return ["gdal_translate", "-q", "-of", "NAE", *(word for option in OPTIONS for word in ("-co", option)), source, target]


def content(path):
    with open(path, "rb") as file:
        return file.read()


class Killed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.makedirs("k")
        for number, shape in enumerate([(60, 80), SIZE]):
            gdal.GetDriverByName("GTiff").CreateCopy(f"s{number}.tif", memory_dataset(picture(*shape, seed=number)))
            subprocess.run(translate(f"s{number}.tif", f"valid{number}.nae"), check=True)
        cls.valid = [content("valid0.nae"), content("valid1.nae")]

    def check_folder(self, name):
        """Nothing but the file, and what says that it was never finished."""
        for other in set(os.listdir("k")) - {name}:
            self.assertRegex(other, r"^\.nae-\d+-\d+\.part$")
            os.unlink(os.path.join("k", other))

    def test_gdal_translate(self):
        """GDAL deletes the old file first: then there is the old one, none, or the whole new one."""
        dice, seen = random.Random(5), {"old": 0, "none": 0, "new": 0}
        start = time.monotonic()
        subprocess.run(translate("s1.tif", "k/a.nae"), check=True)
        usual = time.monotonic() - start
        for _ in range(KILLS):
            shutil.copy("valid0.nae", "k/a.nae")
            with subprocess.Popen(translate("s1.tif", "k/a.nae"), stderr=subprocess.DEVNULL) as process:
                time.sleep(dice.uniform(0, 1.3 * usual))
                process.kill()
            found = content("k/a.nae") if os.path.exists("k/a.nae") else b""
            self.assertIn(found, [b"", *self.valid])
            seen["none" if found == b"" else "old" if found == self.valid[0] else "new"] += 1
            self.check_folder("a.nae")
        print(KILLS, "gdal_translate killed:", seen)
        self.assertGreater(seen["old"] + seen["none"], 0)

    def test_the_old_file_stays_where_gdal_does_not_delete_it(self):
        dice, changed = random.Random(6), 0
        shutil.copy("valid0.nae", "k/b.nae")
        for _ in range(KILLS):
            before = content("k/b.nae")
            with subprocess.Popen(converter("k/b.nae", 1000, "s0.tif", "s1.tif"), stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL) as process:
                process.stdout.readline()
                time.sleep(dice.uniform(0, 0.4))
                process.kill()
            self.assertIn(content("k/b.nae"), self.valid)
            changed += content("k/b.nae") != before
            self.check_folder("b.nae")
        print(KILLS, "converters killed, the file was another one", changed, "times")

    @unittest.skipUnless("NAE_PROGRAM" in os.environ, "the tools are not built")
    def test_nae_encode(self):
        """The command writes beside the old file and exchanges them."""
        command = [os.environ["NAE_PROGRAM"], "encode", "--quiet", *(word for option in OPTIONS[:1] for word in ("--model", option.split("=")[1])),
                   "--tile-size", "64", "--quality", "95", "s1.tif", "k/e.nae"]
        shutil.copy("valid0.nae", "k/e.nae")
        start = time.monotonic()
        subprocess.run(command, check=True)
        usual = time.monotonic() - start
        new = content("k/e.nae")
        dice, seen = random.Random(7), {"old": 0, "new": 0}
        for _ in range(KILLS):
            shutil.copy("valid0.nae", "k/e.nae")
            with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
                time.sleep(dice.uniform(0, 1.3 * usual))
                process.kill()
            found = content("k/e.nae")
            self.assertIn(found, [self.valid[0], new])
            seen["new" if found == new else "old"] += 1
            for other in set(os.listdir("k")) - {"e.nae"}:
                self.assertRegex(other, r"^\.nae-\w{6}$")  # the folder that it was writing in
                shutil.rmtree(os.path.join("k", other))
        os.unlink("k/e.nae")
        print(KILLS, "nae encode killed:", seen)
        self.assertGreater(seen["old"], 0)

    def test_two_conversions_under_one_name(self):
        """Whoever comes last wins; a reader sees whole files only."""
        shutil.copy("valid0.nae", "k/c.nae")
        both = [subprocess.Popen(converter("k/c.nae", 20, source), stdout=subprocess.PIPE) for source in ("s0.tif", "s1.tif")]
        reads = 0
        while any(process.poll() is None for process in both):
            self.assertIn(content("k/c.nae"), self.valid)
            reads += 1
        self.assertEqual([process.communicate() and process.returncode for process in both], [0, 0])
        self.assertGreater(reads, 10)
        self.assertEqual(os.listdir("k"), ["c.nae"])

    def tearDown(self):
        for name in os.listdir("k"):
            os.unlink(os.path.join("k", name))


class NoRoom(unittest.TestCase):
    def setUp(self):
        shutil.rmtree("r", ignore_errors=True)
        os.makedirs("r")
        gdal.GetDriverByName("GTiff").CreateCopy("s.tif", memory_dataset(picture(300, 400)))
        write(picture(20, 20), "r/a.nae")
        self.old = content("r/a.nae")

    def test_a_quota(self):
        """A limit on file sizes fails a write at any byte, as a quota does."""
        def limit(size):
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        for size in (0, 1, 100, 1000, 2000):
            done = subprocess.run(converter("r/a.nae", 1, "s.tif"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  text=True, preexec_fn=lambda: limit(size))
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("r/a.nae", done.stderr)
            self.assertEqual(os.listdir("r"), ["a.nae"])
            self.assertEqual(content("r/a.nae"), self.old)

    def on_a_small_disk(self, before):
        """A conversion in a world of its own, where folder r is a file system of 12 kB: the error."""
        shutil.copy("r/a.nae", "old.nae")
        world = "mount -t tmpfs -o size=12k tmpfs r && cp old.nae r/a.nae && " + before
        if subprocess.run(["unshare", "-rm", "sh", "-c", world], capture_output=True).returncode != 0:
            self.skipTest("no file system can be mounted here")
        script = world + '; "$@" 2>errors; echo $? >status; ls -A r >names; cp r/a.nae after.nae'
        subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", *converter("r/a.nae", 1, "s.tif")], check=True,
                       stdout=subprocess.DEVNULL)
        self.assertNotEqual(content("status").strip(), b"0")
        self.assertEqual(content("names"), b"a.nae\n")
        self.assertEqual(content("after.nae"), self.old)
        message = content("errors").decode()
        self.assertIn("r/a.nae", message)
        return message

    def test_a_full_disk(self):
        self.assertIn("No space left", self.on_a_small_disk("true"))

    def test_a_read_only_file_system(self):
        self.assertIn("Read-only", self.on_a_small_disk("mount -o remount,ro r"))


class Vanished(unittest.TestCase):
    """A file behind HTTP that is there when it is opened, and gone when its pixels are wanted."""

    def setUp(self):
        write(picture(600, 600), "far.nae", "BLOCKSIZE=64", "QUALITY=100")
        self.pixels = read("far.nae")
        gdal.VSICurlClearCache()

    def test_reading(self):
        with serve(os.getcwd()) as (address, _):
            dataset = gdal.Open(f"/vsicurl/{address}/far.nae")
            os.unlink("far.nae")
            gdal.VSICurlClearCache()
            with reports() as found:
                self.assertIsNone(dataset.ReadAsArray())
            self.assertTrue(any("far.nae" in message for _, _, message in found.failures()), found)
        with reports() as found:
            self.assertIsNone(gdal.Open(f"/vsicurl/{address}/far.nae"))
        self.assertGreater(len(found.failures()), 0)

    def test_another_file_in_its_place(self):
        with serve(os.getcwd()) as (address, _):
            dataset = gdal.Open(f"/vsicurl/{address}/far.nae")
            size = os.path.getsize("far.nae")
            with open("far.nae", "wb") as file:
                file.write(np.random.default_rng(1).bytes(size))
            gdal.VSICurlClearCache()
            with reports() as found:
                pixels = dataset.ReadAsArray()
        # Either what was fetched before, or an error: never other pixels.
        self.assertTrue(pixels is None or np.array_equal(pixels, self.pixels))
        self.assertEqual(pixels is None, len(found.failures()) > 0)

    def test_converting(self):
        os.makedirs("v", exist_ok=True)
        with serve(os.getcwd()) as (address, _):
            dataset = gdal.Open(f"/vsicurl/{address}/far.nae")
            os.unlink("far.nae")
            gdal.VSICurlClearCache()
            with reports() as found:
                self.assertIsNone(gdal.GetDriverByName("NAE").CreateCopy("v/a.nae", dataset, 0, ["MODEL=block"]))
        self.assertGreater(len(found.failures()), 0)
        self.assertEqual(os.listdir("v"), [])


if __name__ == "__main__":
    unittest.main()
