#!/usr/bin/python3
"""Synthetic graphics for the training mix: pages, interfaces, plots, maps, hard-edged patterns. The same bytes for the
same seed, Pillow and fonts.

    training/make_graphics.py FOLDER [--count 48] [--seed 1]

Photographs alone teach a codec nothing about text and thin lines; a few per cent of these keep it from failing on them.
"""

import argparse
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIDE = 1024
FONTS = sorted(p for folder in ("dejavu", "liberation", "liberation2") for p in
               Path("/usr/share/fonts/truetype", folder).glob("*.ttf"))
WORDS = ("the of and to in a is that for it as was with be by on not he his but at are this have from or had an they "
         "which one you were her all she there would their we him been has when who will more no if out so said what "
         "up its about into than them can only other new some could time these two may then do first any my now such "
         "river north map 1987 42 3.14 total sum; return int void (x) { } [i] = + 100% Fig. Table km² №").split()


class Page:
    def __init__(self, rng):
        self.rng = rng
        self.dark = rng.random() < 0.35
        self.image = Image.new("RGB", (SIDE, SIDE), self.shade(not self.dark))
        self.draw = ImageDraw.Draw(self.image)

    def shade(self, light):
        base = self.rng.randint(225, 255) if light else self.rng.randint(0, 50)
        return tuple(max(0, min(255, base + self.rng.randint(-12, 12))) for _ in range(3))

    def ink(self):
        if self.rng.random() < 0.6:
            return self.shade(self.dark)
        return tuple(self.rng.randint(0, 255) for _ in range(3))

    def font(self, low=9, high=30):
        return ImageFont.truetype(str(self.rng.choice(FONTS)), self.rng.randint(low, high))

    def words(self, count):
        return " ".join(self.rng.choice(WORDS) for _ in range(count))

    def box(self, smallest=30, largest=SIDE // 2):
        x, y = self.rng.randint(-20, SIDE - 40), self.rng.randint(-20, SIDE - 40)
        return x, y, x + self.rng.randint(smallest, largest), y + self.rng.randint(smallest, largest)


def text_page(page):
    y, ink = page.rng.randint(0, 40), page.ink()
    font = page.font(9, 22)
    while y < SIDE:
        if page.rng.random() < 0.08:
            font, ink = page.font(), page.ink()
        indent = page.rng.choice((20, 20, 20, 60, 300))
        page.draw.text((indent, y), page.words(page.rng.randint(3, 22)), font=font, fill=ink)
        y += round(font.size * page.rng.choice((1.2, 1.2, 1.3, 2)))


def interface(page):
    for _ in range(page.rng.randint(12, 40)):
        x0, y0, x1, y1 = page.box(16, 320)
        fill = page.ink() if page.rng.random() < 0.7 else None
        page.draw.rounded_rectangle((x0, y0, x1, y1), page.rng.choice((0, 0, 4, 12)), fill, page.ink(),
                                    page.rng.randint(1, 3))
        page.draw.text((x0 + 6, y0 + 4), page.words(page.rng.randint(1, 5)), font=page.font(9, 18), fill=page.ink())


def plot(page):
    for _ in range(page.rng.randint(1, 4)):
        x0, y0, x1, y1 = page.box(250, 800)
        page.draw.rectangle((x0, y0, x1, y1), page.shade(not page.dark), page.ink())
        for k in range(1, 8):
            x = x0 + (x1 - x0) * k // 8
            page.draw.line((x, y0, x, y1), page.shade(not page.dark))
            page.draw.text((x - 10, y1 + 4), str(page.rng.randint(0, 999)), font=page.font(9, 13), fill=page.ink())
        for _ in range(page.rng.randint(1, 5)):
            ink, level, points = page.ink(), page.rng.uniform(0.2, 0.8), []
            for x in range(x0, x1, page.rng.choice((2, 7, 25))):
                level = min(0.98, max(0.02, level + page.rng.uniform(-0.05, 0.05)))
                points.append((x, y0 + (y1 - y0) * level))
            if page.rng.random() < 0.25:
                for x, y in points:
                    page.draw.rectangle((x, y, x + 3, y1), ink)
            elif len(points) > 1:
                page.draw.line(points, ink, page.rng.randint(1, 4))


def drawn_map(page):
    for _ in range(page.rng.randint(10, 30)):
        cx, cy, size = page.rng.randint(0, SIDE), page.rng.randint(0, SIDE), page.rng.randint(20, 300)
        corners = [(cx + page.rng.randint(-size, size), cy + page.rng.randint(-size, size)) for _ in range(6)]
        page.draw.polygon(corners, page.ink(), page.ink() if page.rng.random() < 0.5 else None)
    for _ in range(page.rng.randint(10, 40)):
        points = [(page.rng.randint(0, SIDE), page.rng.randint(0, SIDE))]
        for _ in range(page.rng.randint(3, 12)):
            points.append((points[-1][0] + page.rng.randint(-120, 120), points[-1][1] + page.rng.randint(-120, 120)))
        page.draw.line(points, page.ink(), page.rng.randint(1, 7), "curve")
    for _ in range(page.rng.randint(10, 50)):
        page.draw.text((page.rng.randint(0, SIDE), page.rng.randint(0, SIDE)), page.words(1), font=page.font(),
                       fill=page.ink())


def pattern(page):
    cell = page.rng.choice((1, 2, 4, 8, 16))
    colours = [page.ink() for _ in range(page.rng.randint(2, 6))]
    small = Image.new("RGB", (SIDE // cell, SIDE // cell))
    period = page.rng.randint(2, 9)
    noisy = page.rng.random() < 0.3
    small.putdata([page.rng.choice(colours) if noisy else colours[(x // period + y // (period + x % 2)) % len(colours)]
                   for y in range(small.height) for x in range(small.width)])
    page.image.paste(small.resize((SIDE, SIDE), Image.NEAREST))
    interface(page)


def smooth_page(page):
    """Shapes drawn large and reduced: edges as renderers with anti-aliasing make them."""
    page.image = page.image.resize((2 * SIDE, 2 * SIDE))
    page.draw = ImageDraw.Draw(page.image)
    for _ in range(page.rng.randint(15, 60)):
        x, y, size = page.rng.randint(0, 2 * SIDE), page.rng.randint(0, 2 * SIDE), page.rng.randint(10, 400)
        shape = page.rng.choice((page.draw.ellipse, page.draw.rectangle))
        shape((x, y, x + size, y + page.rng.randint(10, 400)), page.ink(), page.ink(), page.rng.randint(0, 8))
    page.image = page.image.resize((SIDE, SIDE), Image.LANCZOS)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if not FONTS:
        parser.exit(1, "no fonts: install fonts-dejavu-core\n")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    kinds = (text_page, interface, plot, drawn_map, pattern, smooth_page)
    for number in range(arguments.count):
        page = Page(random.Random(f"{arguments.seed} {number}"))
        kinds[number % len(kinds)](page)
        page.image.save(arguments.folder / f"graphics-{number:03}.png")


if __name__ == "__main__":
    main()
