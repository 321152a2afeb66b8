"""What travels with the pixels: inside the file, not beside it."""

import base64
import os
import unittest

from osgeo import gdal, osr

from nae_gdal import chunks, file_bytes, memory_dataset, picture, write


def translate(source, path="m.nae"):
    """Through a file and a fresh open."""
    assert gdal.GetDriverByName("NAE").CreateCopy(path, source, 0, ["MODEL=block"]) is not None
    return gdal.Open(path)


class Metadata(unittest.TestCase):
    def tearDown(self):
        self.assertFalse([name for name in os.listdir(".") if name.endswith(".aux.xml")])

    def test_nothing_costs_nothing(self):
        write(picture(20, 30), "n.nae")
        self.assertEqual([c[0] for c in chunks(file_bytes("n.nae"))], ["HEAD", "TIDX", "TDAT", "END "])
        back = gdal.Open("n.nae")
        self.assertEqual(back.GetMetadata(), {})
        self.assertIsNone(back.GetSpatialRef())
        self.assertIsNone(back.GetGeoTransform(can_return_null=True))
        self.assertIsNone(back.GetRasterBand(1).GetNoDataValue())
        self.assertEqual(back.GetFileList(), ["n.nae"])

    def test_georeferencing(self):
        source = memory_dataset(picture(20, 30))
        transform = (440720.1, 1 / 3, 1e-17, 3751320.0, -0.1, -60.25)
        source.SetGeoTransform(transform)
        for code in (32611, 4326, 3857):
            srs = osr.SpatialReference()
            srs.ImportFromEPSG(code)
            srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
            source.SetSpatialRef(srs)
            back = translate(source)
            self.assertEqual(back.GetGeoTransform(), transform)
            self.assertTrue(back.GetSpatialRef().IsSame(srs), code)
            self.assertEqual(back.GetSpatialRef().GetDataAxisToSRSAxisMapping(), srs.GetDataAxisToSRSAxisMapping())

    def test_coordinate_epoch(self):
        source = memory_dataset(picture(20, 30))
        srs = osr.SpatialReference()
        srs.ImportFromEPSG(7844)  # GDA2020
        srs.SetCoordinateEpoch(2021.3)
        source.SetSpatialRef(srs)
        self.assertEqual(translate(source).GetSpatialRef().GetCoordinateEpoch(), 2021.3)

    def test_control_points(self):
        source = memory_dataset(picture(20, 30))
        points = [gdal.GCP(1 / 3 + i, 2.5 * i * i, -i, 30 - 0.1 * i, i * i % 17, f"info {i}" if i % 2 else "", f"point {i}")
                  for i in range(20)]
        srs = osr.SpatialReference()
        srs.ImportFromEPSG(4326)
        srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        source.SetGCPs(points, srs)
        back = translate(translate(source), "again.nae")
        self.assertEqual(back.GetGCPCount(), 20)
        fields = ("GCPX", "GCPY", "GCPZ", "GCPPixel", "GCPLine", "Id", "Info")
        for written, found in zip(points, back.GetGCPs()):
            self.assertEqual([getattr(found, f) for f in fields], [getattr(written, f) for f in fields])
        self.assertTrue(back.GetGCPSpatialRef().IsSame(srs))
        self.assertEqual(back.GetGCPSpatialRef().GetDataAxisToSRSAxisMapping(), srs.GetDataAxisToSRSAxisMapping())
        self.assertIsNone(back.GetSpatialRef())
        self.assertNotIn("GDAL", back.GetMetadataDomainList())

    def test_rational_polynomials(self):
        source = memory_dataset(picture(20, 30))
        rpc = {"LINE_OFF": "12", "SAMP_OFF": "15", "LINE_NUM_COEFF": " ".join(str(i / 7) for i in range(20))}
        source.SetMetadata(rpc, "RPC")
        self.assertEqual(translate(source).GetMetadata("RPC"), rpc)

    def test_write_metadata_no(self):
        source = memory_dataset(picture(20, 30))
        source.SetGeoTransform((1, 2, 0, 3, 0, -2))
        source.SetMetadata({"EXIF_GPSLatitude": "(48) (51) (24)", "AREA_OR_POINT": "Point"})
        source.SetMetadata({"x": "y"}, "Some domain")
        source.SetMetadata({"LINE_OFF": "12"}, "RPC")
        source.GetRasterBand(1).SetDescription("name")
        gdal.GetDriverByName("NAE").CreateCopy("bare.nae", source, 0, ["MODEL=block", "WRITE_METADATA=NO"])
        back = gdal.Open("bare.nae")
        self.assertEqual(back.GetMetadata(), {"AREA_OR_POINT": "Point"})
        self.assertIsNone(back.GetMetadata("Some domain") or None)
        self.assertEqual(back.GetMetadata("RPC"), {"LINE_OFF": "12"})
        self.assertEqual(back.GetGeoTransform(), (1, 2, 0, 3, 0, -2))
        self.assertEqual(back.GetRasterBand(1).GetDescription(), "name")

    def test_bands(self):
        source = memory_dataset(picture(20, 30))
        for number, name in enumerate(["first", "", "dritte Bänder"], 1):
            source.GetRasterBand(number).SetDescription(name)
            source.GetRasterBand(number).SetNoDataValue(7)
        source.GetRasterBand(1).SetColorInterpretation(gdal.GCI_BlueBand)
        back = translate(source)
        bands = [back.GetRasterBand(i) for i in (1, 2, 3)]
        self.assertEqual([b.GetDescription() for b in bands], ["first", "", "dritte Bänder"])
        self.assertEqual([b.GetNoDataValue() for b in bands], [7, 7, 7])
        self.assertEqual([b.GetColorInterpretation() for b in bands],
                         [gdal.GCI_BlueBand, gdal.GCI_GreenBand, gdal.GCI_BlueBand])

    def test_domains(self):
        source = memory_dataset(picture(20, 30, 1))
        source.SetMetadata({"a": "1", "sentence": "with = signs\nand lines", "AREA_OR_POINT": "Point"})
        source.SetMetadata({"EXIF_Model": "Camera"}, "EXIF")
        xmp = "<?xpacket begin='\ufeff'?><x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
        source.SetMetadata([xmp], "xml:XMP")
        profile = base64.b64encode(bytes(range(256)) * 5).decode()
        source.SetMetadata({"SOURCE_ICC_PROFILE": profile}, "COLOR_PROFILE")
        source.SetMetadata({"anything": "else"}, "Some domain")
        back = translate(source)
        self.assertEqual(back.GetMetadata(), source.GetMetadata())
        self.assertEqual(back.GetMetadata("EXIF"), {"EXIF_Model": "Camera"})
        self.assertEqual(back.GetMetadata("xml:XMP"), [xmp])
        self.assertEqual(back.GetMetadataItem("SOURCE_ICC_PROFILE", "COLOR_PROFILE"), profile)
        self.assertEqual(back.GetMetadata("Some domain"), {"anything": "else"})
        self.assertIn("IMAGE_STRUCTURE", back.GetMetadataDomainList())
        # And once more, from .nae to .nae.
        again = translate(back, "again.nae")
        for domain in ("", "EXIF", "xml:XMP", "COLOR_PROFILE", "Some domain"):
            self.assertEqual(again.GetMetadata(domain), back.GetMetadata(domain), domain)

    def test_side_file_wins(self):
        write(picture(20, 30), "side.nae")
        dataset = gdal.Open("side.nae")
        dataset.SetMetadataItem("added", "later")
        dataset.SetGeoTransform([1, 2, 3, 4, 5, 6])
        dataset = None
        back = gdal.Open("side.nae")
        self.assertEqual(back.GetMetadataItem("added"), "later")
        self.assertEqual(back.GetGeoTransform(), (1, 2, 3, 4, 5, 6))
        self.assertEqual(len(back.GetFileList()), 2)
        back = None
        gdal.GetDriverByName("NAE").Delete("side.nae")
        self.assertFalse(os.path.exists("side.nae"))


if __name__ == "__main__":
    unittest.main()
