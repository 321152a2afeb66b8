#!/usr/bin/env python3
"""The trainer that is built alone, for machines with a GPU, names the sources of codec/ and format/ that it needs.

    check_standalone.py SOURCE BUILD

What the objects of those that training/standalone/CMakeLists.txt names, as BUILD has compiled them, need of ours, one of them must
have: nobody notices otherwise before the next machine is there. (Sources of training/ are compiled several at a time in
BUILD, with others that are not part of that trainer.)
"""

import re
import subprocess
import sys
from pathlib import Path


def symbols(objects, option):
    text = subprocess.run(["nm", "-C", option, "--format=posix", *map(str, objects)], capture_output=True, text=True, check=True).stdout
    return {line.rsplit(" ", 3)[0] if option == "--defined-only" else line.rsplit(" U", 1)[0]
            for line in text.splitlines() if "nae::" in line}


def main():
    source, build = Path(sys.argv[1]), Path(sys.argv[2])
    listed = re.search(r"set\(sources(.*?)\)", (source / "training/standalone/CMakeLists.txt").read_text(), re.S).group(1).split()
    objects = []
    for name in listed:
        if not (source / name).is_file():
            sys.exit(f"{name}: no such source")
        folder, file = Path(name).parent, Path(name).name
        if folder.parts[0] == "training":
            continue
        # codec/torch/x.cpp lies in codec/torch/CMakeFiles/*.dir/x.cpp.o or codec/CMakeFiles/*.dir/torch/x.cpp.o
        found = [o for base in (folder, *folder.parents[:-1])
                 for o in (build / base / "CMakeFiles").glob(f"*.dir/{folder.relative_to(base) / file}.o")]
        if not found:
            sys.exit(f"{name}: not compiled in {build}")
        objects.append(found[0])
    missing = sorted(symbols(objects, "--undefined-only") - symbols(objects, "--defined-only"))
    for symbol in missing:
        print("no source of training/standalone has", symbol)
    print(len(objects), "objects")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
