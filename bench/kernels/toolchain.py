# SPDX-License-Identifier: Apache-2.0
"""Finds the tools and runs them."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# Debian package of each tool that this benchmark starts.
PACKAGES = {"clang-22": "clang-22", "ld.lld-22": "lld-22", "wasm-ld-22": "lld-22", "wasm2c": "wabt",
            "size": "binutils"}


class Failure(Exception):
    """Something the user must know; the text says what, where and what to do."""


def find_prefix(given):
    """Where Ringfence is installed: as told, or the stage of a build tree of this checkout."""
    candidates = [Path(given)] if given else [ROOT / "build" / p / "stage" for p in ("release", "debug", "asan")]
    for prefix in candidates:
        if (prefix / "bin" / "rf-cc").exists() and (prefix / "bin" / "rf-run").exists():
            return prefix.resolve()
    raise Failure(f"no bin/rf-cc and bin/rf-run in {', '.join(map(str, candidates))}: "
                  "build the project, or name its prefix with --prefix")


def require(tools):
    missing = [t for t in tools if not shutil.which(t)]
    if missing:
        packages = " ".join(sorted({PACKAGES.get(t, t) for t in missing}))
        raise Failure(f"missing: {', '.join(missing)}. On Debian: apt-get install --no-install-recommends {packages}")


def run(command, timeout=120, **options):
    """Runs a command to its end; its output is returned, a failure quotes it."""
    words = [str(w) for w in command]
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout,
                              errors="replace", **options)
    except subprocess.TimeoutExpired:
        raise Failure(f"no end after {timeout} s: {' '.join(words)}") from None
    except OSError as error:
        raise Failure(f"{words[0]}: {error.strerror}") from None
    if done.returncode != 0:
        text = (done.stderr.strip() or done.stdout.strip())[-3000:]
        raise Failure(f"exit status {done.returncode}: {' '.join(words)}\n{text}")
    return done.stdout


def cpu_seconds(command):
    """User and system time of one command and its children. Its output is dropped, a failure reported by run()."""
    words = [str(w) for w in command]
    before = os.times()
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = os.times()
    if done.returncode != 0:
        run(words)
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)


def parse_calls(output):
    """The JSON lines of harness and rf-run: [(name, argument, result, ns per call)]."""
    calls = []
    for line in output.splitlines():
        line = line.strip()
        if line.startswith("{") and '"call"' in line:
            entry = json.loads(line)
            calls.append((entry["call"], entry["arg"], entry["result"], float(entry["ns_per_call"])))
    return calls


def text_bytes(objects):
    """Bytes of machine code in object files."""
    total = 0
    for line in run(["size", "-A", *objects]).splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[0].startswith(".text") and fields[1].isdigit():
            total += int(fields[1])
    return total


def note(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)
