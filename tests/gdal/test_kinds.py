"""Kinds of pictures: data types, bands, alpha, masks, nodata, palettes, overviews, and what belongs to a band."""

import unittest

import numpy as np
from nae_gdal import MODEL, gdal, memory_dataset, picture, read, reports
from osgeo import gdal_array

OPEN = []
TYPES = [gdal.GDT_Byte, gdal.GDT_UInt16, gdal.GDT_Int16, gdal.GDT_UInt32, gdal.GDT_Int32, gdal.GDT_Float32]


def copy(source, *options, path="/vsimem/a.nae", strict=0):
    dataset = gdal.GetDriverByName("NAE").CreateCopy(path, source, strict, ["MODEL=" + MODEL, *options])
    assert dataset is not None
    del dataset
    return opened(path)


def opened(path):
    """A band does not keep its dataset alive: this does, to the end of the test's process."""
    OPEN.append(gdal.Open(path))
    return OPEN[-1]


def scaled(bands, low, high, gdal_type, height=90, width=130, seed=3):
    """A picture over a range of values, as a dataset in memory."""
    values = low + (high - low) * (picture(height, width, bands, seed).astype(np.float64) / 255)
    return memory_dataset(values.astype(gdal_array.GDALTypeCodeToNumericTypeCode(gdal_type)), gdal_type)


def range_psnr(a, b, valid=None):
    a, b = a.astype(np.float64), b.astype(np.float64)
    if valid is not None:
        a, b = a[valid], b[valid]
    return 10 * np.log10((a.max() - a.min()) ** 2 / max(np.mean((a - b) ** 2), 1e-30))


class Types(unittest.TestCase):
    def test_every_type(self):
        for gdal_type in TYPES:
            with self.subTest(gdal.GetDataTypeName(gdal_type)):
                source = scaled(2, 3, 210, gdal_type)
                back = copy(source, "QUALITY=95")
                self.assertEqual(back.GetRasterBand(2).DataType, gdal_type)
                self.assertEqual(back.RasterCount, 2)
                self.assertGreater(range_psnr(source.ReadAsArray(), back.ReadAsArray()), 22)

    def test_more_than_eight_bits(self):
        source = scaled(1, -10000, 30000, gdal.GDT_Int16, 200, 200)
        values = copy(source, "QUALITY=100").ReadAsArray()
        self.assertGreater(len(np.unique(values)), 1000)

    def test_reading_in_other_types_windows_and_orders(self):
        source = scaled(5, 0, 4000, gdal.GDT_UInt16)
        back = copy(source, "BLOCKSIZE=64")
        whole = back.ReadAsArray()
        back = opened("/vsimem/a.nae")
        part = back.ReadAsArray(33, 21, 70, 50, band_list=[4, 1], buf_type=gdal.GDT_Float64)
        np.testing.assert_array_equal(part, whole[[3, 0], 21:71, 33:103])
        for band in (5, 2):
            np.testing.assert_array_equal(opened("/vsimem/a.nae").GetRasterBand(band).ReadAsArray(1, 2, 9, 8),
                                          whole[band - 1, 2:10, 1:10])
        row = opened("/vsimem/a.nae").GetRasterBand(3).ReadBlock(1, 0)
        self.assertEqual(np.frombuffer(row, np.uint16)[0], whole[2, 0, 64])

    def test_many_bands_are_equally_good(self):
        plane = picture(90, 130, 1)[0]
        source = memory_dataset(np.stack([np.roll(plane, 16 * i, axis=1) for i in range(9)]))
        back = copy(source, "QUALITY=80")
        quality = [range_psnr(source.GetRasterBand(i).ReadAsArray(), back.GetRasterBand(i).ReadAsArray())
                   for i in range(1, 10)]
        self.assertLess(max(quality) - min(quality), 1)
        self.assertGreater(min(quality), 22)

    def test_rgb_and_near_infrared(self):
        source = scaled(4, 0, 3000, gdal.GDT_UInt16)
        for i, kind in enumerate([gdal.GCI_BlueBand, gdal.GCI_GreenBand, gdal.GCI_RedBand, gdal.GCI_Undefined], 1):
            source.GetRasterBand(i).SetColorInterpretation(kind)
        back = copy(source)
        self.assertEqual([back.GetRasterBand(i).GetColorInterpretation() for i in range(1, 5)],
                         [gdal.GCI_BlueBand, gdal.GCI_GreenBand, gdal.GCI_RedBand, gdal.GCI_Undefined])
        self.assertGreater(range_psnr(source.ReadAsArray(), back.ReadAsArray()), 22)

    def test_constant_and_single_pixels(self):
        for gdal_type in TYPES:
            for shape in [(1, 1, 1), (3, 40, 1)]:
                array = np.full(shape, 77, gdal_array.GDALTypeCodeToNumericTypeCode(gdal_type))
                back = copy(memory_dataset(array, gdal_type), "QUALITY=30").ReadAsArray().reshape(shape)
                if gdal_type == gdal.GDT_Byte:  # not stretched
                    self.assertLess(np.abs(back.astype(int) - 77).max(), 20)
                else:
                    np.testing.assert_array_equal(back, array)


