#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random C programs against the compiler.

Csmith makes a program from each seed. It is compiled natively and, at every optimisation level, with rf-cc, which also
validates it; it runs in a cell; its checksum must be the native one. A crash of the compiler, a rejection by the validator,
a fault in the cell and a wrong checksum are failures: the program, the commands and their output are kept.
"""

import argparse
import concurrent.futures
import json
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LEVELS = ("-O0", "-O1", "-O2", "-O3", "-Os")
CSMITH_INCLUDE = Path("/usr/include/csmith")
SKIPPED = 77  # ctest's SKIP_RETURN_CODE

# Programs of several shapes; each seed takes one, always the same.
SHAPES = (
    ["--max-funcs", "4"],
    ["--max-funcs", "8", "--max-block-depth", "3"],
    ["--max-funcs", "6", "--float"],
    ["--max-funcs", "3", "--max-array-dim", "2", "--max-pointer-depth", "4"],
    ["--max-funcs", "6", "--no-packed-struct", "--builtins", "--disable-builtin-kinds", "x86"],
    ["--max-funcs", "5", "--max-struct-fields", "20", "--no-bitfields", "--inline-function"],
)
COMMON = ["--no-argc", "--concise", "--max-expr-complexity", "6", "--max-block-size", "4"]


class Mismatch(Exception):
    """One failure: what kind, at which level, with which output."""

    def __init__(self, kind, level, detail):
        super().__init__(f"{kind} at {level}")
        self.kind, self.level, self.detail = kind, level, detail


class Skip(Exception):
    """The program says nothing: it runs too long, or natively gives several answers."""


def run(command, timeout, folder=None):
    """(exit status, output); status None if it ran out of time."""
    try:
        done = subprocess.run([str(w) for w in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout, text=True, errors="replace", cwd=folder)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired:
        return None, f"no end after {timeout} s"


def generate(seed, folder):
    """The program of a seed. Csmith's constants get no `L`: long is the one type whose width differs."""
    shape = SHAPES[random.Random(seed).randrange(len(SHAPES))]
    status, text = run(["csmith", "-s", seed, *COMMON, *shape], 60, folder)  # writes platform.info where it stands
    if status != 0:
        raise Skip(f"csmith: {text.strip()[:200]}")
    text = re.sub(r"\b(0[xX][0-9A-Fa-f]+|\d+)(U?)L(?!L)\b", r"\1\2", text)
    text = re.sub(r"(?m)^#include <(float|math)\.h>$", "", text)
    path = folder / "program.c"
    path.write_text(text)
    return path


def flags(program, export):
    return ["-w", "-Wno-incompatible-pointer-types", "-Wno-int-conversion", "-fno-strict-aliasing", "-fwrapv", f"-I{HERE / 'include'}", f"-I{CSMITH_INCLUDE}",
            f'-DCAMPAIGN_PROGRAM="{program}"', f"-DCAMPAIGN_EXPORT={export}", "-x", "c", HERE / "include" / "wrap.h"]


def first_error(text):
    lines = [line for line in text.splitlines() if "error:" in line] or text.splitlines() or ["no output"]
    return lines[0][-200:]


def native_checksum(program, folder, compiler, level, limit):
    binary = folder / f"native-{compiler}{level}"
    status, text = run([compiler, level, *flags(program, "run"), "-DCAMPAIGN_NATIVE", "-o", binary], 120)
    if status != 0:
        raise Skip(f"{compiler} {level}: {first_error(text)}")
    status, text = run([binary], limit)
    if status != 0:
        raise Skip(f"native run: {'time' if status is None else status}")
    return int(text)


def compile_level(tools, program, folder, level):
    target = folder / f"program{level}.o"
    status, text = run([tools.rf_cc, level, *flags(program, "run" + level.replace("-", "_")), "-c", "-o", target], 120)
    if status != 0:
        raise Mismatch("compiler", level, text)
    return target


def cell_checksums(tools, objects, levels, folder):
    """{level: checksum} from one binary that holds the program at all levels."""
    binary = folder / "program.nf"
    status, text = run([tools.rf_cc, "-o", binary, *objects], 120)
    if status != 0:
        raise Mismatch("link or validator", " ".join(levels), text)
    names = {level: "run" + level.replace("-", "_") for level in levels}
    calls = [word for name in names.values() for word in ("--call", name)]
    status, text = run([tools.rf_run, *calls, "--stats=json", *tools.run_options, binary], 120)
    results = [json.loads(line)["result"] for line in text.splitlines() if '"result"' in line]
    if status != 0 or len(results) != len(levels):
        # Calls are made in order: the first one without a result is the one that failed.
        level = levels[len(results)] if len(results) < len(levels) else " ".join(levels)
        raise Mismatch("fault in the cell", level, f"exit status {status}\n{text}")
    return dict(zip(levels, results))


