"""The statistics as one HTML page to hand on: no script, nothing loaded from elsewhere, light and dark, printable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from annotator.quality import charts
from annotator.quality.charts import text
from annotator.quality.figures import Statistics
from annotator.quality.findings import Finding
from annotator.quality.rules import RULES
from annotator.quality.tables import Table, tables

MOST_CATEGORIES = 40
"""Categories in the chart; the table has them all."""

_TEXT = ' class="text"'
_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --card: #f4f6f8; --ink: #16202a; --soft: #5b6875; --line: #d5dbe1;
  --mark: #1f6fb2; }
@media (prefers-color-scheme: dark) { :root { --ground: #12171c; --card: #1b232b; --ink: #e8edf2; --soft: #9aa7b4;
  --line: #33404c; --mark: #5aa9e6; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem; max-width: 76rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 0 0 .75rem; }
p { color: var(--soft); margin: .25rem 0 1rem; }
.key { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0; padding: 0; list-style: none; }
.key li { background: var(--card); border-radius: 8px; padding: .75rem 1.25rem; color: var(--soft); }
.key strong { display: block; font-size: 1.6rem; line-height: 1.2; color: var(--ink); }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1.5rem; }
section { background: var(--card); border-radius: 8px; padding: 1.25rem; break-inside: avoid; min-width: 0; }
section.wide { grid-column: 1 / -1; }
svg { display: block; width: 100%; height: auto; } svg.heat { max-width: 24rem; margin: 0 auto; }
.wide svg { max-width: 56rem; }
svg text { font-size: 12px; fill: var(--ink); } svg .soft { fill: var(--soft); font-size: 11px; }
svg .name { text-anchor: end; } svg .middle { text-anchor: middle; }
svg rect, svg circle { fill: var(--mark); } svg .frame { fill: none; stroke: var(--line); }
svg .axis { stroke: var(--line); } svg .line { fill: none; stroke: var(--mark); stroke-width: 2; }
svg .area { fill: var(--mark); fill-opacity: .15; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; width: 100%; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; } .text { text-align: left; }
details { margin-top: .75rem; } summary { cursor: pointer; color: var(--soft); font-size: .85rem; }
@media print { :root { --ground: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --mark: #1f6fb2; }
  body { padding: 0; max-width: none; font-size: 11pt; } details:not([open]) { display: none; }
  section { border: 1px solid var(--line); } svg rect, svg circle { print-color-adjust: exact; } }
"""


def render(statistics: Statistics, *, made: str, findings: Iterable[Finding] | None = None) -> str:
    """The page as UTF-8 text.

    Args:
        made: when, as people read it; the same statistics and text give the same page.
        findings: what the rules found, to be counted by rule; None leaves that part out.
    """
    by_name = {table.name: table for table in tables(statistics)}
    sections = [*_about_objects(statistics, by_name), *_about_work(statistics, by_name)]
    if findings is not None:
        sections.append(_findings(findings))
    sections.append(_section("All figures", _table(by_name["summary"]), wide=False))
    title = text(statistics.project or "Project")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}: statistics</title><style>{_STYLE}</style></head>\n<body><header><h1>{title}</h1>"
        f"<p>Made {text(made)}. Rejected objects are left out.</p></header>\n{_key(statistics)}\n<main>\n"
        + "\n".join(sections)
        + "\n</main></body></html>\n"
    )


def _about_objects(statistics: Statistics, by_name: dict[str, Table]) -> list[str]:
    ranked = sorted(statistics.categories, key=lambda item: (-item.objects, item.name))
    shown = [(item.name, item.objects) for item in ranked[:MOST_CATEGORIES]]
    more = len(ranked) - len(shown)
    note = f"<p>The {MOST_CATEGORIES} largest of {len(ranked)} categories; the table has all.</p>" if more > 0 else ""
    heat = charts.heat("Mean number of objects at each place, all images stretched to a square", statistics.heat)
    return [
        _section(
            "Objects per category",
            charts.bars("Objects per category", shown) + note,
            table=by_name["categories"],
            wide=True,
        ),
        _section(
            "Objects per image",
            charts.columns("Number of images by their number of objects", statistics.per_image),
            table=by_name["objects_per_image"],
        ),
        _section(
            "Where objects are",
            f"{heat}<p>All images stretched to one square; the stronger the colour, the more objects.</p>",
        ),
        _section(
            "Size of objects",
            charts.columns("Number of objects by side relative to their image", statistics.sizes)
            + "<p>Side of a square of the object's area, as a share of that of its image.</p>",
            table=by_name["sizes"],
        ),
        _section(
            "Width to height",
            charts.columns("Number of objects by width to height", statistics.aspects),
            table=by_name["aspects"],
        ),
    ]