class Validity(unittest.TestCase):
    def ragged(self, height, width):
        """A footprint with a ragged edge and pinholes."""
        y, x = np.mgrid[0:height, 0:width]
        edge = 60 + 25 * np.sin(y * 0.31) + 9 * np.sin(y * 1.9)
        return (x > edge) & ((x * 7 + y * 13) % 101 != 0)

    def test_nodata_with_a_ragged_footprint_at_low_quality(self):
        valid = self.ragged(200, 300)
        for gdal_type, nodata in [(gdal.GDT_Float32, -9999), (gdal.GDT_Float32, float("nan")), (gdal.GDT_Int16, -32768),
                                  (gdal.GDT_UInt16, 0), (gdal.GDT_Byte, 0), (gdal.GDT_Byte, 255),
                                  (gdal.GDT_Byte, 128)]:
            for bands in (1, 3):
                with self.subTest(type=gdal.GetDataTypeName(gdal_type), nodata=nodata, bands=bands):
                    source = scaled(bands, 1, 254, gdal_type, 200, 300)
                    clean = source.ReadAsArray().reshape(bands, 200, 300)
                    if gdal_type == gdal.GDT_Byte:
                        clean[clean == nodata] += 1
                    without = copy(memory_dataset(clean, gdal_type), "QUALITY=15").ReadAsArray()
                    holes = clean.copy()
                    holes[:, ~valid] = nodata
                    source.WriteArray(holes)
                    for i in range(1, bands + 1):
                        source.GetRasterBand(i).SetNoDataValue(nodata)
                    back = copy(source, "QUALITY=15")
                    found = back.ReadAsArray().reshape(bands, 200, 300)
                    is_nodata = np.isnan(found) if nodata != nodata else found == nodata
                    np.testing.assert_array_equal(is_nodata, np.broadcast_to(~valid, found.shape))
                    np.testing.assert_array_equal(back.GetRasterBand(1).GetMaskBand().ReadAsArray() != 0, valid)
                    loss = range_psnr(clean, without.reshape(clean.shape), np.broadcast_to(valid, clean.shape))
                    self.assertGreater(range_psnr(clean, found, np.broadcast_to(valid, clean.shape)), loss - 0.5)

    def test_nodata_of_each_band(self):
        source = scaled(2, 0, 1000, gdal.GDT_Float32)
        array = source.ReadAsArray()
        array[0, :30, :] = -1
        array[1, :, :30] = -2
        source.WriteArray(array)
        source.GetRasterBand(1).SetNoDataValue(-1)
        source.GetRasterBand(2).SetNoDataValue(-2)
        back = copy(source)
        self.assertEqual([back.GetRasterBand(i).GetNoDataValue() for i in (1, 2)], [-1, -2])
        np.testing.assert_array_equal(back.ReadAsArray() < 0, array < 0)

    def test_not_a_number_and_infinity(self):
        source = scaled(1, -1, 1, gdal.GDT_Float32)
        array = source.ReadAsArray()
        array[10:20, 10:20] = np.nan
        array[40, 40:50] = np.inf
        array[41, 40:50] = -np.inf
        source.WriteArray(array)
        back = copy(source).ReadAsArray()
        for test in (np.isnan, np.isposinf, np.isneginf):
            np.testing.assert_array_equal(test(back), test(array))
        nothing = memory_dataset(np.full((1, 70, 70), np.nan, np.float32), gdal.GDT_Float32)
        self.assertTrue(np.isnan(copy(nothing).ReadAsArray()).all())

    def test_alpha(self):
        for bands, gdal_type, opaque in [(2, gdal.GDT_Byte, 255), (4, gdal.GDT_Byte, 255), (4, gdal.GDT_UInt16, 65535)]:
            with self.subTest(bands=bands, type=gdal.GetDataTypeName(gdal_type)):
                source = scaled(bands, 0, opaque, gdal_type, 150, 200)
                alpha = np.where(self.ragged(150, 200), opaque, 0)
                alpha[50:60, 150:160] = opaque // 3
                source.GetRasterBand(bands).WriteArray(alpha)
                kinds = [gdal.GCI_GrayIndex] if bands == 2 else [gdal.GCI_RedBand, gdal.GCI_GreenBand, gdal.GCI_BlueBand]
                for i, kind in enumerate(kinds + [gdal.GCI_AlphaBand], 1):
                    source.GetRasterBand(i).SetColorInterpretation(kind)
                back = copy(source, "QUALITY=5", strict=1)
                self.assertEqual([back.GetRasterBand(i + 1).GetColorInterpretation() for i in range(bands)],
                                 kinds + [gdal.GCI_AlphaBand])
                np.testing.assert_array_equal(back.GetRasterBand(bands).ReadAsArray(), alpha)
                self.assertTrue(back.GetRasterBand(1).GetMaskFlags() & gdal.GMF_ALPHA)
                lossy = copy(source, "QUALITY=5", "LOSSLESS_ALPHA=NO")
                self.assertEqual(lossy.GetRasterBand(bands).GetColorInterpretation(), gdal.GCI_AlphaBand)
                self.assertTrue((lossy.GetRasterBand(bands).ReadAsArray() != alpha).any())

    def test_mask_of_the_dataset(self):
        source = scaled(3, 0, 255, gdal.GDT_Byte, 150, 200)
        valid = self.ragged(150, 200)
        source.CreateMaskBand(gdal.GMF_PER_DATASET)
        source.GetRasterBand(1).GetMaskBand().WriteArray(np.where(valid, 255, 0))
        back = copy(source, "OVERVIEWS=AUTO", "BLOCKSIZE=64", strict=1)
        band = back.GetRasterBand(2)
        self.assertEqual(band.GetMaskFlags(), gdal.GMF_PER_DATASET)
        np.testing.assert_array_equal(band.GetMaskBand().ReadAsArray() != 0, valid)
        half = band.GetOverview(0).GetMaskBand().ReadAsArray()
        quads = np.pad(valid, ((0, 0), (0, 0))).reshape(75, 2, 100, 2).any(axis=(1, 3))
        np.testing.assert_array_equal(half != 0, quads)
        self.assertEqual(band.GetMaskBand().GetOverviewCount(), 2)

    def test_palette(self):
        indices = np.arange(100 * 80, dtype=np.uint8).reshape(1, 80, 100) // 64 % 4
        for transparent in (False, True):
            source = memory_dataset(indices)
            table = gdal.ColorTable()
            colours = [(200, 30, 30, 255), (30, 200, 30, 255), (30, 30, 200, 255), (90, 90, 90, 255)]
            if transparent:
                colours[2] = (0, 0, 0, 0)
            for i, entry in enumerate(colours):
                table.SetColorEntry(i, entry)
            source.GetRasterBand(1).SetColorTable(table)
            back = copy(source, "QUALITY=100")
            self.assertEqual(back.RasterCount, 4 if transparent else 3)
            self.assertEqual(back.GetRasterBand(1).GetColorInterpretation(), gdal.GCI_RedBand)
            if transparent:
                np.testing.assert_array_equal(back.GetRasterBand(4).ReadAsArray() == 0, indices[0] == 2)


