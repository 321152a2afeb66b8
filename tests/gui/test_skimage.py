#!/usr/bin/env python3
"""SSIM as nae-viewer prints it against scikit-image's, on real files; skipped where scikit-image is not installed.

    test_skimage.py PROGRAM       with NAE's driver and a model in the environment, in an empty folder
"""

import csv
import os
import subprocess
import sys
from pathlib import Path

from osgeo import gdal

try:
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity
except ImportError:
    print("scikit-image is not installed")
    sys.exit(77)

gdal.UseExceptions()
testdata = Path(os.environ["NAE_SOURCE_DIR"]) / "testdata"
for name in ("scene", "gray"):
    gdal.Translate(f"{name}.png", str(testdata / f"{name}.png"), srcWin=[100, 100, 301, 203])
    gdal.Translate(f"{name}.nae", f"{name}.png", creationOptions=["MODEL=block", "QUALITY=50"])
    subprocess.run([sys.argv[1], f"{name}.png", f"{name}.nae", "--headless", "--csv", f"{name}.csv"], check=True)
    with open(f"{name}.csv", newline="") as lines:
        row = next(csv.DictReader(lines))
    original, coded = gdal.Open(f"{name}.png").ReadAsArray(), gdal.Open(f"{name}.nae").ReadAsArray()
    ssim = structural_similarity(original, coded, channel_axis=0 if original.ndim == 3 else None, data_range=255,
                                 gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    psnr = peak_signal_noise_ratio(original, coded, data_range=255)
    print(f"{name}: SSIM {row['ssim']} here, {ssim:.8f} there; PSNR {row['psnr_db']} here, {psnr:.6f} there")
    assert abs(float(row["ssim"]) - ssim) <= 1e-6
    assert abs(float(row["psnr_db"]) - psnr) <= 1e-4
