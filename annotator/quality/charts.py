"""Charts as inline SVG: pure functions from numbers to text, coloured by the page's CSS variables.

Every mark has its value as a tooltip (`<title>`), and every chart a description for those who can't see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from html import escape

from annotator.importers.coco_values import printable
from annotator.quality.figures import Histogram

WIDTH = 640
"""Width of every chart in its own units; the page scales it."""

_NAME, _ROW = 190, 22  # of horizontal bars: width of the names and height of a row
_LABELS = 14  # of columns, that have room beside each other
_HIGH, _FOOT, _HEAD = 180, 34, 20  # of columns and lines: height of the plot, and of what is below and above it


def text(value: object) -> str:
    """Any value as text that is safe inside HTML, SVG and their attributes."""
    return escape(printable(str(value)), quote=True)


def bars(description: str, items: Sequence[tuple[str, int]]) -> str:
    """Horizontal bars with a name in front and the number behind."""
    most = max((count for _, count in items), default=0)
    space = WIDTH - _NAME - 70
    parts = []
    for row, (name, count) in enumerate(items):
        y = row * _ROW
        length = space * count / most if most else 0
        shown = name if len(name) <= 28 else f"{name[:27]}…"
        parts.append(
            f'<g><title>{text(name)}: {count:,}</title><text x="{_NAME - 8}" y="{y + 15}" class="name">{text(shown)}'
            f'</text><rect x="{_NAME}" y="{y + 3}" width="{_n(length)}" height="{_ROW - 6}" rx="2"/>'
            f'<text x="{_n(_NAME + length + 6)}" y="{y + 15}">{count:,}</text></g>'
        )
    return _svg("bars", description, max(1, len(items)) * _ROW, parts)


def columns(description: str, histogram: Histogram) -> str:
    """Vertical columns with the bins' names below and their counts on top."""
    most = max(histogram.counts, default=0)
    step = WIDTH / max(1, len(histogram.counts))
    every = 1 if len(histogram.counts) <= _LABELS else 2
    parts = [f'<line x1="0" x2="{WIDTH}" y1="{_HEAD + _HIGH}" y2="{_HEAD + _HIGH}" class="axis"/>']
    for place, (label, count) in enumerate(zip(histogram.labels, histogram.counts, strict=True)):
        height = _HIGH * count / most if most else 0
        x, top, middle = place * step, _HEAD + _HIGH - height, (place + 0.5) * step
        number = f'<text x="{_n(middle)}" y="{_n(top - 5)}" class="middle">{count:,}</text>' if count else ""
        below = f'<text x="{_n(middle)}" y="{_HEAD + _HIGH + 18}" class="middle soft">{text(label)}</text>'
        parts.append(
            f'<g><title>{text(label)}: {count:,}</title><rect x="{_n(x + 2)}" y="{_n(top)}" width="{_n(step - 4)}"'
            f' height="{_n(height)}" rx="2"/>{number}{"" if place % every else below}</g>'
        )
    return _svg("columns", description, _HEAD + _HIGH + _FOOT, parts)


def growth(description: str, days: Sequence[tuple[str, int]]) -> str:
    """A line of (day, number so far), with days as far apart as the calendar has them."""
    if not days:
        return _svg("growth", description, _HEAD, [])
    ordinals = [date.fromisoformat(day).toordinal() for day, _ in days]
    span, most = max(1, ordinals[-1] - ordinals[0]), max(1, *(count for _, count in days))
    left, right = 8, WIDTH - 60
    points = [
        (left + (right - left) * (ordinal - ordinals[0]) / span, _HEAD + _HIGH * (1 - count / most))
        for ordinal, (_, count) in zip(ordinals, days, strict=True)
    ]
    floor = _HEAD + _HIGH
    line = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    parts = [
        f'<line x1="0" x2="{WIDTH}" y1="{floor}" y2="{floor}" class="axis"/>',
        f'<polygon points="{_n(points[0][0])},{floor} {line} {_n(points[-1][0])},{floor}" class="area"/>',
        f'<polyline points="{line}" class="line"/>',
    ]
    parts += [
        f'<circle cx="{_n(x)}" cy="{_n(y)}" r="3"><title>{text(day)}: {count:,}</title></circle>'
        for (x, y), (day, count) in zip(points, days, strict=True)
    ]
    x, y = points[-1]
    parts.append(f'<text x="{_n(x + 8)}" y="{_n(y + 4)}">{days[-1][1]:,}</text>')
    parts.append(f'<text x="{left}" y="{floor + 18}" class="soft">{text(days[0][0])}</text>')
    if len(days) > 1:
        parts.append(f'<text x="{_n(x)}" y="{floor + 18}" class="middle soft">{text(days[-1][0])}</text>')
    return _svg("growth", description, floor + _FOOT, parts)


def heat(description: str, rows: Sequence[Sequence[float]]) -> str:
    """A square of cells, the stronger the larger their number; rows from top to bottom."""
    most = max((value for row in rows for value in row), default=0)
    side = WIDTH / 2 / max(1, len(rows))
    parts = [f'<rect width="{WIDTH // 2}" height="{WIDTH // 2}" class="frame"/>']
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            if value > 0:
                # A little over the cell's size, so that no line of background shows between two cells.
                parts.append(
                    f'<rect x="{_n(column * side)}" y="{_n(row * side)}" width="{_n(side + 0.3)}"'
                    f' height="{_n(side + 0.3)}" fill-opacity="{_n(value / most, 3)}"><title>{value:.3g}</title></rect>'
                )
    return _svg("heat", description, WIDTH // 2, parts, width=WIDTH // 2)


def _svg(kind: str, description: str, height: int, parts: Iterable[str], *, width: int = WIDTH) -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" role="img" aria-label="{text(description)}">'
        f"{''.join(parts)}</svg>"
    )


def _n(value: float, digits: int = 1) -> str:
    return f"{value:.{digits}f}"