class Overviews(unittest.TestCase):
    def test_when_there_are_any(self):
        source = scaled(3, 0, 255, gdal.GDT_Byte, 300, 520)
        self.assertEqual(copy(source).GetRasterBand(1).GetOverviewCount(), 0)
        self.assertEqual(copy(source, "OVERVIEWS=NONE").GetRasterBand(1).GetOverviewCount(), 0)
        back = copy(source, "OVERVIEWS=AUTO", "BLOCKSIZE=128")
        band = back.GetRasterBand(1)
        sizes = [(band.GetOverview(i).XSize, band.GetOverview(i).YSize) for i in range(band.GetOverviewCount())]
        self.assertEqual(sizes, [(260, 150), (130, 75), (65, 38)])
        self.assertIsNone(band.GetOverview(3))

    def test_they_are_what_they_should_be_and_are_used(self):
        source = scaled(3, 0, 255, gdal.GDT_Byte, 300, 520)
        for method in ["AVERAGE", "NEAREST", "BILINEAR", "CUBIC", "CUBICSPLINE", "LANCZOS", "MODE", "RMS"]:
            with self.subTest(method):
                back = copy(source, "OVERVIEWS=AUTO", "BLOCKSIZE=128", "QUALITY=95", "OVERVIEW_RESAMPLING=" + method)
                names = {"NEAREST": "near", "CUBICSPLINE": "cubicspline"}
                expected = gdal.Translate("", source, format="MEM", width=260, height=150,
                                          resampleAlg=names.get(method, method.lower())).ReadAsArray()
                found = np.stack([back.GetRasterBand(i).GetOverview(0).ReadAsArray() for i in (1, 2, 3)])
                self.assertGreater(range_psnr(expected, found), 19)
                np.testing.assert_array_equal(back.ReadAsArray(buf_xsize=260, buf_ysize=150), found)

    def test_those_of_the_source(self):
        gdal.GetDriverByName("GTiff").CreateCopy("/vsimem/s.tif", scaled(3, 0, 255, gdal.GDT_Byte, 300, 520))
        source = gdal.Open("/vsimem/s.tif", gdal.GA_Update)
        source.BuildOverviews("NEAREST", [2])
        for i in (1, 2, 3):
            source.GetRasterBand(i).GetOverview(0).WriteArray(np.full((150, 260), 7, np.uint8))
        source = None
        source = gdal.Open("/vsimem/s.tif")
        taken = copy(source, "OVERVIEWS=AUTO", "BLOCKSIZE=128").GetRasterBand(1)
        self.assertEqual(taken.GetOverviewCount(), 3)
        self.assertLess(taken.GetOverview(0).ReadAsArray().max(), 40)
        self.assertLess(taken.GetOverview(1).ReadAsArray().max(), 40)
        made = copy(source, "OVERVIEWS=IGNORE_EXISTING", "BLOCKSIZE=128").GetRasterBand(1)
        self.assertGreater(made.GetOverview(0).ReadAsArray().max(), 100)
        with reports() as found:
            gdal.GetDriverByName("NAE").CreateCopy(
                "/vsimem/b.nae", source, 0,
                ["MODEL=" + MODEL, "OVERVIEWS=IGNORE_EXISTING", "OVERVIEW_RESAMPLING=CUBIC"])
        self.assertIn("AVERAGE", found.one_failure())

    def test_beside_the_file(self):
        copy(scaled(1, 0, 255, gdal.GDT_Byte, 300, 520), path="o.nae").BuildOverviews("AVERAGE", [4])
        self.assertEqual(opened("o.nae").GetRasterBand(1).GetOverviewCount(), 1)
        self.assertEqual(opened("o.nae").GetRasterBand(1).GetOverview(0).XSize, 130)


