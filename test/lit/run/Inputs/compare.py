# SPDX-License-Identifier: Apache-2.0
"""Compares what exported functions return natively and in a cell.

usage: compare.py NATIVE "COMPILE..." RUN SOURCE OUTPUT

NATIVE prints lines "function argument result". The source is compiled as a network function at each level, and
each of those calls is made in a cell.
"""
import json
import os
import shlex
import subprocess
import sys

LEVELS = ["-O0", "-O1", "-O2", "-O3", "-Os", "-Oz", "-O0 -flto", "-O2 -flto", "-O3 -flto=thin", "-O2 -mavx2 -mbmi2 -mfma -mf16c"]


def main():
    native, compiler, runner, source, output = sys.argv[1:]
    lines = [line.split() for line in subprocess.run([native], check=True, capture_output=True, text=True).stdout.splitlines()]
    if not lines:
        sys.exit("the native program makes no calls")
    calls = [option for name, argument, _ in lines for option in ("--call", f"{name}={argument}")]
    failures = 0
    for level in LEVELS:
        binary = f"{output}{level.replace(' ', '')}.nf"
        subprocess.run(shlex.split(compiler) + shlex.split(level) + [source, "-o", binary], check=True)
        ran = subprocess.run([runner] + calls + [binary], capture_output=True, text=True)
        results = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
        if ran.returncode != 0 or len(results) != len(lines):
            print(f"{level}: rf-run: exit status {ran.returncode}, {len(results)} of {len(lines)} results: {ran.stderr}")
            failures += 1
            continue
        for (name, argument, expected), result in zip(lines, results):
            if result["call"] != name or result["result"] != int(expected):
                print(f"{level}: {name}({argument}): native {expected}, in a cell {result}")
                failures += 1
    sys.exit(1 if failures else 0)


main()
