# SPDX-License-Identifier: Apache-2.0
"""The table for docs/performance.md and its plot, from the raw numbers alone."""

import math
import statistics
from html import escape

from measure import geometric_mean, median_ratio

BASE = "native"
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
    skip = {n for n, p in results["programs"].items() if p.get("x86_only_instructions")} if key == "wasm2c" else set()
    return {n: r for n, r in ratios(results, group, key).items() if n not in skip}


def cell(value):
    return "–" if value is None or math.isnan(value) else f"{value:.2f}"


def table(results, group):
    builds = [b for b in results["builds"] if b["key"] != BASE]
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
        row = [cell(per_build[b["key"]].get(name)) + (mark if b["key"] == "wasm2c" else "") for b in builds]
        lines.append(f"| {name} | {ms:.2f} | " + " | ".join(row) + f" | {cell(text.get(name))} |")
    means = [cell(geometric_mean(comparable(results, group, b["key"]).values())) for b in builds]
    lines.append("| **geometric mean** | | " + " | ".join(f"**{m}**" for m in means) +
                 f" | **{cell(geometric_mean(text.values()))}** |")
    return "\n".join(lines)


def bar_chart(results, group):
    """Horizontal bars, one block per program, clipped at 2.5 with the number written out."""
    builds = [b for b in results["builds"] if b["key"] != BASE]
    names = [n for n, p in results["programs"].items() if p["group"] == group]
    values = {b["key"]: ratios(results, group, b["key"]) for b in builds}
    bar, gap, left, scale, top, limit = 9, 8, 120, 260, 58, 2.5
    block = bar * len(builds) + gap
    height, width = top + block * len(names) + 30, int(left + scale * limit + 70)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
           f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
           f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
           f'<text x="10" y="18" font-size="14">Time relative to native clang -O2 ({escape(group)}; less is better)</text>']
    x = left
    for b in builds:
        out.append(f'<rect x="{x}" y="28" width="10" height="10" fill="{COLOURS.get(b["key"], "#000000")}"/>'
                   f'<text x="{x + 14}" y="37">{escape(b["title"])}</text>')
        x += 30 + 7 * len(b["title"])
    for tick in (0.5, 1.0, 1.5, 2.0, 2.5):
        at = left + scale * tick
        dash = "" if tick == 1 else ' stroke-dasharray="2 3"'
        out.append(f'<line x1="{at:.0f}" y1="{top - 8}" x2="{at:.0f}" y2="{height - 22}" stroke="#555555"{dash}/>'
                   f'<text x="{at:.0f}" y="{height - 8}" text-anchor="middle">{tick:g}</text>')
    for row, name in enumerate(names):
        y = top + row * block
        out.append(f'<text x="{left - 6}" y="{y + block / 2:.0f}" text-anchor="end">{escape(name)}</text>')
        for line, b in enumerate(builds):
            value = values[b["key"]].get(name)
            if value is None:
                continue
            length = scale * min(value, limit)
            label = f"{value:.2f}" if value <= limit else f"{value:.1f} →"
            out.append(f'<rect x="{left}" y="{y + line * bar}" width="{length:.1f}" height="{bar - 1}" '
                       f'fill="{COLOURS.get(b["key"], "#000000")}"/>'
                       f'<text x="{left + length + 3:.1f}" y="{y + line * bar + 8}" font-size="8">{label}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"


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
