#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random C programs against the compiler.

Csmith makes a program from each seed. It is compiled natively and, at every optimisation level, with rf-cc, which also
validates it; it runs in a cell; its checksum must be the native one. A crash of the compiler, a rejection by the validator,
a fault in the cell and a wrong checksum are failures: the program, the commands and their output are kept.

Most of the time goes into starting compilers, so several programs are compiled as one file. Where such a batch fails, each
of its programs is tried on its own. --results FILE keeps one JSON line a seed; seeds that it holds are not tried again, so
that a long campaign can be stopped and continued.
"""

import argparse
import collections
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
BUDGET_MS = 10000  # in a cell: fifty times what campaign.h gives the native program
DISAGREE = "native compilers disagree"
FAULT = "fault in the cell"
TRIVIAL = 2500  # bytes of source: a program shorter than that calls next to nothing
FLAGS = ["-w", "-Wno-incompatible-pointer-types", "-Wno-int-conversion", "-fno-strict-aliasing", "-fwrapv",
         f"-I{HERE / 'include'}", f"-I{CSMITH_INCLUDE}"]

# Programs of several shapes; each seed takes one, always the same. More functions and deeper blocks make programs that are
# mostly too large, and loops that mostly do not end.
SHAPES = (
    ["--max-funcs", "3", "--max-block-depth", "4"],
    ["--max-funcs", "5", "--max-block-depth", "2"],
    ["--max-funcs", "3", "--max-block-depth", "3", "--float"],
    ["--max-funcs", "3", "--max-block-depth", "3", "--max-array-dim", "2", "--max-pointer-depth", "4"],
    ["--max-funcs", "4", "--max-block-depth", "3", "--no-packed-struct", "--builtins", "--disable-builtin-kinds", "x86"],
    ["--max-funcs", "3", "--max-block-depth", "3", "--max-struct-fields", "20", "--no-bitfields", "--inline-function"],
)
COMMON = ["--no-argc", "--concise", "--max-expr-complexity", "6", "--max-block-size", "4"]


class Mismatch(Exception):
    """One failure: what kind, at which level, with which output, and of which program of a batch, where that is known."""

    def __init__(self, kind, level, detail, seed=None):
        super().__init__(f"{kind} at {level}")
        self.kind, self.level, self.detail, self.seed = kind, level, detail, seed


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


def generate(seed, folder, largest):
    """The text of a seed's program, its names made its own. Csmith's constants get no `L`: long is the one type whose
    width differs."""
    shape = SHAPES[random.Random(seed).randrange(len(SHAPES))]
    status, text = run(["csmith", "-s", seed, *COMMON, *shape], 10, folder)  # writes platform.info where it stands
    if status is None:
        raise Skip("large")
    if status != 0:
        raise Skip(f"csmith: {text.strip()[:200]}")
    if not TRIVIAL <= len(text) <= largest:
        raise Skip("trivial" if len(text) < TRIVIAL else "large")
    text = re.sub(r"\b(0[xX][0-9A-Fa-f]+|\d+)(U?)L(?!L)\b", r"\1\2", text)
    text = re.sub(r"(?m)^#include .*$", "", text)
    text = re.sub(r"(?m)^(?=int main\b)", "static ", text)
    return re.sub(r"\b(func_\d+|g_\d+|[SU]\d+|main|__undefined)\b", rf"\1_{seed}", text)


def write_programs(texts, folder):
    """One C file that holds the programs of {seed: text}, each followed by what makes it callable."""
    path = folder / "programs.c"
    parts = ['#include "campaign.h"\n']
    parts += [f"/* seed {seed} */\n{text}\nCAMPAIGN_PROGRAM({seed})\n" for seed, text in texts.items()]
    parts.append(f"CAMPAIGN_MAIN({', '.join(f'{{run_{seed}, {seed}}}' for seed in texts)})\n")
    path.write_text("".join(parts))
    return path


def first_error(text):
    lines = [line for line in text.splitlines() if "error:" in line] or text.splitlines() or ["no output"]
    return lines[0][-200:]


def native_checksums(source, compiler, level):
    """{seed: checksum, or None where a program takes too long}."""
    binary = source.parent / f"native-{compiler}{level}"
    status, text = run([compiler, level, *FLAGS, "-DCAMPAIGN_NATIVE", "-o", binary, source], 600)
    if status != 0:
        raise Skip(f"{compiler} {level}: {first_error(text)}")
    status, text = run([binary], 600)
    if status != 0:
        raise Skip(f"native run: {'time' if status is None else status}")
    answers = (line.split() for line in text.splitlines())
    return {int(seed): None if answer == "-" else int(answer) for seed, answer in answers}


def name(seed, level):
    return f"run{level.replace('-', '_')}_{seed}"


def compile_level(tools, source, level):
    target = source.parent / f"programs{level}.o"
    status, text = run([tools.rf_cc, level, *FLAGS, f"-DCAMPAIGN_LEVEL={level.replace('-', '_')}", "-c", source, "-o", target], 600)
    if status != 0:
        raise Mismatch("compiler", level, text)
    return target


def cell_checksums(tools, objects, wanted, folder):
    """The results of the calls of [(seed, level)], from one binary that holds the programs at all levels."""
    binary = folder / "programs.nf"
    status, text = run([tools.rf_cc, "-o", binary, *objects], 600)
    if status != 0:
        raise Mismatch("link or validator", "all levels", text)
    calls = [word for seed, level in wanted for word in ("--call", name(seed, level))]
    status, text = run([tools.rf_run, *calls, "--stats=json", "--budget", BUDGET_MS, *tools.run_options, binary], 600)
    results = [json.loads(line)["result"] for line in text.splitlines() if '"result"' in line]
    if status != 0 or len(results) != len(wanted):
        # Calls are made in order: the first one without a result is the one that failed.
        seed, level = wanted[len(results)] if len(results) < len(wanted) else (None, "all levels")
        raise Mismatch(FAULT, level, f"exit status {status}\n{text}", seed)
    return results


def require_agreement(source, seed, expected, level):
    """A wrong checksum or a fault counts only where native compilers and levels agree on what is right."""
    answers = {expected}
    for compiler, native_level in (("gcc", "-O0"), ("clang-22", "-O0"), ("clang-22", level)):
        answers.add(native_checksums(source, compiler, native_level)[seed])
    if len(answers) > 1:
        raise Skip(f"{DISAGREE}: {sorted(map(str, answers))}")


def run_in_cell(tools, objects, source, wanted, expected):
    """Compares the checksums of all levels with the native ones."""
    try:
        results = cell_checksums(tools, objects, wanted, source.parent)
    except Mismatch as mismatch:
        if mismatch.kind == FAULT and len(expected) == 1 and mismatch.level in LEVELS:
            require_agreement(source, wanted[0][0], expected[wanted[0][0]], mismatch.level)
        raise
    for (seed, level), got in zip(wanted, results):
        if got != expected[seed]:
            require_agreement(source, seed, expected[seed], level)
            raise Mismatch("wrong checksum", level, f"native {expected[seed]:#010x}, in the cell {got:#010x}", seed)


def try_programs(tools, texts, levels, folder):
    """{seed: (outcome, detail)} of programs that pass together; one that fails raises."""
    source = write_programs(texts, folder)
    expected = native_checksums(source, "clang-22", "-O1")
    outcomes = {seed: ("skipped", "native run: time") for seed, answer in expected.items() if answer is None}
    texts = {seed: text for seed, text in texts.items() if seed not in outcomes}
    if not texts:
        return outcomes
    if outcomes:  # the others' time would go into compiling these
        source = write_programs(texts, folder)
    objects = [compile_level(tools, source, level) for level in levels]
    wanted = [(seed, level) for seed in texts for level in levels]
    run_in_cell(tools, objects, source, wanted, {seed: expected[seed] for seed in texts})
    return outcomes | {seed: ("passed", "") for seed in texts}


def try_one(tools, seed, text, levels, folder):
    """Like try_programs for one seed; files of a failure stay in its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        outcome = try_programs(tools, {seed: text}, levels, folder)[seed]
    except Skip as reason:
        outcome = ("skipped", str(reason))
    except Mismatch as mismatch:
        outcome = ("failed", f"{mismatch.kind} at {mismatch.level}\n{mismatch.detail}")
        (folder / "failure.txt").write_text(outcome[1])
        return outcome
    shutil.rmtree(folder)
    return outcome


