#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random combinations of clang's options against the compiler.

Each round compiles one C or C++ file with a random combination of options and links all of its functions. What comes out is
proved by the validator, or the compiler reports an error with a source line (or says that the options themselves are wrong).
A crash, an error without a line and a rejection are failures, unless clang fails with the same words or in the same function
where it compiles the file without the plugin, for Linux or for no system.
"""

import argparse
import concurrent.futures
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ODD = ROOT / "test" / "compiler" / "odd"
FILES = [*ODD.glob("*.c"), *ODD.glob("*.cc"), *(ROOT / "examples").glob("*/*.c"), *(ROOT / "sdk" / "libc").glob("*.c"),
         *(ROOT / "bench" / "kernels" / "src").glob("*.c"), *(ROOT / "test" / "lit" / "run").glob("*.c"),
         *(ROOT / "test" / "lit" / "run").glob("*.cc")]
LEVELS = ["-O0", "-O1", "-O2", "-O3", "-Os", "-Oz", "-Og", "-Ofast"]
OPTIONS = """-g -g1 -ggdb3 -gsplit-dwarf -flto -flto=thin -fstack-protector-all -fstack-protector-strong -fstack-clash-protection
-fcf-protection=full -fcf-protection=branch -pg -mfentry -finstrument-functions -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer
-fsanitize=undefined -fsanitize-trap=undefined -fsanitize=integer -fsanitize=bounds -fsanitize=address -fsanitize=kcfi
-fsanitize=shadow-call-stack -fsanitize=safe-stack -fsanitize=memory -fsanitize=thread -fsanitize=dataflow -fsanitize=numerical
-fsanitize=hwaddress -fsanitize=type -fsanitize=realtime -fsanitize=leak -fsanitize=fuzzer -fsanitize=function -fsanitize=alloc-token
-fsanitize=local-bounds|-fsanitize-trap=local-bounds -fsanitize=cfi|-flto|-fvisibility=hidden -fsanitize=scudo
-fsanitize=cfi-vcall,cfi-nvcall,cfi-derived-cast|-flto|-fvisibility=hidden -fsanitize-coverage=trace-pc-guard
-fsanitize-coverage=trace-pc -fsanitize-coverage=inline-8bit-counters,pc-table -fmemory-profile -fpseudo-probe-for-profiling
-fprofile-generate -fprofile-instr-generate -fcoverage-mapping --coverage
-march=x86-64-v2 -march=haswell -march=x86-64-v3 -march=x86-64-v4 -march=znver3 -march=core2 -march=bonnell -march=silvermont
-march=sapphirerapids -mtune=atom -mtune=znver4 -mavx -mavx2 -mavx512f -mfma -mbmi -mbmi2 -mlzcnt -mpopcnt -madx -maes -msha -mrtm
-mno-sse -mno-sse2 -msoft-float -mno-80387 -mgeneral-regs-only -mno-avx -mno-implicit-float -mprefer-vector-width=64
-mprefer-vector-width=512 -mred-zone -mcmodel=large -mcmodel=medium -mcmodel=kernel -fpic -fPIE -fno-plt -fno-pic
-m32 -m64 -mx32 -mregparm=3 -mstackrealign -mstack-alignment=64 -mstack-alignment=4 -mstack-probe-size=4096 -mretpoline
-mspeculative-load-hardening -mlvi-hardening -mlvi-cfi -mseses -mharden-sls=all -mindirect-branch-cs-prefix
-mfunction-return=thunk-extern -mbranches-within-32B-boundaries -mno-branches-within-32B-boundaries -mskip-rax-setup
-funroll-loops -fno-unroll-loops -fno-vectorize -fno-slp-vectorize -fno-inline -fno-jump-tables -fjump-tables -ftrapv -fwrapv
-fno-builtin -fno-builtin-memcpy -ffreestanding -fhosted -fno-strict-aliasing -fshort-enums -fshort-wchar -fsigned-char
-funsigned-char -fcommon -fno-common -fno-function-sections -fno-data-sections -ffunction-sections -fdata-sections
-funique-section-names -fbasic-block-sections=all -fsplit-machine-functions -mllvm|-enable-shrink-wrap=false -fno-addrsig
-fomit-frame-pointer -fno-optimize-sibling-calls -foptimize-sibling-calls -fmerge-all-constants -fno-merge-all-constants
-ffast-math -fno-math-errno -ffp-contract=fast -ffp-model=strict -frounding-math -ffp-exception-behavior=strict -fno-finite-loops
-ftls-model=global-dynamic -femulated-tls -fexceptions -fasynchronous-unwind-tables -funwind-tables -frtti -fnon-call-exceptions
-fno-threadsafe-statics -fthreadsafe-statics -fzero-call-used-regs=all -ftrivial-auto-var-init=pattern -ftrivial-auto-var-init=zero
-fpatchable-function-entry=4 -fxray-instrument -fxray-instruction-threshold=1 -falign-functions=64 -falign-loops=32 -fno-ident
-fvisibility=hidden -fno-semantic-interposition -fsemantic-interposition -flarge-source-files -fpack-struct=1 -fmax-type-align=1
-fms-extensions -fblocks -fno-delete-null-pointer-checks -fwhole-program-vtables -fvirtual-function-elimination -fstrict-vtable-pointers
-fexperimental-new-constant-interpreter -fdebug-types-section -fdebug-macro -fno-elide-constructors -fstack-size-section
-fminimize-whitespace -mlong-double-80 -mlong-double-128 -fglobal-isel -fno-integrated-as -mrelax-all -Wa,--mrelax-relocations=no
-std=c11 -std=c17 -std=gnu23 -std=c++20 -std=c++23""".split()
# A function that clang itself made (sancov.module_ctor…) has no line, but a name.
ERROR = re.compile(r"(?m)^[^\s:][^:\n]*:\d+:(\d+:)? (fatal )?error: |^error: .* '\w+\.\w+'$")
# clang's own word on the options, which belong to no line; and what the linker says of bitcode.
OPTIONS_ERROR = re.compile(r"(?m)^(clang|clang-22|rf-cc|rf-ld|ld\.lld)[^:\n]*: error: (?!.*(command failed|linker command))|^error: (?=unable|option|'|cannot|invalid|unknown)")
CRASH = re.compile(r"Stack dump|PLEASE submit|Assertion|LLVM ERROR|UNREACHABLE|fatal error: error in backend|clang frontend command failed")


def run(command, timeout):
    try:
        done = subprocess.run([str(w) for w in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                              text=True, errors="replace")
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired:
        return None, f"no end after {timeout} s"


def judge(status, text):
    """"error" of a compilation that was refused as it should be; else what is wrong."""
    if status is None or CRASH.search(text):
        return "crash or no end"
    if ERROR.search(text) or OPTIONS_ERROR.search(text):
        return "error"
    return "error without a source line"


def complaints(text):
    """Errors of no source line, those of GNU's assembler included, and where a crash happened."""
    errors = re.findall(r"(?m)^(?:fatal )?error: (.+)$", text) + re.findall(r"(?m)^\S+\.s:\d+: Error: (.+)$", text)
    places = [re.sub(r"\S*/", "", line) for line in re.findall(r"(?m)^[1-9]\.\t(.+)$", text)]
    return set(errors), places


