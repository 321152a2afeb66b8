"""The same pixels everywhere: decodes pictures with every engine level of this machine and 1, 2 and 7 threads.

Each picture of a folder is written once as .nae by gdal_translate; then one process per level and thread count reads all
of them through GDAL. The CRC-32 of all pixels is printed for each; the exit status says whether they agree.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

LEVELS = ("scalar", "ssse3", "sse4", "avx2", "avx3", "avx3_dl")
THREADS = (1, 2, 7)
READER = """
import sys, zlib
from osgeo import gdal
gdal.UseExceptions()
crc = 0
for name in sys.argv[1:]:
    crc = zlib.crc32(gdal.Open(name).ReadAsArray().tobytes(), crc)
print(f"{crc:08x}")
"""


def main():
    parser = argparse.ArgumentParser(prog="./dev bench same", description=__doc__.split("\n\n")[0])
    root = Path(__file__).resolve().parents[1]
    parser.add_argument("folder", nargs="?", type=Path, default=root / "testdata", help="pictures (default: testdata)")
    parser.add_argument("--quality", default="50")
    arguments = parser.parse_args()
    pictures = sorted(p for p in arguments.folder.iterdir() if p.suffix.lower() in (".png", ".tif", ".ppm", ".pgm"))
    if not pictures:
        sys.exit(f"{arguments.folder}: no pictures")
    found = set()
    with tempfile.TemporaryDirectory(prefix="nae-same-") as folder:
        files = []
        for picture in pictures:
            files.append(str(Path(folder) / (picture.stem + ".nae")))
            subprocess.run(["gdal_translate", "-q", "-of", "NAE", "-co", f"QUALITY={arguments.quality}", str(picture),
                            files[-1]], check=True)
        print(f"{len(files)} pictures, QUALITY={arguments.quality}; CRC-32 of all pixels")
        for level in LEVELS:
            for threads in THREADS:
                environment = dict(os.environ, NAE_ENGINE=level, GDAL_NUM_THREADS=str(threads))
                done = subprocess.run([sys.executable, "-c", READER, *files], capture_output=True, text=True,
                                      env=environment)
                if done.returncode != 0:
                    if "engine level" in done.stderr:
                        print(f"{level:8}  not on this machine")
                        break
                    sys.exit(done.stderr)
                print(f"{level:8} {threads} threads  {done.stdout.strip()}")
                found.add(done.stdout.strip())
    if len(found) != 1:
        sys.exit("the pixels differ")
    print("all the same")


if __name__ == "__main__":
    main()
