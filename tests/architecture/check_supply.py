#!/usr/bin/env python3
"""What our sources may not do, but for the one place that has a reason: load libraries, run programs, open files, read with
LibTorch's loader (which runs what it reads).

    check_supply.py ROOT [FILE…]    FILE…: places whose reason does not count, to show that the check can fail
"""

import pathlib
import re
import sys

# What, pattern, folders it is looked for in, files that may.
RULES = [
    ("loads a library", r"\b(dlm?open|LoadLibrary\w*|g_module_open)\s*\(", ("format", "codec", "plugins"),
     {"codec/analysis_loader.cpp"}),  # the encoder's module, on the first write
    ("runs a program", r"\b(system|popen|exec[lv]p?e?|posix_spawnp?|v?fork)\s*\(",
     ("format", "codec", "plugins", "training", "tools", "viewer"),
     {"viewer/core/child_process.cpp"}),  # nae-train, when the user starts a training
    ("opens files", r"(?<!\w)::open\(|\bFileSource::open\(|\b(fopen|ifstream|ofstream|opendir|directory_iterator)\b",
     ("format", "codec"),
     {"format/byte_source.cpp", "format/byte_sink.cpp", "codec/capi/reading.cpp", "codec/model_io.cpp",  # what the caller names
      "codec/model_store.cpp"}),  # the folders for models
    ("opens connections", r"\b(socket|connect|getaddrinfo)\s*\(", ("format", "codec", "plugins", "training", "viewer"), set()),
    ("reads with LibTorch's loader", r"torch::(load|jit|pickle)|\b(InputArchive|Unpickler)\b",
     ("format", "codec", "plugins", "training", "tools", "viewer"),
     {"training/checkpoint.cpp"}),  # nae-train --resume
]


def violations(root, without_reason):
    for what, pattern, folders, may in RULES:
        for folder in folders:
            for path in sorted((root / folder).rglob("*")):
                name = path.relative_to(root).as_posix()
                if path.suffix not in (".h", ".hpp", ".cpp", ".c") or (name in may and name not in without_reason):
                    continue
                for number, line in enumerate(path.read_text().splitlines(), 1):
                    code = line.split("//")[0]
                    if re.search(pattern, code):
                        yield f"{name}:{number}: {what}: {code.strip()}"


if __name__ == "__main__":
    found = list(violations(pathlib.Path(sys.argv[1]), set(sys.argv[2:])))
    print("\n".join(found) or "none of it")
    sys.exit(1 if found else 0)