def clangs_own(prefix, options, text, folder):
    """Whether clang without the plugin ends with the same error as `text`."""
    errors, places = complaints(text)
    headers = prefix / "share" / "ringfence" / "include"
    for system in ("linux", "none"):
        _, plain = run(["clang-22", f"--target=x86_64-unknown-{system}-gnux32", "-ffreestanding", "-nostdlibinc", "-isystem", headers,
                        *options, "-o", folder / "plain.o"], 300)
        plain_errors, plain_places = complaints(plain)
        if (errors or places) and errors <= plain_errors and places == plain_places:
            return True
    return False


def functions(objects):
    """Global functions of an object or bitcode file."""
    _, text = run(["llvm-nm-22", "--defined-only", "--format=posix", "-g", *objects], 60)
    lines = (line.split() for line in text.splitlines())
    return sorted({words[0] for words in lines if len(words) > 1 and words[1] in "TW"})


def link(rf_cc, options, target, folder):
    """Links all functions of an object; what it calls from elsewhere is a function that does nothing."""
    words = [rf_cc, "--rf-no-validate", *options, *(f"-Wl,-u,{name}" for name in functions([target])), "-Wl,--error-limit=0", target]
    status, text = run([*words, "-o", folder / "a.nf"], 300)
    names = sorted(set(re.findall(r"undefined symbol: (\w+)$", text, re.MULTILINE)))
    if status == 0 or not names:
        return status, text
    (folder / "others.c").write_text("\n".join(f"void {name}_(void) __asm__(\"{name}\"); void {name}_(void) {{}}" for name in names))
    return run([*words, folder / "others.c", "-o", folder / "a.nf"], 300)


