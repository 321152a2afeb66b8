"""QGIS without a screen: the layer loads and renders."""

import os
import unittest

import numpy as np
from osgeo import gdal

import client

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ.setdefault("XDG_RUNTIME_DIR", os.getcwd())
os.environ["HOME"] = os.getcwd()
client.need_module("qgis.core")
from qgis.core import QgsApplication, QgsMapRendererSequentialJob, QgsMapSettings, QgsRasterLayer  # noqa: E402
from qgis.PyQt.QtCore import QSize  # noqa: E402


class Qgis(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.application = QgsApplication([], False)
        cls.application.initQgis()

    @classmethod
    def tearDownClass(cls):
        cls.application.exitQgis()

    def test_layer_loads_and_renders(self):
        pixels = client.georeferenced("a.nae")
        layer = QgsRasterLayer("a.nae", "picture")
        self.assertTrue(layer.isValid(), layer.error().message())
        self.assertEqual(layer.bandCount(), 3)
        self.assertEqual(layer.crs().authid(), "EPSG:32633")
        settings = QgsMapSettings()
        settings.setLayers([layer])
        settings.setDestinationCrs(layer.crs())
        settings.setExtent(layer.extent())
        settings.setOutputSize(QSize(400, 300))
        job = QgsMapRendererSequentialJob(settings)
        job.start()
        job.waitForFinished()
        self.assertEqual(job.errors(), [])
        self.assertTrue(job.renderedImage().save("rendered.png"))
        rendered = gdal.Open("rendered.png").ReadAsArray()[:3]
        self.assertEqual(rendered.shape, pixels.shape)
        self.assertLess(client.mean_error(rendered, pixels), 2)
        self.assertGreater(np.std(rendered), 10)
        if "NAE_KEEP_RENDERED" in os.environ:
            os.replace("rendered.png", os.environ["NAE_KEEP_RENDERED"])


if __name__ == "__main__":
    unittest.main()
