#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/run core: what a cell costs where packets meet it, as a table in docs/performance.md."""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- bench/run core: begin -->", "<!-- bench/run core: end -->"
SUBJECTS = {
    "pass": "`examples/pass`, 60-byte frames",
    "firewall": "`examples/firewall`, 16 rules, all of them looked at, 60-byte frames",
    "cost": "reads every 4 bytes at variable offsets, 508-byte frames",
}
BURSTS = (1, 8, 32, 256)


def median(raw, subject, mode, burst, what):
    return statistics.median(raw[f"{subject}/{mode}/{burst}/{what}"])


def fastest(raw, subject, mode, burst, what):
    """Of a wall-clock figure, in which each interruption counts in full."""
    return min(raw[f"{subject}/{mode}/{burst}/{what}"])


def added(raw, subject, mode, burst, what):
    """Median of the differences to native, each within its own round."""
    ours = raw[f"{subject}/{mode}/{burst}/{what}"]
    native = raw[f"{subject}/native/{burst}/{what}"]
    return statistics.median(a - b for a, b in zip(ours, native))


def table(raw):
    call = median(raw, "call", "cell", 1, "call")
    select = median(raw, "select", "cell", 1, "select")
    lines = [
        "| what | ns |", "|---|---:|",
        f"| a call into a cell and back (`rf_cell_call`; rivals: 13-38) | {call:.1f} |",
        f"| `rf_select`, in a loop of nothing else | {select:.2f} |",
        "",
        "Nanoseconds a packet. *process* is the wall-clock time around the NF's `process`, of the fastest round; all else is the worker"
        " thread's CPU time, medians of the rounds. *added* is what the sandbox"
        " adds to the whole data path (receive, descriptors, process, verdicts, transmit) over the same NF compiled into the host"
        " by the same clang; *copy* is the same with `--copy`.", "",
        "| network function | burst | process, native | process, cell | path, native | path, cell | **added** | path, copy |"
        " added by copying |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for subject, title in SUBJECTS.items():
        for burst in BURSTS:
            copy = median(raw, subject, "copy", burst, "total") - median(raw, subject, "cell", burst, "total")
            lines.append(
                f"| {title if burst == BURSTS[0] else ''} | {burst} "
                f"| {fastest(raw, subject, 'native', burst, 'process'):.1f} | {fastest(raw, subject, 'cell', burst, 'process'):.1f} "
                f"| {median(raw, subject, 'native', burst, 'total'):.1f} | {median(raw, subject, 'cell', burst, 'total'):.1f} "
                f"| **{added(raw, subject, 'cell', burst, 'total'):.1f}** "
                f"| {median(raw, subject, 'copy', burst, 'total'):.1f} | {copy:.1f} |")
    return "\n".join(lines)


def write_section(text):
    page = ROOT / "docs" / "performance.md"
    old = page.read_text() if page.exists() else f"# Performance\n\n## The cost of a cell\n\n{BEGIN}\n{END}\n"
    if BEGIN not in old:
        old += f"\n## The cost of a cell\n\n{BEGIN}\n{END}\n"
    head, rest = old.split(BEGIN, 1)
    page.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END, 1)[1]}")


def main():
    parser = argparse.ArgumentParser(prog="bench/run core", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="rounds after a warm-up (default: 9)")
    parser.add_argument("--packets", type=int, default=200000, help="packets per measurement (default: 200000)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release",
                        help="a configured build folder (default: build/release, made if it is not there)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md, too")
    options = parser.parse_args()

    if not (options.build / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release", "-B", options.build], cwd=ROOT, check=True, stdout=sys.stderr)
    subprocess.run(["cmake", "--build", options.build, "--target", "bench-core"], check=True, stdout=sys.stderr)
    done = subprocess.run([options.build / "stage/bin/rf-bench-core", options.build / "bench/core",
                           str(options.rounds), str(options.packets)], check=True, stdout=subprocess.PIPE)
    raw = json.loads(done.stdout)
    text = table(raw)
    print(text)
    if options.write:
        results = ROOT / "bench" / "results"
        results.mkdir(exist_ok=True)
        (results / "core.json").write_text(json.dumps(raw, indent=1) + "\n")
        write_section(text)


if __name__ == "__main__":
    main()
