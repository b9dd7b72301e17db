# SPDX-License-Identifier: Apache-2.0
"""The tables for docs/performance.md and their plot, from the raw numbers alone."""

import pathlib
import statistics
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from chart import SCALE, Axis, bar_chart  # noqa: E402

BEGIN, END = "<!-- begin: bench/run e1000 -->", "<!-- end: bench/run e1000 -->"
TITLES = {
    "bridge": "Linux: kernel driver, bridge",
    "af_packet": "Linux: kernel driver, rf-run on AF_PACKET",
    "testpmd": "DPDK: testpmd, io forwarding",
    "native": "Ringfence: native NF",
    "cell": "Ringfence: sandboxed NF",
    "chain": "Ringfence: chain of three sandboxed NFs",
    "copy": "Ringfence: sandboxed NF, --copy",
    "rf-run": "Ringfence: rf-run, sandboxed NF (sleeps when idle)",
}
COLOURS = {"e1000": "#2f7d4f", "e1000e": "#5b8db8"}


def values(results, model, length, key, what):
    return [run[what] for run in results["runs"].get(f"{model}/{length}/{key}", []) if what in run]


def median(results, model, length, key, what):
    found = values(results, model, length, key, what)
    return statistics.median(found) if found else None


def instructions(results, model, length, key):
    """In the run whose clock counts them, one a nanosecond."""
    found = [run["busy_us"] * 1000 for run in results.get("instructions", {}).get(f"{model}/{length}/{key}", [])]
    return statistics.median(found) if found else None


def cell(value, form):
    return "–" if value is None else form.format(value)


def groups(results):
    """(model, length) in the order of the runs."""
    return list(dict.fromkeys((name.split("/")[0], int(name.split("/")[1])) for name in results["runs"]))


def spread(results, model, length, key):
    found = values(results, model, length, key, "pps")
    return f"{min(found) / 1e3:.0f}–{max(found) / 1e3:.0f}" if found else "–"


def table(results, model, length):
    lines = ["| | 1,000 packets/s | lowest–highest | lost on overload | CPU, µs/packet | of it with packets, µs/packet | the same, guest's instructions/packet | NICs and wire, µs/packet |",
             "|---|---:|---:|---:|---:|---:|---:|---:|"]
    for key, title in TITLES.items():
        pps = median(results, model, length, key, "pps")
        if pps is None:
            continue
        lost = median(results, model, length, key, "lost")
        lines.append(f"| {title} | {pps / 1e3:.1f} | {spread(results, model, length, key)} | {lost * 100:.0f} % "
                     f"| {cell(median(results, model, length, key, 'cpu_us'), '{:.1f}')} "
                     f"| {cell(median(results, model, length, key, 'busy_us'), '{:.1f}')} "
                     f"| {cell(instructions(results, model, length, key), '{:.0f}')} "
                     f"| {cell(median(results, model, length, key, 'loop_us'), '{:.1f}')} |")
    return "\n".join(lines)


def plot(results):
    """Packets per second, one panel for each length of frame, a bar for each model."""
    models = list(dict.fromkeys(model for model, _ in groups(results)))
    lengths = sorted({length for _, length in groups(results)})
    keys = [key for key in TITLES if any(median(results, m, n, key, "pps") for m, n in groups(results))]
    limit = max(median(results, m, n, k, "pps") or 0 for m, n in groups(results) for k in keys)
    panels = [(f"{length}-byte frames", [(TITLES[key], [median(results, model, length, key, "pps") for model in models]) for key in keys])
              for length in lengths]
    return bar_chart("Packets per second, NIC to NIC in one QEMU guest (emulated CPU and NICs)",
                     [(model, COLOURS[model]) for model in models], panels, Axis(SCALE / limit, limit), 300, "{:,.0f}".format)


def section(results):
    """The text between the markers of docs/performance.md."""
    out = [f"Measured {results['date']} on {results['cpu']} ({results['cpus']} CPUs), {results['qemu']}, one emulated CPU, Debian's kernel, "
           f"DPDK {results['dpdk']}; {results['rounds']} interleaved rounds of {results['seconds']} s; medians.", ""]
    for model, length in groups(results):
        out += [f"### {model}, {length}-byte frames", "", table(results, model, length), ""]
    out += ["![Packets per second](img/e1000.svg)"]
    return "\n".join(out)


def write(root, results):
    (root / "docs/img/e1000.svg").write_text(plot(results))
    page = root / "docs" / "performance.md"
    head, rest = page.read_text().split(BEGIN, 1)
    page.write_text(f"{head}{BEGIN}\n{section(results)}\n{END}{rest.split(END, 1)[1]}")