def settle(program, folder, expected, level, got):
    """A wrong checksum counts only where native compilers and levels agree on the right one."""
    answers = {expected}
    for compiler, native_level in (("gcc", "-O0"), ("clang-22", "-O0"), ("clang-22", level)):
        answers.add(native_checksum(program, folder, compiler, native_level, 30))
    if len(answers) > 1:
        raise Skip(f"native compilers disagree: {sorted(answers)}")
    raise Mismatch("wrong checksum", level, f"native {expected:#010x}, in the cell {got:#010x}")


def try_seed(tools, seed, levels, folder):
    program = generate(seed, folder)
    expected = native_checksum(program, folder, "clang-22", "-O1", 1)
    objects = [compile_level(tools, program, folder, level) for level in levels]
    for level, got in cell_checksums(tools, objects, levels, folder).items():
        if got != expected:
            settle(program, folder, expected, level, got)


def campaign_seed(tools, seed, levels, keep):
    """('passed' | 'skipped' | 'failed', text)"""
    folder = tools.folder / f"seed-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        try_seed(tools, seed, levels, folder)
        outcome = ("passed", "")
    except Skip as reason:
        outcome = ("skipped", str(reason))
    except Mismatch as mismatch:
        text = f"{mismatch.kind} at {mismatch.level}\n{mismatch.detail}"
        (folder / "failure.txt").write_text(text)
        return "failed", text
    if not keep:
        shutil.rmtree(folder)
    return outcome


class Tools:
    def __init__(self, prefix, folder, run_options):
        self.rf_cc, self.rf_run = prefix / "bin" / "rf-cc", prefix / "bin" / "rf-run"
        self.folder, self.run_options = folder, run_options
        folder.mkdir(parents=True, exist_ok=True)


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--prefix", type=Path, required=True, help="where Ringfence is installed")
    p.add_argument("--seed", type=int, default=1, help="first seed (default 1)")
    p.add_argument("--count", type=int, default=10, help="programs (default 10)")
    p.add_argument("--levels", default=",".join(LEVELS), help=f"default {','.join(LEVELS)}")
    p.add_argument("--folder", type=Path, default=Path("build/csmith"), help="where failures are kept")
    p.add_argument("--jobs", type=int, default=1)
    p.add_argument("--seconds", type=float, default=0, help="start no new program after this time")
    p.add_argument("--keep", action="store_true", help="keep the files of every program")
    p.add_argument("--run-option", action="append", default=[], help="for rf-run; may be repeated")
    args = p.parse_args()
    args.levels = args.levels.split(",")
    if args.count < 1 or args.jobs < 1 or any(level not in LEVELS for level in args.levels):
        p.error("--count and --jobs are at least 1, --levels are from " + ",".join(LEVELS))
    return args


def report(seed, outcome, text):
    if outcome == "failed":
        first = "\n    ".join(text.splitlines()[:12])
        print(f"seed {seed}: FAILED: {first}", flush=True)
    elif outcome == "skipped":
        print(f"seed {seed}: skipped: {text}", flush=True)


def main():
    args = arguments()
    if not shutil.which("csmith") or not (CSMITH_INCLUDE / "safe_math.h").exists():
        print("csmith.py: skipped: install Debian's packages csmith and libcsmith-dev")
        return SKIPPED
    tools = Tools(args.prefix, args.folder.resolve(), args.run_option)
    if not tools.rf_cc.exists() or not tools.rf_run.exists():
        print(f"csmith.py: no rf-cc and rf-run in {args.prefix}/bin: build them first", file=sys.stderr)
        return 3
    start, outcomes, failed = time.monotonic(), {"passed": 0, "skipped": 0, "failed": 0}, []

    def one(seed):
        if args.seconds and time.monotonic() - start > args.seconds:
            return seed, None, ""
        return seed, *campaign_seed(tools, seed, args.levels, args.keep)

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for seed, outcome, text in pool.map(one, range(args.seed, args.seed + args.count)):
            if outcome is None:
                continue
            outcomes[outcome] += 1
            report(seed, outcome, text)
            if outcome == "failed":
                failed.append(seed)
    done = sum(outcomes.values())
    print(f"seeds {args.seed} to {args.seed + args.count - 1}: {done} programs at {' '.join(args.levels)}: "
          f"{outcomes['passed']} passed, {outcomes['skipped']} skipped, {outcomes['failed']} failed, "
          f"{time.monotonic() - start:.0f} s")
    if failed:
        print(f"failing seeds: {' '.join(map(str, failed))} (kept in {tools.folder})")
    return 1 if failed or outcomes["passed"] == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
