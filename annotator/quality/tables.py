"""Statistics as tables, for CSV files, the report and the user interface alike."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from annotator.quality.figures import Distribution, Histogram, Statistics

Cell = str | int | float


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `name` is for files (`categories`), `title` for people, and every row has as many cells as the head."""

    name: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def tables(statistics: Statistics) -> tuple[Table, ...]:
    """Every figure of the statistics but the heat map's colours, which is a table of its cells."""
    return (
        _summary(statistics),
        _categories(statistics),
        _people(statistics),
        _days(statistics),
        _agreement(statistics),
        _histogram("objects_per_image", "Objects per image", statistics.per_image),
        _histogram("sizes", "Object side by image side, from", statistics.sizes),
        _histogram("coco_sizes", "Sizes as COCO counts them", statistics.coco_sizes),
        _histogram("aspects", "Width to height, from", statistics.aspects),
        _histogram("seconds", "Seconds per mask", statistics.seconds),
        _histogram("clicks", "Clicks per mask", statistics.clicks),
        Table(
            "heat_map",
            "Mean number of objects by place",
            tuple(f"column {number}" for number in range(1, len(statistics.heat) + 1)),
            tuple(tuple(round(value, 6) for value in row) for row in statistics.heat),
        ),
    )


def to_csv(table: Table) -> str:
    """The table as CSV (RFC 4180).

    Texts that a spreadsheet would run as a formula get an apostrophe in front, since names may come from a stranger.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([_harmless(cell) for cell in table.head])
    writer.writerows([_harmless(cell) for cell in row] for row in table.rows)
    return stream.getvalue()


def _harmless(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    text = cell.encode("utf-8", "replace").decode("utf-8")
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _summary(statistics: Statistics) -> Table:
    rows: list[tuple[Cell, ...]] = [
        ("project", statistics.project),
        ("images", statistics.images),
        ("objects", statistics.objects),
        ("categories", len(statistics.categories)),
        ("median seconds per mask", round(statistics.made_in.median, 2)),
        ("median clicks per mask", round(statistics.clicked.median, 2)),
        ("hours of labelling", round(statistics.made_in.total / 3600, 2)),
    ]
    for what, counts in (
        ("images", statistics.states),
        ("objects", statistics.reviews),
        ("objects made by", statistics.sources),
        ("objects of model", statistics.models),
    ):
        rows += [(f"{what}: {name}", count) for name, count in counts]
    return Table("summary", "Summary", ("figure", "value"), tuple(rows))


_SPREAD = ("10 %", "median", "90 %")


def _spread(values: Distribution, digits: int) -> tuple[Cell, ...]:
    if not values.count:
        return ("", "", "")
    return round(values.tenth, digits), round(values.median, digits), round(values.ninetieth, digits)


def _categories(statistics: Statistics) -> Table:
    head: tuple[str, ...] = ("id", "category", "objects", "images")
    for what in ("pixels", "share of image", "width/height"):
        head += tuple(f"{what} {name}" for name in _SPREAD)
    rows = tuple(
        (
            item.id,
            item.name,
            item.objects,
            item.images,
            *_spread(item.pixels, 0),
            *_spread(item.share, 5),
            *_spread(item.aspect, 3),
        )
        for item in statistics.categories
    )
    return Table("categories", "Categories", head, rows)


def _people(statistics: Statistics) -> Table:
    head: tuple[str, ...] = ("person", "objects", "images", "approved", "rejected")
    for what in ("seconds", "clicks"):
        head += tuple(f"{what} {name}" for name in _SPREAD)
    rows = tuple(
        (
            item.name,
            item.objects,
            item.images,
            item.approved,
            item.rejected,
            *_spread(item.seconds, 2),
            *_spread(item.clicks, 1),
        )
        for item in statistics.people
    )
    return Table("people", "People", head, rows)


def _days(statistics: Statistics) -> Table:
    people = sorted({name for day in statistics.days for name, _ in day.people})
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (day.day, day.objects, day.so_far, *(dict(day.people).get(name, 0) for name in people))
        for day in statistics.days
    )
    return Table("days", "Progress by day (UTC)", ("day", "objects", "so far", *people), rows)


def _agreement(statistics: Statistics) -> Table:
    head = ("first", "second", "images", "objects", "matched", "found by both", "mean IoU", "median IoU", "least IoU")
    rows = tuple(
        (
            item.first,
            item.second,
            item.images,
            item.objects,
            item.matched,
            round(item.found_by_both, 4),
            round(item.iou.mean, 4),
            round(item.iou.median, 4),
            round(item.iou.least, 4),
        )
        for item in statistics.agreement
    )
    return Table("agreement", "Agreement where two people labelled the same things", head, rows)


def _histogram(name: str, title: str, histogram: Histogram) -> Table:
    rows = tuple(zip(histogram.labels, histogram.counts, strict=True))
    return Table(name, title, ("bin", "count"), rows)
