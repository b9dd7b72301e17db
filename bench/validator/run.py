#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bench/run validator: how fast librfv proves several MiB of real code, beside Zydis' bare decoding of the same bytes.

The code: the example network functions, the SDK's library, the kernels of bench/kernels and its Debian source packages, compiled once
for each of several sets of options and linked into one binary. See docs/performance.md.
"""

import argparse
import concurrent.futures
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "kernels"))

from builds import Context, Program, Ringfence  # noqa: E402
from programs import kernels  # noqa: E402
from run import cpu_model  # noqa: E402
from toolchain import ROOT, Failure, find_prefix, note, require, run  # noqa: E402

BEGIN, END = "<!-- begin: bench/run validator -->", "<!-- end: bench/run validator -->"
VARIANTS = {"O1": ["-O1"], "O2": ["-O2"], "O3": ["-O3"], "Os": ["-Os"], "haswell": ["-O3", "-march=haswell"],
            "unrolled": ["-O3", "-funroll-loops", "-mllvm", "-unroll-threshold=2000"]}
SUBJECTS = {"rfv_check": "`rfv_check`: the whole proof", "zydis_full": "Zydis alone, `ZydisDecoderDecodeFull`",
            "zydis_instruction": "Zydis alone, `ZydisDecoderDecodeInstruction` (no operands)"}


def arguments():
    p = argparse.ArgumentParser(prog="bench/run validator", description=__doc__.splitlines()[0])
    p.add_argument("--rounds", type=int, default=9, help="interleaved rounds (default 9)")
    p.add_argument("--file", help="measure this NF binary instead of building one")
    p.add_argument("--no-packages", action="store_true", help="leave out the Debian source packages")
    p.add_argument("--prefix", help="where Ringfence is installed (default: a build tree's stage)")
    p.add_argument("--build", type=Path, default=ROOT / "build" / "release", help="configured build folder (default: build/release)")
    p.add_argument("--folder", type=Path, default=ROOT / "build" / "bench-validator", help="where the binary is built")
    p.add_argument("--write", action="store_true", help="write docs/performance.md and bench/results")
    return p.parse_args()


def own_programs():
    """The SDK's library and the examples, in the form in which bench/kernels describes its programs."""
    libc = ROOT / "sdk" / "libc"
    programs = [Program(name="libc", sources=sorted(libc.glob("*.c")), includes=[libc],
                        flags=["-std=c17", "-ffreestanding", "-fno-builtin"])]
    for folder in sorted((ROOT / "examples").iterdir()):
        if (folder / f"{folder.name}.c").exists():
            programs.append(Program(name=folder.name, sources=sorted(folder.glob("*.c")), includes=[folder]))
    return programs


def defined(objects):
    """Global symbols of the objects; a line of posix format is: name type value size."""
    lines = run(["llvm-nm-22", "-g", "--defined-only", "--format=posix", *objects]).splitlines()
    return sorted({line.split()[0] for line in lines if len(line.split()) >= 3})


def compile_variant(context, program, variant):
    """Objects whose global names carry the variant's name, so that all variants link into one binary."""
    build = Ringfence(context)
    folder = context.folder / variant / program.name
    folder.mkdir(parents=True, exist_ok=True)
    objects = []
    for index, source in enumerate(program.sources):
        objects.append(folder / f"{index}-{Path(source).stem}.o")
        command = build.compile_command(program, source, objects[-1])
        try:
            run([*command, *VARIANTS[variant]], timeout=600)
        except Failure as failure:
            note(f"left out: {program.name} with {variant}: {str(failure).splitlines()[-1]}")
            return []
    names = folder / "names"
    names.write_text("".join(f"{n} {n}__{variant}_{program.name}\n" for n in defined(objects)))
    for each in objects:
        run(["llvm-objcopy-22", f"--redefine-syms={names}", each])
    return objects


def build_file(args):
    require(["clang-22", "llvm-nm-22", "llvm-objcopy-22"])
    context = Context(args.folder, find_prefix(args.prefix))
    programs = [*own_programs(), *kernels()]
    if not args.no_packages:
        from packages import packages
        programs += packages(context)
    work = [(program, variant) for variant in VARIANTS for program in programs]
    note(f"compiling {len(programs)} programs with {len(VARIANTS)} sets of options")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = [o for each in pool.map(lambda w: compile_variant(context, *w), work) for o in each]
    target = context.folder / "large.nf"
    run([context.prefix / "bin" / "rf-cc", "--rf-no-validate", "-o", target, *objects], timeout=600)
    return target


def measure(args, file):
    run(["cmake", "--build", args.build, "--target", "rf-bench-validator"], timeout=900)
    note("measuring")
    done = subprocess.run([args.build / "stage" / "bin" / "rf-bench-validator", file, str(args.rounds)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Failure(done.stderr.strip())
    results = json.loads(done.stdout)
    return {"date": time.strftime("%Y-%m-%d"), "cpu": cpu_model(), **results}


def section(results):
    mib, count = results["text_bytes"] / 2**20, results["instructions"]
    seconds = {s: statistics.median(r[s] for r in results["rounds"]) for s in SUBJECTS}
    ratio = {s: statistics.median(r[s] / r["rfv_check"] for r in results["rounds"]) for s in SUBJECTS}
    lines = [
        f"Measured {results['date']} on one core of {results['cpu']}; {len(results['rounds'])} interleaved rounds, medians of CPU time. "
        f"One NF: {mib:.1f} MiB of text, {count:,} instructions, {results['functions']:,} functions, {results['blocks']:,} blocks, "
        f"each visited {results['block_visits'] / results['blocks']:.2f} times; {results['memory_bytes'] / 2**20:.0f} MiB of memory.",
        "", "| what | MiB/s | million instructions/s | time, in proofs |", "|---|---:|---:|---:|"]
    for subject, title in SUBJECTS.items():
        lines.append(f"| {title} | {mib / seconds[subject]:.1f} | {count / seconds[subject] / 1e6:.1f} | {ratio[subject]:.2f} |")
    return "\n".join(lines) + "\n"


def write_report(results):
    target = ROOT / "bench" / "results"
    target.mkdir(parents=True, exist_ok=True)
    (target / "validator.json").write_text(json.dumps(results, indent=1) + "\n")
    page = ROOT / "docs" / "performance.md"
    text = page.read_text()
    if BEGIN not in text or END not in text:
        raise Failure(f"{page}: the lines {BEGIN} and {END} are missing")
    head, rest = text.split(BEGIN, 1)
    page.write_text(head + BEGIN + "\n" + section(results) + END + rest.split(END, 1)[1])


def main():
    args = arguments()
    if args.rounds < 1:
        raise Failure("--rounds is at least 1")
    if not (args.build / "build.ninja").exists():
        run(["cmake", "--preset", "release", "-B", args.build], cwd=ROOT)
    results = measure(args, args.file or build_file(args))
    if args.write:
        write_report(results)
    print(section(results))


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(f"bench/run validator: {failure}", file=sys.stderr)
        sys.exit(1)
