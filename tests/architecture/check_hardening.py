#!/usr/bin/env python3
"""Checks that the protections that the build asks for are in the binaries.

    check_hardening.py FILE…        each a shared object that reads files from strangers
"""

import platform
import re
import subprocess
import sys


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def missing(path):
    segments = output_of("readelf", "-lW", path)
    dynamic = output_of("readelf", "-dW", path)
    symbols = output_of("nm", "-D", "--undefined-only", path)
    stack = re.search(r"GNU_STACK.*", segments)
    if not re.search(r"GNU_RELRO", segments):
        yield "read-only relocations (-z relro)"
    if not re.search(r"BIND_NOW|Flags:.*NOW", dynamic):
        yield "relocations resolved at once (-z now)"
    if stack is None or " RWE " in stack.group():
        yield "a stack that cannot be executed (-z noexecstack)"
    if re.search(r"LOAD.* RWE ", segments):
        yield "no segment both writable and executable"
    if "TEXTREL" in dynamic:
        yield "position-independent code"
    if "__stack_chk_fail" not in symbols:
        yield "stack protectors (-fstack-protector-strong)"
    if not re.search(r"__\w+_chk\b", symbols.replace("__stack_chk_fail", "")):
        yield "checked buffers (_FORTIFY_SOURCE)"
    if platform.machine() == "x86_64":
        code = output_of("objdump", "-d", "--no-show-raw-insn", path)
        # What is exported can be called through a pointer.
        first = re.findall(r"<(?:nae_\w+|GDALRegister_NAE)(?:@@\w+)?>:\n\s+[0-9a-f]+:\s+(\w+)", code)
        if not first or set(first) != {"endbr64"}:
            yield "landing places for indirect calls (-fcf-protection)"


def main():
    if len(sys.argv) < 2:
        print("no file given")
        return 1
    bad = False
    for path in sys.argv[1:]:
        lacking = list(missing(path))
        print(f"{path}: {'lacks ' + '; '.join(lacking) if lacking else 'hardened'}")
        bad = bad or bool(lacking)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
