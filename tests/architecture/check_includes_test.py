#!/usr/bin/env python3
"""The checker itself can fail: a small tree with one breach of each kind."""

import tempfile
import unittest
from pathlib import Path

from check_includes import findings


class CheckIncludes(unittest.TestCase):
    def found(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in files.items():
                target = Path(folder) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            return list(findings(folder))

    def test_allowed(self):
        self.assertEqual(self.found({
            "format/a.h": "#include <vector>\n#include <zlib.h>\n",
            "codec/b.cpp": '#include "format/a.h"\n#include <hwy/highway.h>\n',
            "codec/torch/c.cpp": '#include <torch/torch.h>\n#include "codec/b.h"\n',
            "tests/unit/d.cpp": '#include "codec/b.h"\n#include <catch2/catch.hpp>\n',
            "build/x/e.cpp": "#include <torch/torch.h>\n",
        }), [])

    def test_against_the_arrows(self):
        for path, include in [
            ("format/a.h", '"codec/b.h"'),
            ("codec/a.h", '"codec/torch/b.h"'),
            ("codec/a.h", "<torch/torch.h>"),
            ("codec/a.h", "<gdal_priv.h>"),
            ("plugins/gdal/a.cpp", '"codec/torch/b.h"'),
            ("plugins/gdal/a.cpp", "<ATen/ATen.h>"),
            ("viewer/core/a.h", "<imgui.h>"),
            ("viewer/core/a.h", '"viewer/app/b.h"'),
            ("codec/a.h", '"tests/unit/b.h"'),
            ("codec/a.h", '"b.h"'),
        ]:
            with self.subTest(path=path, include=include):
                self.assertEqual(len(self.found({path: f"#include {include}\n"})), 1)

    def test_long_file_and_unknown_folder(self):
        self.assertEqual(len(self.found({"codec/a.h": "\n" * 601})), 1)
        self.assertEqual(len(self.found({"newthing/a.h": ""})), 1)


if __name__ == "__main__":
    unittest.main()
