"""What the rate-distortion benchmark says of its measurements: curves, BD-rates, the pictures that stand out, a plot."""

import csv

import numpy as np

from bd_rate import bd_rate
from metrics import decibel

WINDOW = (32.5, 36.5)  # dB: where photographs are mostly kept
ANCHOR = "jpeg"


def percent(value):
    return "–" if value is None else f"{value:+.1f}"


def markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


class Report:
    """rows: one for each file, as rd.py makes them; settings: {codec: its settings from coarse to fine}."""

    def __init__(self, rows, settings):
        self.rows, self.settings = rows, settings
        self.pictures = sorted({row["picture"] for row in rows})

    def of(self, codec, setting=None, picture=None):
        return [r for r in self.rows if r["codec"] == codec and (setting is None or r["setting"] == setting)
                and (picture is None or r["picture"] == picture)]

    def mean(self, codec, setting, key):
        return float(np.mean([r[key] for r in self.of(codec, setting)]))

    def curve(self, codec, key="psnr_db"):
        """Mean bpp and mean distortion of every setting. MS-SSIM is averaged first and turned into decibels then."""
        values = [self.mean(codec, s, key) for s in self.settings[codec]]
        if key == "ms_ssim":
            values = [decibel(v) for v in values]
        return list(zip([self.mean(codec, s, "bpp") for s in self.settings[codec]], values))

    def picture_curve(self, codec, picture):
        return [(r["bpp"], r["psnr_db"]) for r in self.of(codec, picture=picture)]

    def write_curves(self, path):
        with open(path, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["codec", "setting", "mean_bpp", "mean_psnr_db", "mean_ssim", "mean_ms_ssim"])
            for codec, settings in self.settings.items():
                for s in settings:
                    writer.writerow([codec, s] + [f"{self.mean(codec, s, key):.5f}" for key in
                                                  ("bpp", "psnr_db", "ssim", "ms_ssim")])

    def tables(self, published):
        parts = []
        for codec, settings in self.settings.items():
            lines = []
            for s in settings:
                times = [float(np.median([r[k] for r in self.of(codec, s)])) for k in ("write_seconds", "read_seconds")]
                lines.append([s, f"{self.mean(codec, s, 'bpp'):.3f}", f"{self.mean(codec, s, 'psnr_db'):.2f}",
                              f"{self.mean(codec, s, 'ssim'):.4f}", f"{self.mean(codec, s, 'ms_ssim'):.4f}",
                              f"{times[0]:.2f}", f"{times[1]:.2f}"])
            head = ["setting", "bpp", "PSNR dB", "SSIM", "MS-SSIM", "write s", "read s"]
            parts.append(f"\n### {codec}\n\n" + markdown(head, lines))
        if ANCHOR in self.settings:
            parts += [self.bd_table(), *(self.picture_table(c) for c in self.settings if c.startswith("nae"))]
        if published:
            parts.append(self.published_table(published))
        return "".join(parts)

    def bd_table(self):
        low, high = WINDOW
        anchor, anchor_ms = self.curve(ANCHOR), self.curve(ANCHOR, "ms_ssim")
        lines = []
        for codec in self.settings:
            if codec == ANCHOR:
                continue
            curve = self.curve(codec)
            ms = None if not np.isfinite(anchor_ms).all() else bd_rate(anchor_ms, self.curve(codec, "ms_ssim"))
            lines.append([codec, percent(bd_rate(anchor, curve)), percent(bd_rate(anchor, curve, WINDOW)), percent(ms)])
        return (f"\n### BD-rate against JPEG, percent\n\n"
                + markdown(["codec", "PSNR, shared range", f"PSNR, {low}–{high} dB", "MS-SSIM"], lines))

    def picture_table(self, codec):
        """Each picture's own BD-rate, worst first."""
        found = [(bd_rate(self.picture_curve(ANCHOR, p), self.picture_curve(codec, p)), p) for p in self.pictures]
        found = sorted(((value, p) for value, p in found if value is not None), reverse=True)
        return (f"\n### {codec}, picture by picture: BD-rate against JPEG, percent, worst first\n\n"
                + ", ".join(f"{p} {percent(value)}" for value, p in found) + "\n")

    def published_table(self, published):
        low, high = WINDOW
        ours = [c for c in self.settings if c.startswith("nae")]
        lines = []
        for other, points in published.items():
            points = [(p[0], p[1]) for p in points]
            cells = [f"{percent(bd_rate(points, self.curve(c)))} / {percent(bd_rate(points, self.curve(c), WINDOW))}"
                     for c in ours]
            lines.append([other, *cells])
        return (f"\n### BD-rate against published curves, percent: shared range / {low}–{high} dB\n\n"
                + markdown(["against", *ours], lines))

    def plot(self, path, published, title):
        """PSNR over bpp as SVG, other people's curves behind ours. Without Matplotlib there is none."""
        try:
            import matplotlib
        except ImportError:
            return False
        matplotlib.use("svg")
        matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "nae", "font.size": 9})
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots(figsize=(8, 5.2), layout="constrained")
        for name, points in published.items():
            line, = axes.plot([p[0] for p in points], [p[1] for p in points], color="0.8", linewidth=0.8, zorder=1)
            inside = [p for p in points if p[0] <= 2.0]
            if inside:
                axes.annotate(name, inside[-1][:2], color="0.6", fontsize=5, zorder=1)
        for codec in self.settings:
            curve = self.curve(codec)
            ours = codec.startswith("nae")
            axes.plot(*zip(*curve), marker="o", markersize=3, linewidth=2.2 if ours else 1.2, label=codec,
                      zorder=3 if ours else 2)
        axes.set(xlabel="bits per pixel, files whole", ylabel="RGB PSNR, dB", title=title, xlim=(0, 2.5))
        lowest = min(c[0][1] for c in map(self.curve, self.settings))
        axes.set_ylim(max(lowest - 1, 20), 42)
        axes.grid(color="0.93")
        axes.legend(loc="lower right")
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
        return True
