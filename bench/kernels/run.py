#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bench/run kernels: what the sandbox costs compiled code. See docs/performance.md."""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

from builds import ALL, CLANG, Context, Ringfence
from measure import compile_times, measure, run_vectors
from programs import kernels
from report import groups_of, plot, section, summary
from toolchain import PACKAGES, ROOT, Failure, find_prefix, note, require, run

COMPILE_ROUNDS = 1  # sums over many files: steady enough
BEGIN, END = "<!-- begin: bench/run kernels -->", "<!-- end: bench/run kernels -->"


def arguments():
    p = argparse.ArgumentParser(prog="bench/run kernels", description=__doc__)
    p.add_argument("programs", nargs="*", help="only these programs")
    p.add_argument("--group", choices=("kernels", "packages", "all"), default="all",
                   help="our kernels, Debian source packages (fetched by apt-get), or both")
    p.add_argument("--builds", help="comma-separated: " + ",".join(b.key for b in ALL))
    p.add_argument("--rounds", type=int, default=9, help="interleaved rounds (default 9)")
    p.add_argument("--repeat", type=int, default=8, help="calls per round (default 8)")
    p.add_argument("--prefix", help="where Ringfence is installed (default: a build tree's stage)")
    p.add_argument("--folder", default=str(ROOT / "build" / "bench-kernels"), help="build folder")
    p.add_argument("--write", action="store_true", help="write docs/performance.md, docs/img and bench/results")
    p.add_argument("--keep-going", action="store_true", help="leave out a build that fails, instead of stopping")
    return p.parse_args()


def select_programs(args, context):
    found = []
    if args.group != "packages":
        found += kernels()
    if args.group != "kernels":
        from packages import packages
        found += packages(context, set(args.programs))
    if args.programs:
        unknown = set(args.programs) - {p.name for p in found}
        if unknown:
            raise Failure(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(p.name for p in found)}")
        found = [p for p in found if p.name in args.programs]
    return found


def build_all(programs, classes, context, keep_going):
    """{program: [builds that work]}, {program: {build: sizes}}"""
    builds, sizes = {}, {}
    for program in programs:
        note(f"building {program.name}")
        builds[program.name], sizes[program.name] = [], {}
        for kind in classes:
            build = kind(context)
            if not build.applies(program):
                continue
            try:
                sizes[program.name][kind.key] = build.build(program)
                run_vectors(build, program)
                builds[program.name].append(build)
            except Failure as failure:
                if not keep_going or kind.key == "native":
                    raise
                note(f"left out: {program.name}, {kind.title}: {failure}")
    return builds, sizes


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def collect(args, programs, classes, builds, sizes):
    times = measure(programs, builds, args.rounds, args.repeat)
    entries = {}
    for p in programs:
        entries[p.name] = {"group": p.group, "ns_per_call": times[p.name],
                           "text_bytes": {k: s["text_bytes"] for k, s in sizes[p.name].items()}}
        if p.x86_flags:
            entries[p.name]["x86_only_instructions"] = True
    keys = [k for k in ("native", "x32", "ringfence") if any(c.key == k for c in classes)]
    complete = [p for p in programs if {b.key for b in builds[p.name]} >= set(keys)]
    results = {
        "date": time.strftime("%Y-%m-%d"), "cpu": cpu_model(), "cpus": os.cpu_count(),
        "kernel": f"Linux {platform.release()}", "compiler": run([CLANG, "--version"]).splitlines()[0],
        "rounds": args.rounds, "repeat": args.repeat,
        "builds": [{"key": c.key, "title": c.title} for c in classes], "programs": entries,
    }
    if len(keys) == 3:
        results["compile_seconds"] = compile_times(complete, builds, COMPILE_ROUNDS, keys)
    return results


def write_report(all_results):
    """Replaces what was measured now; what an earlier run measured of the other group stays."""
    raw, images = ROOT / "bench" / "results", ROOT / "docs" / "img"
    for folder in (raw, images):
        folder.mkdir(parents=True, exist_ok=True)
    for results in all_results:
        for group in groups_of(results):
            (raw / f"{group}.json").write_text(json.dumps(results, indent=1) + "\n")
            (images / f"{group}.svg").write_text(plot(results, group))
    kept = [json.loads(f.read_text()) for f in (raw / "kernels.json", raw / "packages.json") if f.exists()]
    page = ROOT / "docs" / "performance.md"
    text = page.read_text() if page.exists() else ""
    if BEGIN not in text or END not in text:
        raise Failure(f"{page}: the lines {BEGIN} and {END} are missing")
    head, rest = text.split(BEGIN, 1)
    page.write_text(head + BEGIN + "\n" + "\n".join(map(section, kept)) + END + rest.split(END, 1)[1])


def main():
    args = arguments()
    require(["size", *(t for t in PACKAGES if t != "size")])
    wanted = args.builds.split(",") if args.builds else [c.key for c in ALL]
    classes = [c for c in ALL if c.key in wanted]
    if len(classes) != len(set(wanted)) or "native" not in wanted or args.rounds < 1 or args.repeat < 1:
        raise Failure("--builds names known builds, native among them; --rounds and --repeat are at least 1")
    prefix = find_prefix(args.prefix) if any(issubclass(c, Ringfence) for c in classes) else None
    context = Context(args.folder, prefix)
    programs = select_programs(args, context)
    builds, sizes = build_all(programs, classes, context, args.keep_going)
    groups = list(dict.fromkeys(p.group for p in programs))
    all_results = [collect(args, [p for p in programs if p.group == g], classes, builds, sizes) for g in groups]
    (context.folder / "results.json").write_text(json.dumps(all_results, indent=1) + "\n")
    if args.write:
        write_report(all_results)
    for results in all_results:
        print(section(results))
        print(summary(results))


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(f"bench/run kernels: {failure}", file=sys.stderr)
        sys.exit(1)
