"""Distortion of 8-bit pictures: PSNR, SSIM, MS-SSIM. Arrays are (channels, height, width); results are means over channels.

SSIM: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity", 2004,
with its 11-tap Gaussian window of sigma 1.5, K1 = 0.01, K2 = 0.03, without padding. MS-SSIM: Wang, Simoncelli, Bovik,
"Multiscale structural similarity for image quality assessment", 2003, five scales; each scale halves the picture by means
of 2x2 samples, odd extents padded with zeros on both sides, which is how the published curves of learned codecs have it.
"""

import numpy as np

PEAK = 255.0
C1, C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
TAPS = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
TAPS = (TAPS / TAPS.sum()).astype(np.float32)
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
SMALLEST_FOR_MS_SSIM = 161  # the window must fit the coarsest scale


def psnr(a, b):
    mse = np.mean((a.astype(np.float64) - b) ** 2)
    return float("inf") if mse == 0 else float(10 * np.log10(PEAK**2 / mse))


def blur(x):
    """Gaussian window along both axes, where it fits whole."""
    n = len(TAPS) - 1
    rows = sum(t * x[..., i:x.shape[-2] - n + i, :] for i, t in enumerate(TAPS))
    return sum(t * rows[..., i:rows.shape[-1] - n + i] for i, t in enumerate(TAPS))


def ssim_terms(a, b):
    """Per channel: mean SSIM, and mean of its contrast-structure factor."""
    mean_a, mean_b = blur(a), blur(b)
    variance_a, variance_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
    covariance = blur(a * b) - mean_a * mean_b
    structure = (2 * covariance + C2) / (variance_a + variance_b + C2)
    luminance = (2 * mean_a * mean_b + C1) / (mean_a**2 + mean_b**2 + C1)
    return (luminance * structure).mean(axis=(1, 2)), structure.mean(axis=(1, 2))


def ssim(a, b):
    if min(a.shape[1:]) < len(TAPS):
        return float("nan")
    return float(ssim_terms(a.astype(np.float32), b.astype(np.float32))[0].mean())


def halve(x):
    height, width = x.shape[1:]
    x = np.pad(x, ((0, 0), (height % 2, height % 2), (width % 2, width % 2)))
    height, width = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
    x = x[:, :height, :width]
    return (x[:, 0::2, 0::2] + x[:, 1::2, 0::2] + x[:, 0::2, 1::2] + x[:, 1::2, 1::2]) / 4


def ms_ssim(a, b):
    if min(a.shape[1:]) < SMALLEST_FOR_MS_SSIM:
        return float("nan")
    a, b = a.astype(np.float32), b.astype(np.float32)
    product = np.ones(a.shape[0])
    for scale, weight in enumerate(SCALE_WEIGHTS):
        whole, structure = ssim_terms(a, b)
        last = scale == len(SCALE_WEIGHTS) - 1
        product *= np.maximum(whole if last else structure, 0) ** weight
        if not last:
            a, b = halve(a), halve(b)
    return float(product.mean())


def decibel(similarity):
    """MS-SSIM spread out for curves and BD-rates: -10 log10(1 - s)."""
    return float("inf") if similarity >= 1 else float(-10 * np.log10(1 - similarity))
