# SPDX-License-Identifier: Apache-2.0
"""The table for docs/performance.md and its plot, from the raw numbers alone."""

import math
import statistics
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from chart import SCALE, Axis, bar_chart  # noqa: E402
from measure import geometric_mean, median_ratio  # noqa: E402

BASE = "native"
# Those that the plot shows; the others are variants of theirs, for the table.
COLOURS = {"native": "#9a9a9a", "native-nopie": "#c9a227", "x32": "#5b8db8", "wasm2c": "#b5534c",
           "ringfence": "#2f7d4f"}


def ratios(results, group, key):
    """{program: median ratio to native} of one build over one group."""
    out = {}
    for name, program in results["programs"].items():
        if program["group"] == group and key in program["ns_per_call"]:
            out[name] = median_ratio(program["ns_per_call"], key, BASE)
    return out


def groups_of(results):
    return list(dict.fromkeys(p["group"] for p in results["programs"].values()))


def comparable(results, group, key):
    """Without the programs whose builds are told to use other instructions than this one can."""
    skip = {n for n, p in results["programs"].items() if p.get("x86_only_instructions")} if key.startswith("wasm2c") else set()
    return {n: r for n, r in ratios(results, group, key).items() if n not in skip}


def cell(value):
    return "–" if value is None or math.isnan(value) else f"{value:.2f}"


def table(results, group):
    builds = [b for b in results["builds"] if b["key"] != BASE and ratios(results, group, b["key"])]
    lines = ["| program | native, ms | " + " | ".join(b["title"] for b in builds) + " | text, Ringfence / native |",
             "|---|---:|" + "---:|" * (len(builds) + 1)]
    per_build = {b["key"]: ratios(results, group, b["key"]) for b in builds}
    text = {}
    for name, program in results["programs"].items():
        if program["group"] != group:
            continue
        size = program["text_bytes"]
        if "ringfence" in size:
            text[name] = size["ringfence"] / size[BASE]
        ms = statistics.median(program["ns_per_call"][BASE]) / 1e6
        mark = "¹" if program.get("x86_only_instructions") else ""
        row = [cell(per_build[b["key"]].get(name)) + (mark if b["key"].startswith("wasm2c") else "") for b in builds]
        lines.append(f"| {name} | {ms:.2f} | " + " | ".join(row) + f" | {cell(text.get(name))} |")
    means = [cell(geometric_mean(comparable(results, group, b["key"]).values())) for b in builds]
    lines.append("| **geometric mean** | | " + " | ".join(f"**{m}**" for m in means) +
                 f" | **{cell(geometric_mean(text.values()))}** |")
    return "\n".join(lines)


def plot(results, group):
    """A block for each program, clipped at 2.5 with the number written out."""
    builds = [b for b in results["builds"] if b["key"] in COLOURS and b["key"] != BASE]
    names = [n for n, p in results["programs"].items() if p["group"] == group]
    values = {b["key"]: ratios(results, group, b["key"]) for b in builds}
    axis = Axis(SCALE, 2.5, (0.5, 1.0, 1.5, 2.0, 2.5))
    return bar_chart(f"Time relative to native clang -O2 ({group}; less is better)",
                     [(b["title"], COLOURS[b["key"]]) for b in builds],
                     [(None, [(name, [values[b["key"]].get(name) for b in builds]) for name in names])], axis, 120,
                     lambda value: f"{value:.2f}" if value <= axis.limit else f"{value:.1f} →")


def summary(results):
    lines = []
    for group in groups_of(results):
        for b in results["builds"]:
            values = comparable(results, group, b["key"])
            if b["key"] == BASE or not values:
                continue
            worst = max(values, key=values.get)
            lines.append(f"{group}: {b['title']}: geometric mean {geometric_mean(values.values()):.3f} of native, "
                         f"largest {values[worst]:.3f} ({worst})")
    for key, seconds in results.get("compile_seconds", {}).items():
        lines.append(f"compile time {key}: {seconds:.2f} s CPU")
    return "\n".join(lines)


def section(results):
    """The text between the markers of docs/performance.md."""
    out = [f"Measured {results['date']} on {results['cpu']} ({results['cpus']} CPUs), {results['kernel']}, "
           f"{results['compiler']}; {results['rounds']} interleaved rounds of {results['repeat']} calls; "
           "medians of the ratio to native within a round.", ""]
    for group in groups_of(results):
        out += [f"### {group.capitalize()}", "", table(results, group), "",
                f"![Time relative to native, {group}](img/{group}.svg)", ""]
    if any(p.get("x86_only_instructions") for p in results["programs"].values()):
        out += ["¹ The x86-64 builds use AES-NI and PCLMULQDQ, which WebAssembly lacks: plain C there, and not in its mean.",
                ""]
    seconds = results.get("compile_seconds")
    if seconds:
        plain, plugin = seconds["native"], seconds["ringfence"]
        x32 = seconds["x32"]
        out += [f"Compile time (CPU seconds for all files above, `-c`): clang {plain:.2f}, clang for x32 {x32:.2f}, "
                f"rf-cc {plugin:.2f}: {plugin / plain:.2f} times native, {plugin / x32:.2f} times x32.", ""]
    return "\n".join(out)
