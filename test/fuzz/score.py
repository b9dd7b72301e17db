#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks the validator in one place at a time and sees which of the tests notice.

usage: score.py [--build DIR] [--count N] [--seed S] [--attack-only] [--jobs N] [--list] [FILE ...]
       score.py [--build DIR] --planted

Each mutation edits one place of validator/src: a comparison, a condition, a constant, a returned value, a check
that is left out, a row of the allow-list. The broken library is linked into the unit tests, the exhaustive
test and the generator of nearly valid programs, which run in this order until one fails. What no test notices is listed:
either nothing depends on it (the text of a message) or a test is missing.
Exit status: 0 enough was noticed (see --least), 1 less, 2 usage, 3 cannot run here.
"""
import argparse
import concurrent.futures
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "validator" / "src"
FILES = ["allow.c", "check.c", "decode.c", "flow.c", "image.c", "validator.c", "value.h", "insn.h"]

# (what, pattern, replacement): one match is one mutation.
OPERATORS = [
    ("comparison", r"(?<![-<>=!])<(?![<=])(?= [^;]*[);])", "<="),
    ("comparison", r"(?<![-<>])>(?![>=])(?= [^;]*[);])", ">="),
    ("comparison", r"<=", "<"),
    ("comparison", r"(?<!>)>=", ">"),
    ("comparison", r"==", "!="),
    ("comparison", r"!=", "=="),
    ("condition", r"&&", "||"),
    ("condition", r"\|\|", "&&"),
    ("condition", r"!(?=[a-z(])", ""),
    ("condition", r"if \((?=[^;{]*\)$)", "if (0 && "),
    ("constant", r"(?<![\w.\"])([1-9]\d?)(?=[\s;,)\]*])", lambda m: str(int(m.group(1)) + 1)),
    ("constant", r"\+ 1\b", "+ 0"),
    ("constant", r"- 1\b", "- 0"),
    ("sign", r"(?<=[\w\])]) \+ (?=[\w(])", " - "),
    ("sign", r"(?<=[\w\])]) - (?=[\w(])", " + "),
    ("bits", r"(?<!&) & (?![&])", " | "),
    ("bits", r"(?<!\|) \| (?!\|)", " & "),
    ("bits", r"&= (uint\d+_t\))?~", "&= "),
    ("result", r"return true", "return false"),
    ("result", r"return false", "return true"),
    ("result", r"return value_any\(\)", "return value_bits(0)"),
    ("row", r"ROW\((\w+), OPAQUE,", r"ROW(\1, GENERIC,"),
    ("row", r"ROW\((MOVSX\w*), MOVSX,", r"ROW(\1, MOVZX,"),
    ("row", r"ROW\((\w+), GENERIC, P16", r"ROW(\1, MOV, P16"),
    ("row", r"ROW\((BT\w?), BIT_TEST", r"ROW(\1, GENERIC"),
    ("row", r"ROW\((\w+), (ADD|SUB|XOR|SHL),", r"ROW(\1, AND,"),
    ("row", r"ROW\((POPCNT|SETB), (\w+),", r"ROW(\1, SHR,"),
    ("row", r"ROW\((\w+), (\w+), 0\)", r"ROW(\1, \2, PREFIX_67)"),
]
# Mutations that change nothing: (file, what stands there) and why.
EQUIVALENT = {
    ("allow.c", "ROW(CMPXCHG16B, OPAQUE,"): "it writes 64 bits of rax and rdx, which are never zero-extended",
}
# Rules left out, and facts believed too long: the generator and the emulator alone must notice each.
PLANTED = [
    ("check.c", "RFV_RULE_CALLEE_SAVED"),
    ("check.c", "RFV_RULE_MEMORY_CONTROL_BLOCK"),
    ("check.c", "RFV_RULE_ARGUMENT_STORE"),
    ("check.c", "past the window's end"),
    ("check.c", "RFV_RULE_SELECT_INDEX)"),
    ("check.c", "forget_frame(step->frame, step->state, *offset"),
    ("check.c", "RFV_RULE_JUMP_TABLE)"),
    ("flow.c", "RFV_RULE_STACK_DEPTH"),
]
# Statements that record what a rule forbids.
CHECKS = re.compile(r"^\t+(?:\(void\))?((?:deny|violate|rfv_report_at|check_\w+|refuse_\w+|forget_frame|apply_\w+|forget_written)\()")


def code_lines(text):
    """Numbers of the lines that are code, without comments, and strings blanked out."""
    blank = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    blank = re.sub(r'"(?:\\.|[^"\\\n])*"', lambda m: '"' + "#" * (len(m.group()) - 2) + '"', blank)
    return blank.splitlines(keepends=True)


def mutations_of(name):
    text = (SOURCE / name).read_text()
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(code_lines(text)):
        if line.startswith("#") or "static_assert" in line.lower() or "_Static_assert" in line:
            continue
        for what, pattern, replacement in OPERATORS:
            if what == "row" and name != "allow.c":
                continue
            for match in re.finditer(pattern, line):
                if (name, match.group()) in EQUIVALENT:
                    continue
                new = match.expand(replacement) if isinstance(replacement, str) else replacement(match)
                changed = lines[number][: match.start()] + new + lines[number][match.end() :]
                yield name, number, what, number + 1, changed
        if CHECKS.match(line):
            end = number
            while ";" not in code_lines(text)[end]:
                end += 1
            indent = re.match(r"\t*", line).group()
            yield name, number, "check left out", end + 1, indent + "(void)0;\n"


def describe(mutation):
    name, first, what, end, new = mutation
    old = (SOURCE / name).read_text().splitlines()[first].strip()
    return f"{name}:{first + 1}: {what}: {old}  ->  {new.strip()}"


class Build:
    """How the build folder compiles the library and links the programs that use it."""

    def __init__(self, folder):
        self.folder = folder
        self.include = ["-I" + str(ROOT / "validator/include"), "-I" + str(ROOT / "include")]
        self.sources = sorted(path.name for path in SOURCE.glob("*.c"))
        self.unit = ["validator-cases", "validator-image", "validator-limits", "validator-trace"]
        self.unit = [target for target in self.unit if (folder / "test/unit/validator" / target).exists()]
        self.links = {target: self.link_command(target) for target in self.unit + ["exhaustive", "mutants"]}
        self.operations = (folder / "test/exhaustive/operations").exists()
        if self.operations:
            self.links["operations"] = self.link_command("operations")

    def link_command(self, target):
        shown = subprocess.run(["ninja", "-t", "commands", target], cwd=self.folder, capture_output=True, text=True)
        if shown.returncode != 0:
            raise SystemExit(f"score.py: {self.folder} does not build {target}; configure it with ninja first")
        return shown.stdout.splitlines()[-1]

    def library(self, work, mutation):
        name, first, _, end, new = mutation
        shutil.copytree(SOURCE, work / "src")
        path = work / "src" / name
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines[:first] + [new] + lines[end:]))
        objects = []
        for source in self.sources:
            built = self.folder / "validator/CMakeFiles/rfv.dir/src" / (source + ".o")
            if name.endswith(".h") or source == name:
                built = work / (source + ".o")
                command = ["gcc", "-std=gnu17", "-O1", "-w", '-DRFV_VERSION="0"', *self.include, "-c",
                           str(work / "src" / source), "-o", str(built)]
                if subprocess.run(command, capture_output=True).returncode != 0:
                    return None
            objects.append(str(built))
        archive = work / "librfv.a"
        subprocess.run(["ar", "qc", str(archive), *objects], check=True)
        return archive

    def link(self, work, archive, target):
        command = self.links[target].replace("stage/lib/librfv.a", str(archive))
        output = re.search(r" -o (\S+)", command).group(1)
        program = work / target
        command = command.replace(f" -o {output}", f" -o {program}")
        subprocess.run(command, shell=True, cwd=self.folder, check=True, capture_output=True)
        return program


def planted():
    """The mutation that leaves out the statement in which each of the words above stands."""
    found = []
    for name, words in PLANTED:
        text = (SOURCE / name).read_text().splitlines()
        fitting = [mutation for mutation in mutations_of(name)
                   if mutation[2] == "check left out" and words in "".join(text[mutation[1] : mutation[3]])]
        if len(fitting) != 1:
            raise SystemExit(f"score.py: '{words}' stands in {len(fitting)} checks of {name}, not in one: change PLANTED")
        found += fitting
    return found


def notices_planted(build):
    good = True
    for mutation in planted():
        with tempfile.TemporaryDirectory(prefix="score-") as folder:
            work = pathlib.Path(folder)
            archive = build.library(work, mutation)
            noticed = archive is not None and fails([str(build.link(work, archive, "mutants")), "--count", "8000",
                                                     "--runs", "2"], 600)
            print("noticed    " if noticed else "NOT NOTICED", describe(mutation), flush=True)
            good = good and noticed
    return 0 if good else 1


def fails(command, seconds):
    try:
        return subprocess.run(command, capture_output=True, timeout=seconds).returncode != 0
    except subprocess.TimeoutExpired:
        return True  # an endless loop is noticed, too


def judge(build, mutation, attack_only):
    """The first test that notices, "" if none does, None if it does not compile."""
    with tempfile.TemporaryDirectory(prefix="score-") as folder:
        work = pathlib.Path(folder)
        archive = build.library(work, mutation)
        if archive is None:
            return None
        stages = [] if attack_only else [(target, [], 120) for target in build.unit]
        if build.operations:
            stages.append(("operations", [], 120))
        stages.append(("exhaustive", ["--sample", "61"], 240))
        stages.append(("mutants", ["--count", "6000", "--runs", "2"], 600))
        for target, arguments, seconds in stages:
            if fails([str(build.link(work, archive, target)), *arguments], seconds):
                return target
        return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--count", type=int, default=0, help="this many, chosen at random (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--least", type=float, default=0, help="per cent that must be noticed")
    parser.add_argument("--attack-only", action="store_true", help="without the unit tests")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--planted", action="store_true", help="a few chosen ones, by the generator alone")
    parser.add_argument("--list", action="store_true", help="show the mutations, try none")
    parser.add_argument("files", nargs="*", default=FILES)
    options = parser.parse_args()
    mutations = [mutation for name in options.files for mutation in mutations_of(name)]
    if options.count:
        mutations = random.Random(options.seed).sample(mutations, min(options.count, len(mutations)))
    if options.list:
        print("\n".join(describe(mutation) for mutation in mutations))
        return 0
    build = Build(options.build.resolve())
    if options.planted:
        return notices_planted(build)
    noticed = {}
    survivors = []
    invalid = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda mutation: judge(build, mutation, options.attack_only), mutations)
        for mutation, result in zip(mutations, results):
            if result is None:
                invalid += 1
            elif result:
                noticed[result] = noticed.get(result, 0) + 1
            else:
                survivors.append(mutation)
                print("NOT NOTICED", describe(mutation), flush=True)
            if (sum(noticed.values()) + len(survivors)) % 10 == 0:
                print(f"{sum(noticed.values())} noticed, {len(survivors)} not", file=sys.stderr, flush=True)
    total = sum(noticed.values()) + len(survivors)
    by = ", ".join(f"{target} {count}" for target, count in sorted(noticed.items(), key=lambda item: -item[1]))
    score = 100 * sum(noticed.values()) / total if total else 0
    print(f"mutations {total} ({invalid} more do not compile), noticed {sum(noticed.values())} = {score:.1f} %: {by}")
    return 0 if total and score >= options.least else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:
        print(f"score.py: {error}", file=sys.stderr)
        sys.exit(3)
