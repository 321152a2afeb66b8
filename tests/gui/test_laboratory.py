#!/usr/bin/env python3
"""The laboratory's three tabs under real keys and mouse events, with a training that really runs.

    test_laboratory.py PROGRAM        with NAE's driver and a model in the environment, in an empty folder
"""

import csv
import os
import sys
import tempfile
import time
import unittest
from pathlib import Path

from osgeo import gdal

import viewer_driver as driver

PROGRAM = sys.argv.pop(1)
SOURCES = Path(os.environ["NAE_SOURCE_DIR"])
TRAIN_SECONDS = 240  # a busy machine takes its time to load LibTorch


class Tabs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path("laboratory").resolve()
        cls.folder.mkdir(exist_ok=True)
        (cls.folder / "pictures").mkdir(exist_ok=True)
        for number, left in enumerate((0, 150, 300)):
            gdal.Translate(str(cls.folder / f"pictures/{number}.png"), str(SOURCES / "testdata/scene.png"),
                           srcWin=[left, 40 * number, 200, 200])
        cls.display = driver.Display()

    @classmethod
    def tearDownClass(cls):
        cls.display.close()

    def start(self, **form):
        self.state = Path(tempfile.mkdtemp(dir=self.folder))
        (self.state / "nae").mkdir()
        lines = "".join(f"lab.{name} = {value}\n" for name, value in form.items())
        (self.state / "nae/viewer-session").write_text(lines)
        self.viewer = driver.Viewer(self.display, PROGRAM, state=self.state)

    def tearDown(self):
        status, errors = self.viewer.quit()
        self.assertEqual(status, 0, errors)

    def open_tab(self, words):
        self.viewer.key("ctrl+p")
        self.viewer.type(words)
        self.viewer.key("Return")

    def screen_words(self):
        return driver.words(self.display.pixels(), self.folder)

    def click(self, label):
        """Clicks on what reads so."""
        x, y = driver.place_of(label, self.display.pixels(), self.folder)
        self.display.xdotool("mousemove", x, y)
        time.sleep(0.5)
        self.display.xdotool("click", 1)
        time.sleep(0.5)

    def wait_for(self, what, reached):
        end = time.monotonic() + TRAIN_SECONDS
        while not reached():
            self.assertLess(time.monotonic(), end, "waited in vain for " + what)
            time.sleep(0.2)

    def test_a_training_is_started_watched_and_stopped(self):
        run = self.folder / "run"
        self.start(model=3, data=self.folder / "pictures", run=run, epochs=9999, crops=16)
        self.open_tab("train")
        self.assertRegex(self.screen_words(), "3 convolutions")
        self.click("Start")
        self.wait_for("the first epochs", lambda: (run / "log.csv").exists() and len((run / "log.csv").read_text().splitlines()) > 3)
        # It runs beside: the window answers meanwhile.
        self.assertIn("left", self.screen_words())
        before = self.display.pixels()
        begin = time.monotonic()
        self.display.xdotool("key", "F1")
        self.wait_for("an answer to a key", lambda: (self.display.pixels() != before).any(axis=2).mean() > 0.02)
        answered = time.monotonic() - begin
        self.display.xdotool("key", "Escape")
        print(f"a key is answered after {answered:.2f} s while training runs")
        self.assertLess(answered, 5)
        time.sleep(1)
        self.click("Stop")
        self.wait_for("the end", lambda: "Stopped" in self.screen_words())
        self.viewer.settle(quiet=2)
        epochs = len((run / "log.csv").read_text().splitlines()) - 1
        time.sleep(2)
        self.assertEqual(len((run / "log.csv").read_text().splitlines()) - 1, epochs, "it goes on after Stop")
        self.assertTrue((run / "checkpoint.bin").exists())

    def test_what_is_wrong_is_said(self):
        self.start(model=3, data=self.folder / "nowhere", run=self.folder / "other")
        self.open_tab("train")
        self.click("Start")
        self.assertRegex(self.screen_words(), r"There is no folder")
        self.assertFalse((self.folder / "other").exists())

    def test_tables_are_sorted_and_saved(self):
        results = self.folder / "results"
        results.mkdir(exist_ok=True)
        rows = [("system", "ssim", "ratio"), ("middle", "0.91", "20.5"), ("worst", "0.81", "40.5"), ("best", "0.99", "4.5")]
        with open(results / "study2.csv", "w", newline="") as file:
            csv.writer(file).writerows(rows)
        self.start(folder=results)
        self.open_tab("results")
        found = self.screen_words()
        self.assertLess(found.index("middle"), found.index("best"))
        self.click("ssim")
        self.viewer.settle()
        found = self.screen_words()
        self.assertLess(found.index("worst"), found.index("middle"))
        self.assertLess(found.index("middle"), found.index("best"))
        self.click("Save")
        self.viewer.settle()
        path = self.folder / "saved.csv"
        self.viewer.type(str(path))
        self.viewer.key("Return")
        driver.wait_until_written(path)
        with open(path, newline="") as file:
            saved = list(csv.reader(file))
        self.assertEqual([row[0] for row in saved], ["system", "worst", "middle", "best"])

    def test_graphs_follow_the_buttons(self):
        results = self.folder / "graphs"
        (results / "some-run").mkdir(parents=True)
        head = "epoch,seconds,lr,rate,loss,mse,ssim,bpp,kl,validation_loss,validation_mse,validation_psnr,validation_ssim,validation_bpp"
        body = "".join(f"\n{e},1,1,1,{1 / e},0,0,0,0,{2 / e},0,0,0,0" for e in range(1, 9))
        (results / "some-run/log.csv").write_text(head + body + "\n")
        (results / "some-run/settings.txt").write_text("model = ae-3\n")
        self.start(folder=results)
        self.open_tab("loss curves")
        loss = self.viewer.settle()
        self.assertIn("some-run", self.screen_words())
        self.click("Histograms")
        self.viewer.move(640, 790)
        self.assertGreater(float((self.viewer.settle() != loss).any(axis=2).mean()), 0.005)


if __name__ == "__main__":
    driver.run_tests()
