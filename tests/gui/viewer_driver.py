"""Drives the real nae-viewer on a display of its own (Xvfb, Mesa's software OpenGL) as a person would.

Keys and mouse events come from xdotool, what is on the screen from Xvfb's frame buffer, words from Tesseract.
"""

import difflib
import importlib.util
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import numpy
from osgeo import gdal

gdal.UseExceptions()

ENLARGED = 3  # for reading
NEEDED = ("Xvfb", "xdotool", "tesseract")


def missing_tools():
    missing = [tool for tool in NEEDED if shutil.which(tool) is None]
    return missing + (["python3-xlib"] if importlib.util.find_spec("Xlib") is None else [])


def run_tests():
    """The calling script's test cases; exit status 77, which CTest takes for skipped, where a tool is missing.

    What fails is tried once more, and said so: time passes between an event and what Tesseract reads of its effect, and
    a busy machine may need more of it than a test grants. A fault of the window fails twice."""
    absent = missing_tools()
    if absent:
        print("not installed:", ", ".join(absent))
        sys.exit(77)
    result = unittest.main(verbosity=2, exit=False).result
    failed = [test for test, _ in result.failures + result.errors if isinstance(test, unittest.TestCase)]
    if not result.wasSuccessful() and failed:
        print("once more:", ", ".join(test.id() for test in failed), flush=True)
        again = unittest.TestSuite(type(test)(test.id().rsplit(".", 1)[1]) for test in failed)
        result = unittest.TextTestRunner(verbosity=2).run(again)
    sys.exit(0 if result.wasSuccessful() else 1)


class Display:
    """An X server that nobody sees."""

    def __init__(self, width=1280, height=800):
        self.folder = tempfile.mkdtemp(prefix="nae-gui-")
        read_end, write_end = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{width}x{height}x24", "-fbdir", self.folder,
             "-nolisten", "tcp", "-noreset"], pass_fds=[write_end], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start")
        self.name = ":" + number
        self.environment = dict(os.environ, DISPLAY=self.name, LIBGL_ALWAYS_SOFTWARE="1")
        self.environment.pop("WAYLAND_DISPLAY", None)

    def close(self):
        self.server.terminate()
        self.server.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def pixels(self):
        """The screen as an array of rows, columns and R, G, B (the XWD format of Xvfb's frame buffer file)."""
        data = Path(self.folder, "Xvfb_screen0").read_bytes()
        header = struct.unpack(">25I", data[:100])
        size, width, height, stride, colours = header[0], header[4], header[5], header[12], header[19]
        rows = numpy.frombuffer(data, numpy.uint8, stride * height, size + colours * 12).reshape(height, stride)
        return rows[:, : width * 4].reshape(height, width, 4)[:, :, 2::-1].copy()

    def xdotool(self, *arguments):
        done = subprocess.run(["xdotool", *map(str, arguments)], env=self.environment, capture_output=True, text=True,
                              timeout=60, check=True)
        return done.stdout