class Targets(unittest.TestCase):
    def size(self):
        return gdal.VSIStatL("/vsimem/a.nae").size

    def test_size_and_rate(self):
        source = scaled(3, 0, 255, gdal.GDT_Byte, 256, 256)
        copy(source, "QUALITY=35")
        wanted = self.size()
        copy(source, f"TARGET_SIZE={wanted + 50}")
        self.assertLessEqual(self.size(), wanted + 50)
        self.assertGreaterEqual(self.size(), 0.97 * wanted)
        copy(source, f"TARGET_BPP={wanted * 8 / 65536}")
        self.assertLessEqual(self.size(), wanted)
        self.assertGreaterEqual(self.size(), 0.96 * wanted)
        copy(source, "TARGET_SIZE=1e9")  # more than the best quality needs
        largest = self.size()
        copy(source, "QUALITY=100")
        self.assertEqual(self.size(), largest)

    def test_psnr(self):
        for gdal_type in (gdal.GDT_Byte, gdal.GDT_Float32):
            source = scaled(2, 0, 255, gdal_type, 256, 256)
            array = source.ReadAsArray()
            array[0, :60, :90] = 255  # not looked at
            source.WriteArray(array)
            for i in (1, 2):
                source.GetRasterBand(i).SetNoDataValue(255)
            back = copy(source, "TARGET_PSNR=40").ReadAsArray().astype(float)
            valid = array != 255
            ranges = [255 if gdal_type == gdal.GDT_Byte else np.ptp(array[b][valid[b]]) for b in (0, 1)]
            errors = np.concatenate([((back[b] - array[b]) / ranges[b])[valid[b]] for b in (0, 1)])
            psnr = -10 * np.log10(np.mean(errors ** 2))
            self.assertGreater(psnr, 39.999)
            self.assertLess(psnr, 40.101)

    def test_what_cannot_be(self):
        source = scaled(1, 0, 255, gdal.GDT_Byte)
        for options, word in [(["TARGET_SIZE=100"], "cannot be met"), (["TARGET_PSNR=99"], "cannot be met"),
                              (["TARGET_SIZE=9999", "QUALITY=5"], "contradict"),
                              (["TARGET_PSNR=30", "TARGET_BPP=1"], "contradict"), (["TARGET_BPP=-1"], "TARGET_BPP=-1"),
                              (["OVERVIEWS=MAYBE"], "OVERVIEWS=MAYBE"),
                              (["OVERVIEWS=AUTO", "OVERVIEW_RESAMPLING=GAUSS"], "OVERVIEW_RESAMPLING=GAUSS")]:
            with reports() as found:
                result = gdal.GetDriverByName("NAE").CreateCopy("/vsimem/t.nae", source, 0, ["MODEL=" + MODEL, *options])
            self.assertIsNone(result)
            self.assertIn(word, found.one_failure())
            self.assertIsNone(gdal.VSIStatL("/vsimem/t.nae"))


