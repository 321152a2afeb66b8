"""Every failure is one error that names the file and the cause; nothing crashes, nothing half-written stays."""

import os
import random
import shutil
import struct
import unittest
import zlib

import numpy as np
from osgeo import gdal

from nae_gdal import child, chunks, file_bytes, memory_dataset, picture, read, reports, write

PATH = "/vsimem/damaged.nae"


def attempt(data, *open_options):
    """Opens and reads these bytes as a file: (pixels or None, reports)."""
    gdal.FileFromMemBuffer(PATH, bytes(data))
    with reports() as found:
        dataset = gdal.OpenEx(PATH, gdal.OF_RASTER | gdal.OF_VERBOSE_ERROR, open_options=list(open_options))
        pixels = dataset.ReadAsArray() if dataset is not None else None
        dataset = None
    gdal.Unlink(PATH)
    return pixels, found


class DamagedFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        source = memory_dataset(picture(150, 170))
        source.SetGeoTransform([1, 2, 0, 4, 0, -2])
        source.SetMetadataItem("note", "so that there is a mETA chunk")
        gdal.GetDriverByName("NAE").CreateCopy(
            "e.nae", source, 0, ["MODEL=block", "EMBED_MODEL=YES", "BLOCKSIZE=64", "QUALITY=30"])
        cls.embedded = file_bytes("e.nae")
        gdal.GetDriverByName("NAE").CreateCopy("p.nae", source, 0, ["MODEL=block", "BLOCKSIZE=64", "QUALITY=30"])
        cls.plain = file_bytes("p.nae")
        cls.pixels = read("p.nae")

    def check_one_error(self, data, what):
        pixels, found = attempt(data)
        self.assertIsNone(pixels, what)
        try:
            message = found.one_failure()
        except AssertionError as error:
            self.fail(f"{what}: {error}")
        self.assertIn(PATH, message, what)
        return message

    def test_truncated_anywhere(self):
        lengths = list(range(len(self.plain)))
        if len(lengths) > 400:
            lengths = sorted(set(random.Random(3).sample(lengths, 400) + lengths[:60] + lengths[-40:]))
        for n in lengths:
            self.check_one_error(self.plain[:n], f"{n} of {len(self.plain)} bytes")

    def test_a_flipped_bit_in_every_chunk(self):
        found = chunks(self.embedded)
        self.assertEqual([c[0] for c in found], ["HEAD", "mETA", "TIDX", "TDAT", "MODL", "END "])
        dice = random.Random(4)
        for kind, offset, length in found:
            places = {"type": offset, "type end": offset + 3, "length": offset + 4, "length end": offset + 11,
                      "CRC": offset + 12 + length, "CRC end": offset + 15 + length}
            if length > 0:
                places["payload"] = offset + 12
                places["payload end"] = offset + 11 + length
                for _ in range(10):
                    places[f"payload {len(places)}"] = offset + 12 + dice.randrange(length)
            for place, at in places.items():
                for bit in {0, 5, 7, dice.randrange(8)}:
                    damaged = bytearray(self.embedded)
                    damaged[at] ^= 1 << bit
                    what = f"{kind} {place}, offset {at}, bit {bit}"
                    self.check_one_error(damaged, what)

    def test_a_flipped_bit_anywhere(self):
        places = range(len(self.plain))
        if len(places) > 600:
            places = random.Random(6).sample(places, 600)
        for at in places:
            damaged = bytearray(self.plain)
            damaged[at] ^= 1 << (at % 8)
            self.check_one_error(damaged, f"offset {at}")

    def test_garbage_after_the_signature(self):
        dice = np.random.default_rng(7)
        for n in (0, 1, 12, 100, 5000):
            self.check_one_error(self.plain[:8] + dice.bytes(n), f"{n} random bytes")

    def test_damage_in_one_tile_costs_that_tile(self):
        """STRICT=NO: a warning, and the other tiles as before."""
        kind, offset, length = next(c for c in chunks(self.plain) if c[0] == "TDAT")
        damaged = bytearray(self.plain)
        damaged[offset + 12 + 3] ^= 0x10  # in the first tile
        pixels, found = attempt(damaged, "STRICT=NO")
        self.assertEqual(found.failures(), [])
        warnings = [r for r in found if r[0] == gdal.CE_Warning]
        self.assertEqual(len(warnings), 1, found)
        self.assertIn(PATH, warnings[0][2])
        self.assertFalse(np.array_equal(pixels[:, :64, :64], self.pixels[:, :64, :64]))
        self.assertTrue(np.array_equal(pixels[:, :, 128:], self.pixels[:, :, 128:]))
        self.assertTrue(np.array_equal(pixels[:, 128:, :], self.pixels[:, 128:, :]))
        # Strict is the default, and a window away from the damage reads in either mode.
        self.check_one_error(damaged, "strict")
        gdal.FileFromMemBuffer(PATH, bytes(damaged))
        far = gdal.Open(PATH).ReadAsArray(130, 100, 40, 50)
        self.assertTrue(np.array_equal(far, self.pixels[:, 100:150, 130:170]))
        gdal.Unlink(PATH)

    def edit_header(self, offset, value):
        """The file with bytes of HEAD replaced and its CRC made right again."""
        data = bytearray(self.plain)
        kind, at, length = chunks(self.plain)[0]
        self.assertEqual(kind, "HEAD")
        data[at + 12 + offset:at + 12 + offset + len(value)] = value
        struct.pack_into("<I", data, at + 12 + length, zlib.crc32(bytes(data[at:at + 4] + data[at + 12:at + 12 + length])))
        return bytes(data)

    def test_unknown_model_id(self):
        message = self.check_one_error(self.edit_header(20, bytes.fromhex("0123456789abcdef")), "ID")
        self.assertIn("0123456789abcdef", message)
        self.assertIn("block", message)

    def test_embedded_model_with_another_id(self):
        kind, at, length = chunks(self.embedded)[0]
        data = bytearray(self.embedded)
        data[at + 12 + 20] ^= 1
        struct.pack_into("<I", data, at + 12 + length, zlib.crc32(bytes(data[at:at + 4] + data[at + 12:at + 12 + length])))
        self.check_one_error(data, "embedded")

    def test_header_out_of_range(self):
        for what, offset, value in [("version", 0, b"\x02\x00"), ("flags", 2, b"\x01"), ("bands", 3, b"\x00"),
                                    ("bands", 3, b"\x04"), ("width", 4, bytes(4)), ("width", 4, b"\xff" * 4),
                                    ("height", 8, b"\xff\xff\xff\x7f"), ("data type", 12, b"\x02"),
                                    ("tile size", 16, b"\x41\x00"), ("tile size", 16, b"\x00\x00"),
                                    ("quality", 18, b"\x00\x00"), ("quality", 18, b"\xff\xff")]:
            self.check_one_error(self.edit_header(offset, value), f"{what} {value}")

    def test_text_file_named_nae(self):
        with open("text.nae", "w") as file:
            file.write("This is not a picture.\n" * 100)
        with reports() as found:
            self.assertIsNone(gdal.Open("text.nae"))
        self.assertIn("not recognized", found.one_failure())
        self.assertIn("text.nae", found.one_failure())


