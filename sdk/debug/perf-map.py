#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tells perf the names of network functions' functions: writes the map that perf looks for in /tmp.

CELLS is what `rf-run --gdb CELLS` has written. The process may run still or have ended: perf reads the map when it reports.
"""

import argparse
import os
import re
import subprocess
import sys

PROCESS = re.compile(r"# gdb commands for rf-run, process (\d+)")
CELL = re.compile(r"rf-cell (0x[0-9a-f]+) (0x[0-9a-f]+) 0x[0-9a-f]+ (.*)")
NAME_LISTERS = ("nm", "llvm-nm-22")


class Failure(Exception):
    """Ends the program with this message."""


def functions(path):
    """(address, size, name) of the file's functions; nm's posix format is: name type value size."""
    for lister in NAME_LISTERS:
        try:
            done = subprocess.run([lister, "--defined-only", "--format=posix", "--", path], capture_output=True, text=True,
                                  errors="replace", check=False)
        except FileNotFoundError:
            continue
        if done.returncode != 0:
            raise Failure(done.stderr.strip() or f"{lister} cannot read {path}")
        fields = [line.rsplit(" ", 3) for line in done.stdout.splitlines()]
        return [(int(f[2], 16), int(f[3] or "0", 16), f[0]) for f in fields if len(f) == 4 and f[1] in "tTwW"]
    raise Failure(f"none of {', '.join(NAME_LISTERS)} is installed (Debian: binutils)")


def read_cells(path):
    """(process, [(where the text is, its address in the file, file)])"""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        lines = file.read().splitlines()
    process = next((m[1] for m in map(PROCESS.fullmatch, lines) if m), None)
    cells = [(int(m[1], 16), int(m[2], 16), m[3]) for m in map(CELL.fullmatch, lines) if m]
    if process is None or not cells:
        raise Failure(f"{path}: not a file that rf-run --gdb has written")
    return process, cells


def write_map(path, cells):
    several = len(cells) > 1
    lines = []
    for number, (place, linked, file) in enumerate(cells):
        prefix = f"{number}:{os.path.basename(file)}:" if several else ""
        lines += [f"{place + address - linked:x} {size:x} {prefix}{name}\n" for address, size, name in functions(file) if size > 0]
    # In /tmp anybody could have put a link there.
    if os.path.lexists(path):
        os.unlink(path)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644), "w", encoding="utf-8",
              errors="surrogateescape") as file:
        file.writelines(lines)
    return len(lines)


def main():
    parser = argparse.ArgumentParser(prog="perf-map.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cells", metavar="CELLS", help="file that rf-run --gdb has written")
    parser.add_argument("-o", "--output", metavar="FILE", help="write this file instead of /tmp/perf-PROCESS.map")
    options = parser.parse_args()
    try:
        process, cells = read_cells(options.cells)
        path = options.output or f"/tmp/perf-{process}.map"
        print(f"{path}: {write_map(path, cells)} functions")
    except (OSError, Failure) as error:
        print(f"perf-map.py: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