class BandMetadata(unittest.TestCase):
    def test_it_survives_without_a_side_file(self):
        source = scaled(2, 0, 3000, gdal.GDT_UInt16)
        band = source.GetRasterBand(2)
        band.SetDescription("depth")
        band.SetScale(0.25)
        band.SetOffset(-12.5)
        band.SetUnitType("m")
        band.SetCategoryNames(["none", "", "some"])
        band.SetMetadataItem("SENSOR", "a=b")
        band.SetDefaultHistogram(-0.5, 3000.5, [1, 2, 3 << 40])
        minimum, maximum, mean, deviation = source.GetRasterBand(1).ComputeStatistics(False)
        del band
        copy(source, path="m.nae")
        self.assertIsNone(gdal.VSIStatL("m.nae.aux.xml"))
        back = opened("m.nae")
        band = back.GetRasterBand(2)
        self.assertEqual(band.GetDescription(), "depth")
        self.assertEqual((band.GetScale(), band.GetOffset(), band.GetUnitType()), (0.25, -12.5, "m"))
        self.assertEqual(band.GetCategoryNames(), ["none", "", "some"])
        self.assertEqual(band.GetMetadataItem("SENSOR"), "a=b")
        self.assertEqual(list(band.GetDefaultHistogram(force=0)), [-0.5, 3000.5, 3, [1, 2, 3 << 40]])
        np.testing.assert_allclose(back.GetRasterBand(1).GetStatistics(False, False), [minimum, maximum, mean, deviation],
                                   rtol=1e-9)
        self.assertIsNone(back.GetRasterBand(1).GetCategoryNames())
        self.assertIsNone(back.GetRasterBand(1).GetScale())


if __name__ == "__main__":
    unittest.main()
