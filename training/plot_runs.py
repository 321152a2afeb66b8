#!/usr/bin/env python3
"""Draws the learning curve out of the table of runs in docs/training.md.

    training/plot_runs.py docs/training.md docs/images/learning.svg
"""

import re
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as pyplot  # noqa: E402


def curves(text):
    """[(what validation measures, [(steps, validation)])], one for each way of measuring; runs that were not kept are left out."""
    table = text[text.index("| run | settings | steps |"):].split("\n\n")[0]
    found = [("rounding", [])]
    for line in table.splitlines()[2:]:
        run, settings, steps, _, value = [cell.strip() for cell in line.strip("|").split("|")]
        changed = re.match(r"validation from here on with (.*)", settings)
        if changed:
            found.append((re.sub(r",.*", "", changed[1]).replace("the ", ""), []))
        if "not kept" not in run and "not published" not in run:
            found[-1][1].append((int(steps.replace(",", "")), float(value)))
    return found


def main():
    source, out = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        found = curves(file.read())
    figure, axes = pyplot.subplots(figsize=(7, 3.8))
    for name, points in found:
        axes.plot(*zip(*points), marker=".", label=name)
    axes.set_xlabel("steps")
    axes.set_ylabel("validation: (λ·MSE + bits per pixel) / √λ")
    axes.set_ylim(top=13)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(True, alpha=0.25)
    axes.legend(frameon=False, title="measured with", fontsize=8)
    figure.tight_layout()
    figure.savefig(out)


if __name__ == "__main__":
    main()
