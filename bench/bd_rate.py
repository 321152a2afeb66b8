"""Bjøntegaard delta rate with monotone cubic (pchip) interpolation.

A curve is a list of (bits per pixel, PSNR in dB). log(bpp) is interpolated over PSNR by the monotone piecewise cubic of
F. N. Fritsch and J. Butland, "A method for constructing local monotone piecewise cubic interpolants", SIAM J. Sci. Stat.
Comput. 5(2), 1984; the BD-rate is the mean of the difference of two such curves over a PSNR range, in percent.
"""

import numpy as np


def pchip_slopes(x, y):
    """Slopes at the knots: weighted harmonic means of the neighbouring secants, zero where those change sign."""
    step = np.diff(x)
    secant = np.diff(y) / step
    if len(x) == 2:
        return np.array([secant[0], secant[0]])
    slopes = np.zeros(len(x))
    for i in range(1, len(x) - 1):
        if secant[i - 1] * secant[i] > 0:
            left, right = 2 * step[i] + step[i - 1], step[i] + 2 * step[i - 1]
            slopes[i] = (left + right) / (left / secant[i - 1] + right / secant[i])
    slopes[0] = end_slope(step[0], step[1], secant[0], secant[1])
    slopes[-1] = end_slope(step[-1], step[-2], secant[-1], secant[-2])
    return slopes


def end_slope(near_step, far_step, near, far):
    """Three-point estimate at an end, held to the shape of the data."""
    slope = ((2 * near_step + far_step) * near - near_step * far) / (near_step + far_step)
    if np.sign(slope) != np.sign(near):
        return 0.0
    if np.sign(near) != np.sign(far) and abs(slope) > 3 * abs(near):
        return 3 * near
    return slope


def pchip(x, y, at):
    """The interpolant through (x, y), x increasing, evaluated at points within x's range."""
    x, y, at = (np.asarray(v, float) for v in (x, y, at))
    slopes = pchip_slopes(x, y)
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    step = x[i + 1] - x[i]
    t = (at - x[i]) / step
    return ((1 + 2 * t) * (1 - t) ** 2 * y[i] + t * (1 - t) ** 2 * step * slopes[i]
            + t * t * (3 - 2 * t) * y[i + 1] + t * t * (t - 1) * step * slopes[i + 1])


def sorted_curve(curve):
    """By PSNR; of points with equal PSNR the cheapest stays."""
    best = {}
    for bpp, psnr in curve:
        best[psnr] = min(bpp, best.get(psnr, bpp))
    psnr = np.array(sorted(best))
    return psnr, np.log([best[p] for p in psnr])


def bd_rate(anchor, test, window=None):
    """Percent of bits that `test` needs more (negative: less) than `anchor` for the same PSNR, averaged over the PSNR
    range both share, cut to `window` (low, high) if given. None when less than a quarter of a dB is left, or when a
    given window is not covered by both."""
    anchor_psnr, anchor_rate = sorted_curve(anchor)
    test_psnr, test_rate = sorted_curve(test)
    if len(anchor_psnr) < 2 or len(test_psnr) < 2:
        return None
    low = max(anchor_psnr[0], test_psnr[0])
    high = min(anchor_psnr[-1], test_psnr[-1])
    if window is not None:
        if low > window[0] or high < window[1]:
            return None
        low, high = window
    if high - low < 0.25:
        return None
    at = np.linspace(low, high, 4001)
    difference = pchip(test_psnr, test_rate, at) - pchip(anchor_psnr, anchor_rate, at)
    mean = np.trapz(difference, at) / (high - low)
    return 100 * (np.exp(mean) - 1)
