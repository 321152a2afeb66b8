"""Every test that a page of docs/ names, as in `test_http.py test_inside_a_zip`, exists."""

import pathlib
import re
import sys

NAMED = re.compile(r"`(test_\w+\.py) (test_\w+)`")


def missing(root):
    """(page, file, test) of every name in docs/ that is not there."""
    files = {path.name: path.read_text() for path in (root / "tests").rglob("test_*.py")}
    found = []
    for page in sorted((root / "docs").glob("*.md")):
        for file, test in NAMED.findall(page.read_text()):
            if f"def {test}(" not in files.get(file, ""):
                found.append((page.name, file, test))
    return found


if __name__ == "__main__":
    absent = missing(pathlib.Path(sys.argv[1]))
    for page, file, test in absent:
        print(f"docs/{page} names {test} of {file}, which does not exist")
    sys.exit(1 if absent else 0)
