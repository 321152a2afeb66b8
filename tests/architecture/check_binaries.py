#!/usr/bin/env python3
"""Checks that what every GDAL process loads pulls in no LibTorch.

    check_binaries.py FILE…        each a shared object

Looks at the whole closure the loader would map (ldd), and names the direct dependency (readelf) when there is one.
"""

import re
import subprocess
import sys

FORBIDDEN = re.compile(r"lib(torch|c10|caffe2)[\w.+-]*")


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    bad = False
    if len(sys.argv) < 2:
        print("no file given")
        return 1
    for path in sys.argv[1:]:
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "-d", path))
        closure = re.findall(r"^\s*(\S+)", output_of("ldd", path), re.M)
        direct = sorted(name for name in needed if FORBIDDEN.match(name))
        mapped = sorted(name for name in closure if FORBIDDEN.match(name))
        if direct or mapped:
            bad = True
            print(f"{path}: links {', '.join(direct) or 'nothing forbidden itself'}; maps {', '.join(mapped)}")
        else:
            print(f"{path}: {len(needed)} direct dependencies, {len(closure)} mapped, no LibTorch")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
