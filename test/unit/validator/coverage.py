#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which lines and branches of validator/src the tests reach: builds library and tests with clang's coverage and runs them.

usage: coverage.py [--build DIR] [--html DIR] [--keep DIR]

Prints a table and every branch that was never taken in one direction. Those that no input can take stand in UNREACHABLE below, each with its
reason; any other one, and a reason that no longer applies, fails.
Exit status: 0 all that can be reached is, 1 not, 2 usage, 3 cannot run here.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
SOURCE = ROOT / "validator" / "src"
UNIT = ROOT / "test" / "unit" / "validator"
CLANG, PROFDATA, COV = "clang-22", "llvm-profdata-22", "llvm-cov-22"
TESTS = {  # name: sources, libraries
    "cases": ([UNIT / "cases_test.c", UNIT / "nf_builder.c"], ["-lcriterion", "-lelf"]),
    "image": ([UNIT / "image_test.c", UNIT / "nf_builder.c"], ["-lcriterion"]),
    "limits": ([UNIT / "limits_test.c", UNIT / "nf_builder.c"], ["-lcriterion"]),
    "trace": ([UNIT / "trace_test.c", UNIT / "nf_builder.c"], ["-lcriterion"]),
    "operations": ([ROOT / "test/exhaustive/operations.c", ROOT / "test/fuzz/emit.c"], []),
    "allow-list": ([ROOT / "test/exhaustive/allow_list.c"], []),
}
# (file, text of the line, "true" or "false": the outcome that cannot happen): why.
UNREACHABLE = {
    ("check.c", "size == 4 && value.kind == VALUE_BITS", "false"): "a four-byte operand is always a number; HALF of anything else would be wrong",
    ("check.c", "operand->kind == OPERAND_MEMORY ?", "false"): "no effect that asks has a vector or nothing there; anything otherwise",
    ("decode.c", "insn->address_width == 32", "false"): "Zydis: 67h always makes it 32 where there is an address, and lea has one",
    ("decode.c", "insn->attributes & ZYDIS_ATTRIB_HAS_LOCK", "false"): "Zydis refuses F0h where there is no lock",
    ("decode.c", "type != ZYDIS_PREFIX_TYPE_EFFECTIVE || i + 1", "true"): "Zydis calls a REX that is not the last prefix ignored, not effective",
    ("decode.c", "memory->disp_size > 4", "true"): "only mov's direct address has eight bytes, and that is not given by ModRM",
    ("decode.c", "operand->size == 0 || operand->size % 8", "true"): "no listed instruction has such an operand; x87 and xsave have",
    ("decode.c", "extends && before ?", "false"): "no listed instruction writes 64 bits of a register first and 32 of the same then",
    ("decode.c", "operand->type != ZYDIS_OPERAND_TYPE_MEMORY", "true"): "far pointers do not exist in 64-bit mode",
    ("decode.c", "to_register && shape->src.kind == OPERAND_REGISTER", "false"): "Zydis: the second operand of xchg is the register",
    ("decode.c", "shape->dst.reg == R14", "false"): "a mov that writes r14 has it as first operand",
    ("decode.c", "length <= depth ||", "true"): "no key is a prefix of another",
    ("image.c", "find_constant(image, read32(image, at), 1, &offset) ?", "false"): "the names were checked; for images that are not from here",
}


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: exit status {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def build(folder, cases):
    flags = ["-std=gnu17", "-O1", "-g", "-w", "-fprofile-instr-generate", "-fcoverage-mapping"]
    include = [f"-I{path}" for path in (ROOT / "validator/include", ROOT / "include", SOURCE, UNIT, ROOT / "test/fuzz")]
    objects = []
    for path in sorted(SOURCE.glob("*.c")):
        objects.append(folder / f"{path.stem}.o")
        run(CLANG, *flags, *include, '-DRFV_VERSION="coverage"', "-c", path, "-o", objects[-1])
    for name, (sources, libraries) in TESTS.items():
        run(CLANG, "-fprofile-instr-generate", "-std=gnu17", "-O1", "-w", *include, f'-DCASES_OBJECT="{cases}"', *sources, *objects,
            "-o", folder / name, "-lZydis", *libraries)


def measure(folder):
    arguments = {"allow-list": [ROOT / "docs/allow-list.md"]}
    for name in TESTS:
        run(folder / name, *arguments.get(name, []), env={**os.environ, "LLVM_PROFILE_FILE": str(folder / f"{name}-%p.profraw")})
    run(PROFDATA, "merge", "-sparse", *sorted(folder.glob("*.profraw")), "-o", folder / "merged")
    programs = [folder / name for name in TESTS]
    return [programs[0], *[f"--object={program}" for program in programs[1:]], f"--instr-profile={folder / 'merged'}",
            *sorted(SOURCE.glob("*.[ch]"))]


def untaken(report):
    """[(file, line, column, outcome)]: of all copies of a header's function together."""
    counts = {}
    for file in report["files"]:
        name = pathlib.Path(file["filename"]).name
        for line, column, _, _, taken, not_taken, *_ in file["branches"]:
            known = counts.setdefault((name, line, column), [0, 0])
            known[0] += taken
            known[1] += not_taken
    return [(name, line, column, outcome) for (name, line, column), count in sorted(counts.items())
            for outcome, times in zip(("true", "false"), count) if times == 0]


def judge(report):
    good = True
    explained = set()
    for name, line, column, outcome in untaken(report):
        text = (SOURCE / name).read_text().splitlines()[line - 1]
        reason = next((key for key in UNREACHABLE if key[0] == name and key[1] in text and key[2] == outcome), None)
        explained.add(reason)
        if reason is None:
            good = False
            print(f"{name}:{line}:{column}: never {outcome}: {text.strip()}")
    for key in UNREACHABLE:
        if key not in explained:
            good = False
            print(f"{key[0]}: was reached, or is gone: never {key[2]}: {key[1]}")
    return good


def print_table(report):
    print(f"{'file':14} {'lines':>12} {'branches':>12}")
    rows = [(pathlib.Path(file["filename"]).name, file["summary"]) for file in report["files"]]
    for name, summary in [*rows, ("total", report["totals"])]:
        lines, branches = summary["lines"], summary["branches"]
        print(f"{name:14} {lines['covered']:5} /{lines['count']:5} {branches['covered']:5} /{branches['count']:5}")
    print(f"branches that cannot be taken, with reasons: {len(UNREACHABLE)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="a build folder, for the assembled cases")
    parser.add_argument("--html", type=pathlib.Path, help="also write the annotated sources there")
    options = parser.parse_args()
    cases = (options.build / "test/unit/validator/cases.o").resolve()
    for tool in (CLANG, PROFDATA, COV):
        if shutil.which(tool) is None:
            raise OSError(f"{tool} is not installed")
    if not cases.exists():
        raise OSError(f"{cases} is missing: build {options.build} first")
    with tempfile.TemporaryDirectory(prefix="coverage-") as name:
        folder = pathlib.Path(name)
        build(folder, cases)
        arguments = measure(folder)
        report = json.loads(run(COV, "export", "--skip-functions", *arguments))["data"][0]
        if options.html:
            run(COV, "show", "--format=html", "--show-branches=count", f"--output-dir={options.html}", *arguments)
    print_table(report)
    return 0 if judge(report) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, RuntimeError) as error:
        print(f"coverage.py: {error}", file=sys.stderr)
        sys.exit(3)