class FailedWrites(unittest.TestCase):
    def setUp(self):
        shutil.rmtree("w", ignore_errors=True)
        os.makedirs("w")

    def refused(self, dataset, *options, path="w/a.nae", strict=0):
        with reports() as found:
            result = gdal.GetDriverByName("NAE").CreateCopy(path, dataset, strict, ["MODEL=block", *options])
        self.assertIsNone(result)
        message = found.one_failure()
        self.assertIn(path, message)
        self.assertEqual(os.listdir("w"), [], "something was left behind")
        return message

    def test_unwritable_paths(self):
        rgb = memory_dataset(picture(30, 40))
        self.assertIn("No such file", self.refused(rgb, path="w/missing/a.nae"))
        self.refused(rgb, path="/proc/a.nae")
        self.refused(rgb, path="/vsizip/w/missing/z.zip/a.nae")
        os.makedirs("folder.nae", exist_ok=True)
        self.assertIn("directory", self.refused(rgb, path="folder.nae"))
        self.assertEqual(os.listdir("folder.nae"), [])

    def test_a_full_disk(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        rgb = memory_dataset(picture(30, 40))
        with reports() as found:
            result = gdal.GetDriverByName("NAE").CreateCopy("/dev/full", rgb, 0, ["MODEL=block"])
        self.assertIsNone(result)
        self.assertIn("/dev/full", found.one_failure())
        self.assertTrue(os.path.exists("/dev/full"))

    def test_the_old_file_stays_when_the_new_one_fails(self):
        """As far as it is ours to say: GDAL itself deletes a dataset of that name before a driver is asked."""
        with open("w.txt", "w") as file:
            file.write("precious")
        with reports() as found:
            result = write(picture(30, 40), "w.txt", "MODEL=nowhere")
        self.assertIsNone(result)
        found.one_failure()
        with open("w.txt") as file:
            self.assertEqual(file.read(), "precious")

    def test_kinds_of_pictures_that_are_not_supported(self):
        driver = gdal.GetDriverByName("MEM")
        for name in ["Float64", "CFloat32", "CInt16"]:
            self.assertIn(name, self.refused(driver.Create("", 20, 20, 1, gdal.GetDataTypeByName(name))))
        mixed = driver.Create("", 20, 20, 1)
        mixed.AddBand(gdal.GDT_UInt16)
        self.assertIn("all bands must have the same", self.refused(mixed))
        self.assertIn("no bands", self.refused(driver.Create("", 20, 20, 0)))
        palette = driver.Create("", 20, 20, 1)
        table = gdal.ColorTable()
        table.SetColorEntry(0, (1, 2, 3, 255))
        palette.GetRasterBand(1).SetColorTable(table)
        self.assertIn("palette", self.refused(palette, strict=1))

    def test_masks_of_single_bands(self):
        masked = memory_dataset(picture(20, 20))
        masked.GetRasterBand(1).CreateMaskBand(0)
        self.assertIn("mask", self.refused(masked, strict=1))
        with reports() as found:
            result = gdal.GetDriverByName("NAE").CreateCopy("w/a.nae", masked, 0, ["MODEL=block"])
        self.assertIsNotNone(result)
        self.assertEqual([r[0] for r in found], [gdal.CE_Warning])

    def test_options_out_of_range(self):
        rgb = memory_dataset(picture(30, 40))
        for option in ["QUALITY=0", "QUALITY=100.5", "QUALITY=good", "QUALITY=nan", "QUALITY=", "EFFORT=0", "EFFORT=10",
                       "EFFORT=2.5", "TUNE=VMAF", "BLOCKSIZE=32", "BLOCKSIZE=500", "BLOCKSIZE=8192", "NUM_THREADS=0",
                       "NUM_THREADS=-1", "NUM_THREADS=many"]:
            message = self.refused(rgb, option)
            self.assertIn(option, message)

    def test_open_options_out_of_range(self):
        write(picture(30, 40), "/vsimem/o.nae")
        with reports() as found:
            self.assertIsNone(gdal.OpenEx("/vsimem/o.nae", open_options=["NUM_THREADS=none"]))
        self.assertIn("NUM_THREADS=none", found.one_failure())
        gdal.Unlink("/vsimem/o.nae")

    def test_unknown_model(self):
        rgb = memory_dataset(picture(30, 40))
        with reports() as found:
            result = gdal.GetDriverByName("NAE").CreateCopy("w/a.nae", rgb, 0, ["MODEL=nowhere"])
        self.assertIsNone(result)
        self.assertIn("nowhere", found.one_failure())
        self.assertIn("w/a.nae", found.one_failure())
        self.assertEqual(os.listdir("w"), [])

    def test_missing_analysis_module(self):
        printed = child("""
import os
from nae_gdal import picture, reports, write
with reports() as found:
    assert write(picture(30, 40), 'w/a.nae') is None
print(found.one_failure())
assert os.listdir('w') == []
""", NAE_TORCH_MODULE="/nowhere/nae_torch.so")
        self.assertIn("w/a.nae", printed)
        self.assertIn("/nowhere/nae_torch.so", printed)

    def test_unreadable_source(self):
        """The source's own error is the one error."""
        gdal.GetDriverByName("GTiff").CreateCopy(
            "s.tif", memory_dataset(picture(300, 200)), 0, ["COMPRESS=DEFLATE", "TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64"])
        os.truncate("s.tif", os.path.getsize("s.tif") // 2)
        source = gdal.Open("s.tif")
        with reports() as found:
            result = gdal.GetDriverByName("NAE").CreateCopy("w/a.nae", source, 0, ["MODEL=block"])
        self.assertIsNone(result)
        self.assertGreaterEqual(len(found.failures()), 1)
        self.assertFalse(any("a.nae" in message for _, _, message in found.failures()))
        self.assertEqual(os.listdir("w"), [])


if __name__ == "__main__":
    unittest.main()
