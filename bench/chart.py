# SPDX-License-Identifier: Apache-2.0
"""Horizontal bar charts as SVG, for docs/performance.md."""

from html import escape

BAR, GAP, SCALE = 9, 8, 260  # pixels: a bar, between blocks of bars, of the value 1 or of the largest one


class Axis:
    """What a bar's length stands for: pixels a unit, and the value at which bars are cut; ticks to draw, if any."""

    def __init__(self, scale, limit, ticks=()):
        self.scale, self.limit, self.ticks = scale, limit, ticks


def legend(series, left):
    """One entry for each (title, colour)."""
    out, x = [], left
    for title, colour in series:
        out.append(f'<rect x="{x}" y="28" width="10" height="10" fill="{colour}"/>'
                   f'<text x="{x + 14}" y="37">{escape(title)}</text>')
        x += 30 + 7 * len(title)
    return out


def grid(axis, left, top, height):
    out = []
    for tick in axis.ticks:
        at = left + axis.scale * tick
        dash = "" if tick == 1 else ' stroke-dasharray="2 3"'
        out.append(f'<line x1="{at:.0f}" y1="{top - 8}" x2="{at:.0f}" y2="{height - 22}" stroke="#555555"{dash}/>'
                   f'<text x="{at:.0f}" y="{height - 8}" text-anchor="middle">{tick:g}</text>')
    return out


def bars(name, values, series, axis, left, y, label):
    """A block: the name, and a bar for each of the series that has a value."""
    block = BAR * len(series) + GAP
    out = [f'<text x="{left - 6}" y="{y + block / 2:.0f}" text-anchor="end">{escape(name)}</text>']
    for line, (value, (_, colour)) in enumerate(zip(values, series)):
        if value is None:
            continue
        length = axis.scale * min(value, axis.limit)
        out.append(f'<rect x="{left}" y="{y + line * BAR}" width="{length:.1f}" height="{BAR - 1}" '
                   f'fill="{colour}"/>'
                   f'<text x="{left + length + 3:.1f}" y="{y + line * BAR + 8}" font-size="8">{label(value)}</text>')
    return out


def bar_chart(title, series, panels, axis, left, label):
    """
    title: of the chart; series: [(title, colour)]; panels: [(heading or None, [(name, [value or None for each of the series])])];
    left: pixels for the names; label(value): what stands at the end of a bar.
    """
    block, top, head, foot = BAR * len(series) + GAP, 58, 24, 30 if axis.ticks else 10
    height = top + foot + sum((head if heading else 0) + block * len(rows) for heading, rows in panels)
    width = int(left + axis.scale * axis.limit + 70)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
           f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
           f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
           f'<text x="10" y="18" font-size="14">{escape(title)}</text>',
           *legend(series, left), *grid(axis, left, top, height)]
    y = top
    for heading, rows in panels:
        if heading:
            out.append(f'<text x="10" y="{y + 8}" font-weight="bold">{escape(heading)}</text>')
            y += head
        for name, values in rows:
            out += bars(name, values, series, axis, left, y, label)
            y += block
    out.append("</svg>")
    return "\n".join(out) + "\n"
