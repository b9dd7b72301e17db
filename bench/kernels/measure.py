# SPDX-License-Identifier: Apache-2.0
"""Interleaved measurements: every round runs every build of every program once."""

import math
import os
import statistics

from toolchain import Failure, cpu_seconds, note, parse_calls, run


def run_calls(build, program, repeat, calls, timeout=120):
    """[(result, ns per call)] of the calls."""
    done = parse_calls(run(build.command(program, repeat, calls), timeout))
    if len(done) != len(calls):
        raise Failure(f"{program.name}, {build.title}: expected {len(calls)} results, got {len(done)}")
    return [(result, ns) for _, _, result, ns in done]


def run_vectors(build, program):
    """The program's test vectors, once."""
    if program.vectors and run_calls(build, program, 1, [f"{program.vectors}=0"], 600)[0][0] != 1:
        raise Failure(f"{program.name}, {build.title}: its test vectors fail")


def run_once(build, program, repeat):
    """(result, ns per call) of the timed function, prepared (and checked, a kernel) by its call with 0."""
    first, timed = run_calls(build, program, repeat, program.timed_calls())
    if first[0] != 1:
        raise Failure(f"{program.name}, {build.title}: its own check fails (returned {first[0]}, not 1)")
    return timed


def compare_results(program, results):
    """All builds of a program compute the same 32 bits."""
    if len(set(results.values())) > 1:
        listing = ", ".join(f"{key}: {value:#010x}" for key, value in results.items())
        raise Failure(f"{program.name}: the builds disagree: {listing}")


def measure(programs, builds, rounds, repeat):
    """{program: {build: [ns per call, one per round]}}; builds[p.name] lists the builds of p."""
    times = {p.name: {b.key: [] for b in builds[p.name]} for p in programs}
    for number in range(rounds):
        for program in programs:
            order = builds[program.name]
            start = number % len(order)
            results = {}
            for build in order[start:] + order[:start]:
                results[build.key], ns = run_once(build, program, repeat)
                times[program.name][build.key].append(ns)
            compare_results(program, results)
        note(f"round {number + 1} of {rounds} done")
    return times


def median_ratio(times, key, base):
    """Median over the rounds of the ratio within a round."""
    return statistics.median(a / b for a, b in zip(times[key], times[base]))


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def compile_times(programs, builds, rounds, keys):
    """{build: CPU seconds, summed over the programs' files, median of the rounds}, interleaved."""
    totals = {key: [] for key in keys}
    for _ in range(rounds):
        sums = dict.fromkeys(keys, 0.0)
        for program in programs:
            for build in builds[program.name]:
                if build.key in keys:
                    for source in program.sources:
                        command = build.compile_command(program, source, os.devnull)
                        sums[build.key] += cpu_seconds(command)
        for key in keys:
            totals[key].append(sums[key])
    return {key: statistics.median(values) for key, values in totals.items()}