def _about_work(statistics: Statistics, by_name: dict[str, Table]) -> list[str]:
    sections = []
    if statistics.days:
        so_far = [(day.day, day.so_far) for day in statistics.days]
        sections.append(
            _section("Progress", charts.growth("Objects so far, by day", so_far), table=by_name["days"], wide=True)
        )
    if statistics.people:
        sections.append(_section("People", _table(by_name["people"]), wide=True))
    if statistics.made_in.count:
        body = charts.columns("Number of masks by seconds", statistics.seconds)
        note = f"<p>Median {statistics.made_in.median:.1f} s of {statistics.made_in.count:,} masks.</p>"
        sections.append(_section("Seconds per mask", body + note, table=by_name["seconds"]))
    if statistics.clicked.count:
        body = charts.columns("Number of masks by clicks", statistics.clicks)
        note = f"<p>Mean {statistics.clicked.mean:.1f} of {statistics.clicked.count:,} masks.</p>"
        sections.append(_section("Clicks per mask", body + note, table=by_name["clicks"]))
    if statistics.agreement:
        note = "<p>Objects match from an IoU of one half; the IoU is that of matched objects.</p>"
        sections.append(_section("Agreement", _table(by_name["agreement"]) + note, wide=True))
    return sections


def _findings(findings: Iterable[Finding]) -> str:
    counts = Counter(finding.rule for finding in findings)
    rows: list[tuple[str | int | float, ...]] = [
        (rule.title, rule.severity, counts[rule.name], rule.help) for rule in RULES.values() if counts[rule.name]
    ]
    if not rows:
        return _section("Quality rules", "<p>Nothing was found.</p>")
    table = Table("findings", "Quality rules", ("rule", "severity", "findings", "why"), tuple(rows))
    return _section("Quality rules", _table(table), wide=True)


def _key(statistics: Statistics) -> str:
    states = dict(statistics.states)
    finished = states.get("done", 0) + states.get("empty", 0)
    figures = [
        (f"{statistics.images:,}", "images"),
        (f"{finished:,}", "images done or empty"),
        (f"{statistics.objects:,}", "objects"),
        (f"{len(statistics.categories):,}", "categories"),
    ]
    if statistics.made_in.count:
        figures.append((f"{statistics.made_in.median:.1f} s", "median per mask"))
    if statistics.clicked.count:
        figures.append((f"{statistics.clicked.mean:.1f}", "clicks per mask"))
    items = "".join(f"<li><strong>{text(figure)}</strong>{text(name)}</li>" for figure, name in figures)
    return f'<ul class="key">{items}</ul>'


def _section(title: str, body: str, *, table: Table | None = None, wide: bool = False) -> str:
    data = f"<details><summary>Table</summary>{_table(table)}</details>" if table is not None else ""
    kind = ' class="wide"' if wide else ""
    return f"<section{kind}><h2>{text(title)}</h2>{body}{data}</section>"


def _table(table: Table) -> str:
    first = table.rows[0] if table.rows else table.head
    head = "".join(
        f'<th scope="col"{_TEXT if isinstance(below, str) else ""}>{text(cell)}</th>'
        for cell, below in zip(table.head, first, strict=True)
    )
    rows = "".join(f"<tr>{_cells(row)}</tr>" for row in table.rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cells(row: Sequence[str | int | float]) -> str:
    return "".join(f"<td{_TEXT}>{text(cell)}</td>" if isinstance(cell, str) else f"<td>{cell:,}</td>" for cell in row)
