#!/usr/bin/env python3
"""Checks that no folder includes what it must not see, and that source files stay small.

    check_includes.py [REPOSITORY]

The rules are the arrows of the architecture: who may see whom, and which library belongs to which folder. They are
read off the #include lines, so that a forbidden include fails a test and not a review.
"""

import os
import re
import sys
from pathlib import Path

MAX_LINES = 600  # one idea a file

# Folder: (our folders it may include, libraries it may include). The longest matching folder counts.
RULES = {
    "format": ({"format"}, {"zlib"}),
    "codec": ({"format", "codec"}, {"highway"}),
    "codec/torch": ({"format", "codec", "codec/torch"}, {"torch"}),
    "training": ({"format", "codec", "codec/torch", "training"}, {"torch", "gdal", "cli11", "zlib"}),
    "plugins": ({"format", "codec", "plugins"}, {"gdal"}),
    "viewer/core": ({"format", "codec", "viewer/core"}, {"gdal", "jpeg", "stb"}),
    "viewer/app": ({"format", "codec", "viewer/core", "viewer/app"}, {"gdal", "imgui", "cli11"}),
    "plugins/thumbnailer": ({"plugins/thumbnailer"}, {"nae", "png"}),
    "plugins/pixbuf": ({"plugins/pixbuf"}, {"nae", "gdk-pixbuf"}),
    "plugins/qt": ({"plugins/qt"}, {"nae", "qt"}),
    "tools": ({"format", "viewer/core", "tools"}, {"nae", "gdal", "cli11"}),
    # Nothing includes these two; they may include anything.
    "bench": (None, None),
    "tests": (None, None),
}

# How an included header tells its library. What matches none is the standard library or the system.
LIBRARIES = [
    ("torch", r"(torch|ATen|c10|caffe2)/"),
    ("gdal", r"(gdal|ogr|cpl|vrt|gdalwarper)[a-z_0-9]*\.h$"),
    ("nae", r"nae/nae\.hp?p?$"),
    ("gdk-pixbuf", r"gdk-pixbuf/"),
    ("qt", r"Q[A-Z]"),
    ("png", r"png\.h$"),
    ("highway", r"hwy/"),
    ("zlib", r"zlib\.h$"),
    ("jpeg", r"(jpeglib|jerror|jmorecfg|turbojpeg)\.h$"),
    ("stb", r"(stb/)?stb_"),
    ("imgui", r"(imgui|GLFW/|GL/)"),
    ("cli11", r"CLI/"),
    ("catch2", r"catch2/"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def sources(root):
    """Our C++ files, relative to the repository, sorted. Build folders and hidden ones are none of ours."""
    for folder, subfolders, names in os.walk(root):
        relative = Path(folder).relative_to(root)
        subfolders[:] = sorted(name for name in subfolders if not name.startswith((".", "build")))
        for name in sorted(names):
            if name.endswith((".h", ".cpp")):
                yield (relative / name).as_posix()


def folder_of(path, folders):
    """The longest of `folders` that holds the path; None when none does."""
    held = [folder for folder in folders if path.startswith(folder + "/")]
    return max(held, key=len) if held else None


def library_of(header):
    for library, pattern in LIBRARIES:
        if re.match(pattern, header):
            return library
    return None


def findings(root):
    """One sentence for each breach, as path:line: what."""
    root = Path(root)
    every_file = list(sources(root))
    for path in every_file:
        lines = (root / path).read_text(encoding="utf-8").splitlines()
        if len(lines) > MAX_LINES:
            yield f"{path}: {len(lines)} lines; {MAX_LINES} are the most a file may have"
        folder = folder_of(path, RULES)
        if folder is None:
            yield f"{path}: no rule says what this folder may include; add one to {Path(__file__).name}"
            continue
        our_folders, libraries = RULES[folder]
        if our_folders is None:
            continue
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            bracket, header = match.groups()
            library = library_of(header)
            if library is not None:
                if library not in libraries:
                    yield f"{path}:{number}: {folder}/ must not see {library} (<{header}>)"
            elif bracket == '"':
                target = folder_of(header, RULES)
                if target is None and not (root / header).exists():
                    yield f'{path}:{number}: "{header}" is not written relative to the repository'
                elif target not in our_folders:
                    yield f"{path}:{number}: {folder}/ must not include {target}/ ({header})"


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    found = list(findings(root))
    print("\n".join(found) if found else f"{len(list(sources(root)))} files, every include within its folder's rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
