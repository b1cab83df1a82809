"""A stakeholder opens one HTML page: everything is in it, nothing is loaded, and names can't break it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from annotator.exporters.base import ExportCategory
from annotator.quality import charts
from annotator.quality.figures import Histogram
from annotator.quality.report import MOST_CATEGORIES, render
from annotator.quality.running import run
from annotator.quality.statistics import collect
from annotator.quality.tables import tables
from annotator.quality.thresholds import Thresholds
from tests.unit.exporters.sources import MemorySource
from tests.unit.quality.test_statistics import box, project

VOID = {"meta"}


class Page(HTMLParser):
    """Reads a page and fails where a tag is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def svgs(page: str) -> list[ET.Element]:
    return [ET.fromstring(found) for found in re.findall(r"<svg.*?</svg>", page, re.S)]


def test_the_page_holds_every_chart_and_every_figure_of_the_tables() -> None:
    statistics = collect(project())
    page = Page(render(statistics, made="2026-03-31"))
    words = " ".join(page.words)
    for title in ("Objects per category", "Where objects are", "Progress", "People", "Clicks per mask", "Agreement"):
        assert title in words
    for table in tables(statistics):
        if table.name in ("categories", "people", "days", "agreement", "summary"):
            for row in table.rows:
                for cell in row:
                    assert (f"{cell:,}" if not isinstance(cell, str) else cell) in page.words or cell == ""


def test_nothing_is_loaded_and_nothing_runs() -> None:
    page = Page(render(collect(project()), made="now"))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "img", "iframe", "object", "use", "image"})
    names = {name for _, attributes in page.tags for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in ("src", "href", "style")}
    policy = next(attributes for tag, attributes in page.tags if "http-equiv" in attributes and tag == "meta")
    assert "default-src 'none'" in str(policy["content"])


def test_names_of_a_stranger_stay_text() -> None:
    evil = "</title><script>alert(1)</script>\"'&\x1b\ud800"
    source = MemorySource(kept=[ExportCategory(1, evil)], project_name=evil)
    image = source.add("a.jpg", box(0, 0, 20, 20))
    source.objects[image.id][0].provenance["author"] = evil
    text = render(collect(source), made=evil, findings=[])
    page = Page(text)
    assert "script" not in {tag for tag, _ in page.tags}
    assert text.encode("utf-8")
    assert "\x1b" not in text
    assert len(svgs(text)) >= 5


def test_every_chart_is_well_formed_and_says_what_it_shows() -> None:
    found = svgs(render(collect(project()), made="now"))
    assert len(found) == 8
    assert all(svg.get("role") == "img" and svg.get("aria-label") for svg in found)


def test_an_empty_project_has_a_page_too() -> None:
    text = render(collect(MemorySource()), made="now", findings=[])
    assert "Nothing was found." in " ".join(Page(text).words)
    assert "nan" not in text


def test_findings_are_counted_by_rule() -> None:
    source = project()
    findings = list(run(source, Thresholds().only(["few_examples"]), lambda done, total: None))
    words = Page(render(collect(source), made="now", findings=findings)).words
    place = words.index("Few examples")
    assert words[place + 1 : place + 3] == ["warning", "3"]


def test_many_categories_are_drawn_by_size_and_the_table_has_all() -> None:
    kept = [ExportCategory(number, f"kind {number}") for number in range(1, 101)]
    page = render(collect(MemorySource(kept=kept)), made="now")
    assert len(svgs(page)[0].findall("g")) == MOST_CATEGORIES
    assert '<td class="text">kind 100</td>' in page


def test_the_same_figures_give_the_same_page() -> None:
    assert render(collect(project()), made="now") == render(collect(project()), made="now")


def test_bars_and_columns_are_as_long_as_their_numbers() -> None:
    bars = ET.fromstring(charts.bars("x", [("a", 40), ("b", 10), ("c", 0)]))
    widths = [float(rect.get("width", "")) for rect in bars.iter("rect")]
    assert widths[0] == pytest.approx(4 * widths[1])
    assert widths[2] == 0
    columns = ET.fromstring(charts.columns("x", Histogram(("a", "b", "c"), (3, 0, 6))))
    heights = [float(rect.get("height", "")) for rect in columns.iter("rect")]
    assert heights[2] == pytest.approx(2 * heights[0])
    assert heights[1] == 0


def test_the_line_of_progress_puts_days_where_the_calendar_has_them() -> None:
    line = ET.fromstring(charts.growth("x", [("2026-03-01", 1), ("2026-03-02", 2), ("2026-03-11", 4)]))
    xs = [float(point.get("cx", "")) for point in line.iter("circle")]
    ys = [float(point.get("cy", "")) for point in line.iter("circle")]
    assert xs[2] - xs[0] == pytest.approx(10 * (xs[1] - xs[0]), abs=1)
    assert ys[0] > ys[1] > ys[2]


def test_the_heat_map_draws_a_cell_where_there_is_something() -> None:
    heat = ET.fromstring(charts.heat("x", [[0, 2], [1, 0]]))
    cells = [rect for rect in heat.iter("rect") if rect.get("class") != "frame"]
    assert [float(cell.get("fill-opacity", "")) for cell in cells] == [1, 0.5]
    assert float(cells[0].get("x", "")) > float(cells[1].get("x", ""))
    assert float(cells[0].get("y", "")) < float(cells[1].get("y", ""))
