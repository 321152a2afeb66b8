#!/usr/bin/env python3
"""The benchmark's metrics against plain loops and known cases."""

import math
import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import metrics  # noqa: E402


def noise(shape, seed):
    return np.random.default_rng(seed).integers(0, 256, shape)


class Metrics(unittest.TestCase):
    def test_psnr(self):
        a = np.zeros((1, 4, 4), int)
        self.assertAlmostEqual(metrics.psnr(a, a + 1), 20 * math.log10(255), places=9)
        self.assertEqual(metrics.psnr(a, a), math.inf)

    def test_ssim_of_one_window(self):
        a, b = noise((1, 11, 11), 1), noise((1, 11, 11), 2)
        weights = np.outer(*[np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)] * 2)
        weights /= weights.sum()
        mean_a, mean_b = (weights * a[0]).sum(), (weights * b[0]).sum()
        variance_a, variance_b = (weights * (a[0] - mean_a) ** 2).sum(), (weights * (b[0] - mean_b) ** 2).sum()
        covariance = (weights * (a[0] - mean_a) * (b[0] - mean_b)).sum()
        c1, c2 = 6.5025, 58.5225
        expected = ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)
                    / ((mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2)))
        self.assertAlmostEqual(metrics.ssim(a, b), expected, places=4)

    def test_identical(self):
        a = noise((3, 200, 190), 3)
        self.assertAlmostEqual(metrics.ssim(a, a), 1, places=6)
        self.assertAlmostEqual(metrics.ms_ssim(a, a), 1, places=6)
        self.assertGreater(metrics.decibel(metrics.ms_ssim(a, a)), 50)

    def test_more_noise_is_worse(self):
        a = np.repeat(np.repeat(noise((3, 50, 50), 4), 4, axis=1), 4, axis=2)
        little, much = (np.clip(a + np.random.default_rng(5).normal(0, s, a.shape), 0, 255).round() for s in (5, 20))
        for metric in (metrics.psnr, metrics.ssim, metrics.ms_ssim):
            self.assertGreater(metric(a, little), metric(a, much))

    def test_halving_keeps_means(self):
        a = np.full((1, 7, 9), 8.0)
        half = metrics.halve(a)
        self.assertEqual(half.shape, (1, 4, 5))
        self.assertTrue((half[:, 1:, 1:] == 8).all())

    def test_too_small(self):
        a = noise((1, 10, 300), 6)
        self.assertTrue(math.isnan(metrics.ssim(a, a)))
        self.assertTrue(math.isnan(metrics.ms_ssim(a, a)))


if __name__ == "__main__":
    unittest.main()