def try_batch(tools, seeds, levels):
    """{seed: (outcome, detail)} of all seeds."""
    folder = tools.folder / f"batch-{seeds[0]}"
    folder.mkdir(parents=True, exist_ok=True)
    outcomes, texts = {}, {}
    for seed in seeds:
        try:
            texts[seed] = generate(seed, folder, tools.largest)
        except Skip as reason:
            outcomes[seed] = ("skipped", str(reason))
    try:
        outcomes |= try_programs(tools, texts, levels, folder) if texts else {}
    except (Skip, Mismatch) as problem:
        single = {seed: try_one(tools, seed, text, levels, tools.folder / f"seed-{seed}") for seed, text in texts.items()}
        outcomes |= single
        # Where native compilers do not agree on a program by itself, or where it does not end, it says nothing in a batch either.
        culprit = single.get(problem.seed) if isinstance(problem, Mismatch) else None
        explained = any(outcome == "failed" for outcome, _ in single.values()) or (culprit and culprit[0] == "skipped")
        if isinstance(problem, Mismatch) and not explained:
            # Only together they fail: keep the batch and count it against its first seed.
            outcomes[seeds[0]] = ("failed", f"only as a batch: {problem.kind} at {problem.level}\n{problem.detail}")
            return outcomes
    shutil.rmtree(folder)
    return outcomes


