#!/usr/bin/env python3
"""The figure every claim of the project rests on: BD-rate, against what can be said without interpolation."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from bd_rate import bd_rate, pchip  # noqa: E402

CURVE = [(0.22, 23.9), (0.33, 26.7), (0.51, 29.1), (0.79, 31.4), (1.24, 33.9), (1.86, 36.5), (3.39, 40.6)]


class BdRate(unittest.TestCase):
    def test_same_curve(self):
        self.assertAlmostEqual(bd_rate(CURVE, CURVE), 0, places=9)

    def test_constant_factor(self):
        half = [(0.5 * bpp, psnr) for bpp, psnr in CURVE]
        self.assertAlmostEqual(bd_rate(CURVE, half), -50, places=6)
        self.assertAlmostEqual(bd_rate(CURVE, half, (32.5, 36.5)), -50, places=6)
        self.assertAlmostEqual(bd_rate(half, CURVE), 100, places=6)

    def test_order_of_points_does_not_matter(self):
        self.assertAlmostEqual(bd_rate(CURVE, CURVE[::-1]), 0, places=9)

    def test_no_common_range(self):
        self.assertIsNone(bd_rate(CURVE, [(0.1, 10.0), (0.2, 20.0)]))
        self.assertIsNone(bd_rate(CURVE, CURVE[:4], (32.5, 36.5)))

    def test_interpolant(self):
        # SciPy's PchipInterpolator([0, 1, 3, 4, 7], [0, 2, 3, 3, 9]) at these points.
        at = [0.0, 0.5, 1.0, 2.0, 3.5, 5.0, 7.0]
        expected = [0.0, 1.2053571428571428, 2.0, 2.7142857142857144, 3.0, 3.7777777777777777, 9.0]
        for value, wanted in zip(pchip([0, 1, 3, 4, 7], [0, 2, 3, 3, 9], at), expected):
            self.assertAlmostEqual(value, wanted, places=12)


if __name__ == "__main__":
    unittest.main()