def attempt(prefix, source, options, folder):
    """(outcome, output) of one combination."""
    rf_cc = prefix / "bin" / "rf-cc"
    includes = ["-w", f"-I{source.parent}", f"-I{source.parent / 'Inputs'}"]
    if "bench" in source.parts:
        includes += ["-maes", "-mpclmul", "-mssse3"]
    if source.stem == "intrinsics":
        includes += "-maes -mpclmul -msha -msse4.2 -mbmi -mbmi2 -mlzcnt -mavx2 -mmovbe -madx -mf16c -mfma".split()
    target = folder / "a.o"
    words = [*includes, *options, "-c", source]
    status, text = run([rf_cc, *words, "-o", target], 300)
    if status != 0:
        outcome = judge(status, text)
        return ("clang's own" if outcome != "error" and clangs_own(prefix, words, text, folder) else outcome), text
    status, text = link(rf_cc, [o for o in options if o.startswith(("-O", "-flto"))], target, folder)
    if status != 0:
        return ("not linked" if "error" == judge(status, text) else "link: " + judge(status, text)), text
    status, text = run([prefix / "bin" / "rf-validate", "--max-errors=5", folder / "a.nf"], 300)
    if status == 0:
        return "accepted", text
    # The validator judges inline assembly: a rejection is the right answer there.
    return ("assembly refused" if status == 1 and "asm" in source.stem else "rejected"), text


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--prefix", type=Path, required=True, help="where Ringfence is installed")
    p.add_argument("--seed", type=int, default=1, help="first round (default 1); each seed stands for one combination")
    p.add_argument("--count", type=int, default=50, help="rounds (default 50)")
    p.add_argument("--seconds", type=float, default=0, help="start no new round after this time")
    p.add_argument("--jobs", type=int, default=1)
    p.add_argument("--most", type=int, default=4, help="options in a combination, at most (default 4)")
    p.add_argument("--plain", action="store_true", help="no options but each level, for each file of test/compiler/odd")
    p.add_argument("--verbose", action="store_true", help="one line a round")
    return p.parse_args()


def combinations(args):
    if args.plain:
        return [(source, [level]) for source in sorted([*ODD.glob("*.c"), *ODD.glob("*.cc")]) for level in LEVELS]
    found = []
    for seed in range(args.seed, args.seed + args.count):
        chance = random.Random(seed)
        chosen = chance.sample(OPTIONS, chance.randint(1, args.most))
        options = [chance.choice(LEVELS)] + [word for o in chosen for word in (o.split("|") if "|" in o else [o])]
        found.append((chance.choice(sorted(FILES)), options))
    return found


def main():
    args = arguments()
    if not (args.prefix / "bin" / "rf-cc").exists():
        print(f"options.py: no rf-cc in {args.prefix}/bin: build it first", file=sys.stderr)
        return 3
    start, counts, failed = time.monotonic(), {}, 0

    def one(job):
        if args.seconds and time.monotonic() - start > args.seconds:
            return None
        folder = Path(tempfile.mkdtemp(prefix="rf-options-"))
        try:
            return attempt(args.prefix, *job, folder)
        finally:
            shutil.rmtree(folder)

    jobs = combinations(args)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for (source, options), result in zip(jobs, pool.map(one, jobs)):
            if result is None:
                continue
            outcome, text = result
            counts[outcome] = counts.get(outcome, 0) + 1
            bad = outcome not in ("accepted", "error", "not linked", "assembly refused", "clang's own")
            failed += bad
            if bad or args.verbose:
                print(f"{outcome}: {source.relative_to(ROOT)} {' '.join(options)}")
            if bad or (args.verbose and outcome != "accepted"):
                print("    " + "\n    ".join(line[:200] for line in text.splitlines()[:8 if bad else 2]), flush=True)
    print(", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items())))
    return 1 if failed or not counts.get("accepted") else 0


if __name__ == "__main__":
    sys.exit(main())