class Tools:
    def __init__(self, prefix, folder, run_options, largest):
        self.rf_cc, self.rf_run = prefix / "bin" / "rf-cc", prefix / "bin" / "rf-run"
        self.folder, self.run_options, self.largest = folder, run_options, largest
        folder.mkdir(parents=True, exist_ok=True)


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--prefix", type=Path, required=True, help="where Ringfence is installed")
    p.add_argument("--seed", type=int, default=1, help="first seed (default 1)")
    p.add_argument("--count", type=int, default=10, help="seeds (default 10)")
    p.add_argument("--passed", type=int, default=0, help="stop when so many programs have passed, earlier runs' included")
    p.add_argument("--levels", default=",".join(LEVELS), help=f"default {','.join(LEVELS)}")
    p.add_argument("--folder", type=Path, default=Path("build/csmith"), help="where failures are kept")
    p.add_argument("--results", type=Path, help="file of one JSON line a seed, to add to and to continue from")
    p.add_argument("--jobs", type=int, default=1)
    p.add_argument("--batch", type=int, default=10, help="programs compiled together (default 10)")
    p.add_argument("--largest", type=int, default=50000, help="skip programs of more bytes, which cost much time (default 50000)")
    p.add_argument("--seconds", type=float, default=0, help="start no new batch after this time")
    p.add_argument("--run-option", action="append", default=[], help="for rf-run; may be repeated")
    args = p.parse_args()
    args.levels = args.levels.split(",")
    if min(args.count, args.jobs, args.batch) < 1 or any(level not in LEVELS for level in args.levels):
        p.error("--count, --jobs and --batch are at least 1, --levels are from " + ",".join(LEVELS))
    return args


def report(seed, outcome, text):
    if outcome == "failed":
        first = "\n    ".join(text.splitlines()[:12])
        print(f"seed {seed}: FAILED: {first}", flush=True)
    elif outcome == "skipped" and text not in ("trivial", "large", "native run: time"):
        print(f"seed {seed}: skipped: {text}", flush=True)


def summary(args, outcomes, seconds):
    seeds = f"seeds {min(outcomes)} to {max(outcomes)}: " if outcomes else "no seeds: "
    counts = collections.Counter(outcome for outcome, _ in outcomes.values())
    reasons = collections.Counter(text.split(":")[0] if text != "native run: time" else "too slow natively"
                                  for outcome, text in outcomes.values() if outcome == "skipped")
    skipped = f" ({', '.join(f'{n} {reason}' for reason, n in sorted(reasons.items()))})" if reasons else ""
    return (f"{seeds}{len(outcomes)} programs at {' '.join(args.levels)}: {counts['passed']} passed, "
            f"{counts['skipped']} skipped{skipped}, {counts['failed']} failed, {seconds:.0f} s")


def earlier(args):
    """{seed: (outcome, detail)} of the results file, for this call's seeds."""
    if not args.results or not args.results.exists():
        return {}
    lines = (json.loads(line) for line in args.results.read_text().splitlines())
    wanted = range(args.seed, args.seed + args.count)
    return {line["seed"]: (line["outcome"], line["detail"]) for line in lines if line["seed"] in wanted}


def main():
    args = arguments()
    if not shutil.which("csmith") or not (CSMITH_INCLUDE / "safe_math.h").exists():
        print("csmith.py: skipped: install Debian's packages csmith and libcsmith-dev")
        return SKIPPED
    tools = Tools(args.prefix, args.folder.resolve(), args.run_option, args.largest)
    if not tools.rf_cc.exists() or not tools.rf_run.exists():
        print(f"csmith.py: no rf-cc and rf-run in {args.prefix}/bin: build them first", file=sys.stderr)
        return 3
    start, outcomes = time.monotonic(), earlier(args)
    seeds = [seed for seed in range(args.seed, args.seed + args.count) if seed not in outcomes]
    batches = [seeds[i:i + args.batch] for i in range(0, len(seeds), args.batch)]

    def passed():
        return sum(outcome == "passed" for outcome, _ in list(outcomes.values()))  # another thread may add to it

    def one(batch):
        late = args.seconds and time.monotonic() - start > args.seconds
        return {} if late or (args.passed and passed() >= args.passed) else try_batch(tools, batch, args.levels)

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for found in pool.map(one, batches):
            outcomes |= found
            for seed, (outcome, text) in found.items():
                report(seed, outcome, text)
            if args.results:
                with args.results.open("a") as file:
                    file.writelines(json.dumps({"seed": seed, "outcome": outcome, "detail": text}) + "\n"
                                    for seed, (outcome, text) in found.items())
    print(summary(args, outcomes, time.monotonic() - start))
    failed = [seed for seed, (outcome, _) in outcomes.items() if outcome == "failed"]
    if failed:
        print(f"failing seeds: {' '.join(map(str, failed))} (kept in {tools.folder})")
    return 1 if failed or passed() == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
