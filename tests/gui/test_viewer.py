#!/usr/bin/env python3
"""nae-viewer under real keys and mouse events, and what is then on its screen.

    test_viewer.py PROGRAM        with NAE's driver and a model in the environment, in an empty folder
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import numpy
from osgeo import gdal

import viewer_driver as driver

if not driver.missing_tools():
    import xdnd

PROGRAM = sys.argv.pop(1)
SOURCES = Path(os.environ["NAE_SOURCE_DIR"])
# At 1280x800 in 2-up, without the side panel: two columns below menu and toolbar.
LEFT, RIGHT = (slice(110, 760), slice(15, 630)), (slice(110, 760), slice(648, 1263))
NAE_COLOUR = (74, 197, 182)  # viewer/app/ui_style.cpp
HEADER_LEFT, HEADER_RIGHT = (slice(56, 100), slice(18, 630)), (slice(56, 100), slice(654, 1265))


def make_pictures(folder):
    gdal.Translate(str(folder / "a.png"), str(SOURCES / "testdata/scene.png"), srcWin=[100, 0, 600, 500])
    gdal.Translate(str(folder / "a.nae"), str(folder / "a.png"), creationOptions=["MODEL=block", "QUALITY=40"])


def differs(a, b):
    """Share of pixels that are not the same."""
    return float((a != b).any(axis=2).mean())


class RealUse(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path("pictures")  # no name by chance: it stands in the window, and Tesseract reads it
        cls.folder.mkdir(exist_ok=True)
        make_pictures(cls.folder)
        cls.display = driver.Display()

    @classmethod
    def tearDownClass(cls):
        cls.display.close()

    def setUp(self):
        self.viewer = None

    def tearDown(self):
        if self.viewer is not None:
            status, errors = self.viewer.quit()
            self.assertEqual(status, 0, errors)

    def start(self, *arguments):
        self.state = Path(tempfile.mkdtemp(dir=self.folder))
        self.viewer = driver.Viewer(self.display, PROGRAM, *arguments, state=self.state)
        return self.viewer

    def start_pair(self, mode="2-up"):
        viewer = self.start("--mode", mode, self.folder / "a.png", self.folder / "a.nae")
        viewer.key("Tab")  # the side panel out of the way, and the pointer, too
        return viewer, viewer.move(640, 785)

    def test_pane_titles_say_which_is_which(self):
        viewer, screen = self.start_pair()
        left = driver.words(screen[HEADER_LEFT], self.folder)
        right = driver.words(screen[HEADER_RIGHT], self.folder)
        self.assertIn("Original", left)
        self.assertRegex(left, r"bytes.*bpp")
        self.assertIn("NAE", right)
        self.assertRegex(right, r"quality 40")
        # The recogniser takes an S for a 5 now and then, and two of them for three letters.
        self.assertRegex(right, r"bytes.*bpp.*dB.*[S5]{2,3}IM")
        size = (self.folder / "a.nae").stat().st_size
        self.assertIn(f"{size:,}", right.replace(". ", ",").replace(", ", ","))

    def test_heatmap_key_lays_a_map_over_the_codec_only(self):
        viewer, before = self.start_pair()
        after = viewer.key("h")
        self.assertEqual(differs(before[LEFT], after[LEFT]), 0)
        self.assertGreater(differs(before[RIGHT], after[RIGHT]), 0.5)
        middle = after[RIGHT][100:500, 100:500].reshape(-1, 3)
        self.assertGreater(len(numpy.unique(middle, axis=0)), 20, "the heatmap is blank")
        self.assertIn("difference", driver.words(after[HEADER_RIGHT], self.folder))
        again = viewer.key("h")
        self.assertEqual(differs(before[LEFT], again[LEFT]) + differs(before[RIGHT], again[RIGHT]), 0)

    def test_tuned_for_structure_and_back(self):
        viewer, before = self.start_pair()
        tuned = viewer.key("shift+s")
        self.assertRegex(driver.words(tuned[HEADER_RIGHT], self.folder), r"tuned for")
        self.assertGreater(differs(before[RIGHT], tuned[RIGHT]), 0.01)
        self.assertNotRegex(driver.words(viewer.key("shift+s")[HEADER_RIGHT], self.folder), r"tuned for")

    def test_wipe_divider_moves_pixels(self):
        viewer, _ = self.start_pair()
        before = viewer.key("w")
        after = viewer.drag((640, 430), (400, 430))
        after = viewer.move(640, 780)
        picture = slice(110, 750)
        self.assertEqual(differs(before[picture, 340:380], after[picture, 340:380]), 0)  # A stays A
        self.assertEqual(differs(before[picture, 680:900], after[picture, 680:900]), 0)  # B stays B
        self.assertGreater(differs(before[picture, 410:620], after[picture, 410:620]), 0.2)  # A has become B

    def test_wheel_and_drag_move_panes_in_step_and_ctrl_one_alone(self):
        viewer, before = self.start_pair()
        zoomed = viewer.wheel(320, 430, 4)
        self.assertGreater(differs(before[LEFT], zoomed[LEFT]), 0.3)
        self.assertGreater(differs(before[RIGHT], zoomed[RIGHT]), 0.3)
        # In step: both panes show the same place, so they resemble each other.
        apart = numpy.abs(zoomed[LEFT].astype(int) - zoomed[RIGHT].astype(int)).mean()
        self.assertLess(apart, 25)
        dragged = viewer.drag((320, 430), (220, 380))
        self.assertGreater(differs(zoomed[RIGHT], dragged[RIGHT]), 0.3)
        alone = viewer.drag((320, 430), (420, 480), "ctrl")
        alone = viewer.move(640, 785)
        self.assertGreater(differs(dragged[LEFT], alone[LEFT]), 0.3)
        self.assertEqual(differs(dragged[RIGHT][:, 100:], alone[RIGHT][:, 100:]), 0)
        self.assertEqual(differs(before[LEFT], viewer.key("f")[LEFT]), 0)

    def test_space_flickers_to_the_original_while_held(self):
        viewer, before = self.start_pair()
        self.display.xdotool("keydown", "space")
        time.sleep(1)
        held = viewer.settle()
        self.display.xdotool("keyup", "space")
        self.assertEqual(differs(held[LEFT], held[RIGHT]), 0)
        self.assertGreater(differs(before[RIGHT], held[RIGHT]), 0.2)
        self.assertEqual(differs(before, viewer.settle()), 0)

    def test_shift_drag_measures_a_rectangle(self):
        viewer = self.start("--mode", "2-up", self.folder / "a.png", self.folder / "a.nae")
        before = viewer.settle()
        viewer.drag((160, 250), (300, 400), "shift")
        after = viewer.move(640, 790)
        self.assertGreater(differs(before[110:760, 15:470], after[110:760, 15:470]), 0.001)

    def test_the_pointer_names_the_pixel(self):
        viewer, screen = self.start_pair()
        line = driver.words(viewer.move(322, 434)[770:798, 0:900], self.folder)
        found = re.search(r"Original (\d+) (\d+) (\d+)", line)
        self.assertIsNotNone(found, line)
        self.assertEqual([int(value) for value in found.groups()], screen[434, 322].tolist(), line)

    def test_palette_runs_what_was_typed(self):
        viewer, before = self.start_pair()
        viewer.wheel(320, 430, 4)
        viewer.key("ctrl+p")
        viewer.type("fit to")
        viewer.key("Return")
        after = viewer.move(640, 785)
        self.assertEqual(differs(before[LEFT], after[LEFT]), 0)

    def test_a_wrong_path_is_said_in_the_window(self):
        viewer = self.start(self.folder / "missing.tif")
        text = driver.words(viewer.settle()[500:800], self.folder)
        self.assertTrue(driver.mentions("missing.tif", text), text)
        self.assertIn("No such file", text)

    def test_nae_alone_offers_to_pick_its_original(self):
        viewer = self.start("--mode", "2-up", self.folder / "a.nae")
        screen = viewer.settle()
        text = driver.words(screen[110:760, 15:470], self.folder)
        self.assertIn("original", text)
        self.assertIn("a.png", text)

    def test_files_dropped_on_the_window_are_opened(self):
        viewer = self.start("--mode", "2-up")
        viewer.key("Tab")
        self.assertTrue(xdnd.drop(self.display.name, viewer.window, 300, 300, [self.folder / "a.nae"]))
        alone = viewer.settle(quiet=2)
        self.assertIn("NAE", driver.words(alone[HEADER_RIGHT], self.folder))
        self.assertNotIn("Original", driver.words(alone[HEADER_LEFT], self.folder).replace("No original", ""))
        # The original joins it; a pair at once does the same.
        self.assertTrue(xdnd.drop(self.display.name, viewer.window, 300, 300, [self.folder / "a.png"]))
        joined = viewer.settle(quiet=2)
        self.assertIn("Original", driver.words(joined[HEADER_LEFT], self.folder))
        self.assertRegex(driver.words(joined[HEADER_RIGHT], self.folder), r"NAE.*dB")
        viewer.key("ctrl+w")
        pair = [self.folder / "a.nae", self.folder / "a.png"]
        self.assertTrue(xdnd.drop(self.display.name, viewer.window, 300, 300, pair))
        self.assertEqual(differs(joined[RIGHT], viewer.settle(quiet=2)[RIGHT]), 0)

    def test_figures_and_pictures_are_exported_through_the_dialog(self):
        viewer, _ = self.start_pair()
        for key, name in (("ctrl+t", "figures.csv"), ("ctrl+e", "view.png"), ("ctrl+shift+e", "sheet.png")):
            viewer.key(key)
            viewer.key("Escape")  # thought better of it
            viewer.key(key)
            viewer.type(str((self.folder / name).resolve()))
            viewer.key("Return")
            driver.wait_until_written(self.folder / name)
        rows = (self.folder / "figures.csv").read_text().splitlines()
        self.assertEqual(rows[0].split(",")[:4], ["codec", "bytes", "bpp", "psnr_db"])
        self.assertEqual([row.split(",")[0] for row in rows[1:3]], ["NAE", "JPEG"])
        self.assertEqual(int(rows[1].split(",")[1]), (self.folder / "a.nae").stat().st_size)
        # JPEG has been matched by size.
        self.assertLess(abs(int(rows[2].split(",")[1]) / int(rows[1].split(",")[1]) - 1), 0.02)
        self.assertEqual(driver.read_image(self.folder / "view.png").shape, (800, 1280, 3))
        self.assertGreater(driver.read_image(self.folder / "sheet.png").shape[0], 500)

    def test_a_point_of_the_plot_is_clicked(self):
        viewer = self.start("--mode", "2-up", self.folder / "a.png", self.folder / "a.nae")
        viewer.settle()
        viewer.display.xdotool("key", "r")
        screen = viewer.settle(quiet=5, limit=200)
        # The plot has scrolled into the side panel; NAE's curve has a colour of its own and begins at the lower left.
        panel = screen[60:760, 945:1270].astype(int)
        rows, columns = numpy.nonzero(numpy.abs(panel - NAE_COLOUR).max(axis=2) < 12)
        self.assertGreater(len(rows), 20, "no points of NAE in the plot")
        first = (rows - columns).argmax()
        self.assertIn("quality 40", driver.words(screen[56:100, 480:940], self.folder))
        viewer.display.xdotool("mousemove", 945 + int(columns[first]) + 2, 60 + int(rows[first]) - 2)
        time.sleep(0.5)
        viewer.display.xdotool("click", 1)
        after = driver.words(viewer.settle(quiet=3)[56:100, 480:940], self.folder)
        self.assertIn("quality", after)
        self.assertNotIn("quality 40", after)

    def test_the_session_comes_back(self):
        viewer, _ = self.start_pair()
        viewer.wheel(320, 430, 3)
        before = viewer.move(640, 785)
        state = self.state
        self.assertEqual(viewer.quit()[0], 0)
        self.viewer = driver.Viewer(self.display, PROGRAM, state=state)
        after = self.viewer.move(640, 785)
        self.assertLess(differs(before[LEFT], after[LEFT]), 0.01)

    def test_idle_costs_next_to_nothing(self):
        viewer, _ = self.start_pair()
        time.sleep(1)
        spent, start = viewer.processor_seconds(), time.monotonic()
        time.sleep(5)
        share = (viewer.processor_seconds() - spent) / (time.monotonic() - start)
        print(f"idle: {100 * share:.2f} % of one processor")
        self.assertLess(share, 0.02)

    def test_graphics_card_and_processor_paint_the_same_window(self):
        pair = [str(self.folder / "a.png"), str(self.folder / "a.nae")]
        common = ["--no-session", "--size", "1280x800", "--scale", "1", "--mode", "4-up"]
        shots = []
        for name, more, environment in (("gl.png", [], self.display.environment), ("soft.png", ["--headless"], None)):
            path = str(self.folder / name)
            subprocess.run([PROGRAM, *pair, *common, *more, "--screenshot", path], env=environment, check=True,
                           timeout=120)
            shots.append(driver.read_image(path).astype(int))
        self.assertEqual(shots[0].shape, (800, 1280, 3))
        self.assertLess(numpy.abs(shots[0] - shots[1]).mean(), 1.0)


class ActionTable(unittest.TestCase):
    def test_every_action_leaves_a_working_window(self):
        folder = Path("actions")
        folder.mkdir(exist_ok=True)
        make_pictures(folder)
        listed = subprocess.run([PROGRAM, "--list-actions"], capture_output=True, text=True, check=True).stdout
        names = [line.split()[0] for line in listed.splitlines()]
        self.assertGreater(len(names), 40)
        # Closing first would leave the others nothing to act on.
        names = [name for name in names if name not in ("file.close", "codec.rd_curve")] + ["file.close"]
        steps = [word for name in names for word in ("--do", name)]
        environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        path = folder / "after.png"
        subprocess.run([PROGRAM, str(folder / "a.png"), str(folder / "a.nae"), "--headless", "--no-session", *steps,
                        "--screenshot", str(path)], env=environment, check=True, timeout=300)
        self.assertEqual(driver.read_image(path).shape, (800, 1280, 3))


if __name__ == "__main__":
    driver.run_tests()