class Viewer:
    """A running nae-viewer that fills the display."""

    def __init__(self, display, program, *arguments, state):
        self.display = display
        size = "{1}x{0}".format(*display.pixels().shape[:2])
        environment = dict(display.environment, XDG_STATE_HOME=str(state))
        self.process = subprocess.Popen([program, "--size", size, *map(str, arguments)], env=environment,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.window = self._find_window()
        display.xdotool("windowmove", self.window, 0, 0)
        display.xdotool("mousemove", 640, 400)
        display.xdotool("windowfocus", self.window)
        self.settle(quiet=3)  # background work may pause between two steps on a busy machine

    def _find_window(self):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError("nae-viewer ended: " + self.process.stderr.read())
            found = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "NAE viewer"],
                                   env=self.display.environment, capture_output=True, text=True)
            if found.stdout.strip():
                return found.stdout.split()[0]
            time.sleep(0.1)
        raise RuntimeError("no window")

    def _asleep(self):
        """Whether neither the viewer nor the display has anything to do: on a busy machine that is not the same as an
        unchanged screen."""
        for process in (self.process.pid, self.display.server.pid):
            for thread in Path(f"/proc/{process}/task").glob("*/stat"):
                try:
                    state = thread.read_text().rsplit(")", 1)[1].split()[0]
                except OSError:
                    continue  # it has ended meanwhile
                if state not in "SI":
                    return False
        return True

    def settle(self, quiet=1.0, limit=60):
        """Waits until the screen has not changed for a while, and returns it."""
        last, since, end = self.display.pixels(), time.monotonic(), time.monotonic() + limit
        seen_asleep = 0
        while time.monotonic() < end:
            time.sleep(0.1)
            now = self.display.pixels()
            seen_asleep += self._asleep()
            if not numpy.array_equal(now, last):
                last, since, seen_asleep = now, time.monotonic(), 0
            elif time.monotonic() - since > quiet and seen_asleep >= 3:
                return now
        raise RuntimeError("the window does not come to rest")

    def key(self, *keys):
        self.display.xdotool("key", *keys)
        return self.settle()

    def type(self, words):
        self.display.xdotool("type", "--delay", 40, words)
        return self.settle()

    def move(self, x, y):
        self.display.xdotool("mousemove", x, y)
        return self.settle()

    def drag(self, start, end, *held):
        for key in held:
            self.display.xdotool("keydown", key)
        self.display.xdotool("mousemove", *start)
        time.sleep(0.4)  # a frame has to see where the pointer is before the button goes down
        self.display.xdotool("mousedown", 1)
        time.sleep(0.4)
        for step in range(1, 6):
            x, y = (round(a + (b - a) * step / 5) for a, b in zip(start, end))
            self.display.xdotool("mousemove", x, y)
            time.sleep(0.1)
        time.sleep(0.4)
        self.display.xdotool("mouseup", 1)
        for key in held:
            self.display.xdotool("keyup", key)
        return self.settle()

    def wheel(self, x, y, clicks):
        self.display.xdotool("mousemove", x, y)
        time.sleep(0.3)
        for _ in range(abs(clicks)):
            self.display.xdotool("click", 4 if clicks > 0 else 5)
            time.sleep(0.1)
        return self.settle()

    def processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def quit(self):
        """Ctrl+Q; the program's exit status and what it said."""
        if self.process.poll() is None:
            self.display.xdotool("key", "ctrl+q")
        try:
            _, errors = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, errors = self.process.communicate()
            return -1, "did not quit\n" + errors
        return self.process.returncode, errors


def wait_until_written(path, quiet=2, limit=60):
    """Waits until a file is there and has not grown for a while."""
    size, since, end = -1, time.monotonic(), time.monotonic() + limit
    while time.monotonic() < end:
        now = path.stat().st_size if path.exists() else -1
        if now != size:
            size, since = now, time.monotonic()
        elif size > 0 and time.monotonic() - since > quiet:
            return
        time.sleep(0.1)
    raise RuntimeError(f"{path} is not written")


def read_image(path):
    """A picture file as rows, columns, bands."""
    return numpy.moveaxis(numpy.atleast_3d(gdal.Open(str(path)).ReadAsArray().T).T, 0, -1)


def recognise(pixels, folder, *options):
    """Tesseract's answer about a part of the screen."""
    # Dark on light and three times as large is what Tesseract was trained on.
    gray = 255 - pixels.max(axis=2)
    large = numpy.kron(gray, numpy.ones((ENLARGED, ENLARGED), numpy.uint8))
    path = Path(folder, "words.pgm")
    path.write_bytes(b"P5\n%d %d\n255\n" % (large.shape[1], large.shape[0]) + large.tobytes())
    done = subprocess.run(["tesseract", str(path), "-", *options], capture_output=True, text=True, check=True,
                          env=dict(os.environ, OMP_THREAD_LIMIT="1"))
    return done.stdout


def words(pixels, folder):
    """What a person reads there."""
    return re.sub(r"\s+", " ", recognise(pixels, folder, "--psm", "6"))


def mentions(word, text):
    """Whether a word stands in what was read, but for a letter or two: Tesseract does not see every narrow one."""
    return any(difflib.SequenceMatcher(None, word, part).ratio() > 0.85 for part in re.split(r"[\s/:]+", text))


def place_of(word, pixels, folder):
    """Where a word stands: the middle of what reads most like it."""
    best, place = 0.79, None
    for line in recognise(pixels, folder, "--psm", "11", "tsv").splitlines()[1:]:
        fields = line.split("\t")
        likeness = difflib.SequenceMatcher(None, word, fields[-1].strip(" .…[]()|")).ratio()
        if likeness > best:
            left, top, width, height = map(int, fields[6:10])
            best, place = likeness, ((left + width // 2) // ENLARGED, (top + height // 2) // ENLARGED)
    if place is None:
        raise RuntimeError(f'"{word}" is not on the screen')
    return place
