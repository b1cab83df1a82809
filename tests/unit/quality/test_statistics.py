"""A curator asks for the figures of a project: golden data worked out by hand."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from annotator.domain.mask import Mask
from annotator.domain.runs import strokes
from annotator.exporters.base import ExportCategory
from annotator.quality.figures import Statistics
from annotator.quality.heat import GRID, Heat
from annotator.quality.statistics import collect
from annotator.quality.tables import tables, to_csv
from tests.unit.exporters.sources import MemorySource


def box(x: int, y: int, width: int, height: int, *, size: tuple[int, int] = (100, 200)) -> Mask:
    return Mask.from_crop(np.ones((height, width)), x=x, y=y, height=size[0], width=size[1])


def project() -> MemorySource:
    """Two images by ann and bob, who both labelled the cats of the first one, and an empty image."""
    source = MemorySource(kept=[ExportCategory(1, "cat"), ExportCategory(2, "dog"), ExportCategory(3, "owl")])
    both = source.add("a.jpg", box(0, 0, 20, 20), box(100, 50, 40, 20), box(0, 0, 20, 16), box(150, 50, 10, 10))
    alone = source.add("b.jpg", box(50, 50, 100, 50), state="done")
    source.add("c.jpg", state="empty")

    def made(**record: Any) -> dict[str, Any]:
        return {"source": "model", "model": "mobile_sam", **record}

    first, second, third, fourth = source.objects[both.id]
    source.objects[both.id] = [
        replace(first, provenance=made(author="ann", clicks=1, seconds=2.0, created="2026-03-01T10:00:00Z")),
        replace(second, provenance=made(author="ann", clicks=3, seconds=4.0, created="2026-03-01T11:00:00Z")),
        replace(third, provenance=made(author="bob", clicks=2, seconds=9.0, created="2026-03-03T11:00:00Z")),
        replace(fourth, review="rejected", provenance=made(author="bob", clicks=9, created="2026-03-03T11:00:00Z")),
    ]
    (only,) = source.objects[alone.id]
    source.objects[alone.id] = [
        replace(
            only,
            category_id=2,
            review="approved",
            provenance={"source": "hand", "author": "bob", "clicks": 0, "created": "2026-03-03T12:00:00Z"},
        )
    ]
    return source


@pytest.fixture
def figures() -> Statistics:
    return collect(project())


def test_images_objects_and_how_they_were_made(figures: Statistics) -> None:
    assert (figures.images, figures.objects) == (3, 4)
    assert dict(figures.states) == {"in_progress": 1, "done": 1, "empty": 1}
    assert dict(figures.reviews) == {"unreviewed": 3, "approved": 1, "rejected": 1}
    assert figures.sources == (("model", 3), ("hand", 1))
    assert figures.models == (("mobile_sam", 3),)
    per_image = zip(figures.per_image.labels, figures.per_image.counts, strict=True)
    assert {label: count for label, count in per_image if count} == {"0": 1, "1": 1, "3": 1}


def test_categories_have_their_objects_images_sizes_and_shapes(figures: Statistics) -> None:
    cat, dog, owl = figures.categories
    assert (cat.objects, cat.images, cat.pixels.least, cat.pixels.median, cat.pixels.most) == (3, 1, 320, 400, 800)
    assert (cat.aspect.least, cat.aspect.most) == (1, 2)
    assert (dog.objects, dog.images, dog.share.median) == (1, 1, 0.25)
    assert (owl.objects, owl.images, owl.pixels.count) == (0, 0, 0)
    assert figures.coco_sizes.counts == (3, 1, 0)
    assert sum(figures.sizes.counts) == sum(figures.aspects.counts) == 4


def test_people_have_their_objects_seconds_and_clicks(figures: Statistics) -> None:
    ann, bob = figures.people
    assert (ann.name, ann.objects, ann.images, ann.rejected) == ("ann", 2, 1, 0)
    assert (ann.seconds.median, ann.clicks.mean) == (3.0, 2.0)
    assert (bob.objects, bob.images, bob.approved, bob.rejected) == (2, 2, 1, 1)
    assert (bob.seconds.count, bob.clicks.count) == (1, 1)
    assert figures.made_in.total == 15
    assert figures.clicks.counts[:3] == (1, 1, 1)


def test_progress_adds_up_day_by_day(figures: Statistics) -> None:
    assert [(day.day, day.people, day.objects, day.so_far) for day in figures.days] == [
        ("2026-03-01", (("ann", 2),), 2, 2),
        ("2026-03-03", (("bob", 2),), 2, 4),
    ]


def test_agreement_is_of_the_objects_that_both_labelled(figures: Statistics) -> None:
    (pair,) = figures.agreement
    assert (pair.first, pair.second, pair.images, pair.objects, pair.matched) == ("ann", "bob", 1, 3, 1)
    assert pair.iou.mean == pytest.approx(0.8)
    assert pair.found_by_both == pytest.approx(2 / 3)


def test_two_who_share_the_work_of_an_image_do_not_disagree() -> None:
    source = MemorySource()
    image = source.add("a.jpg", box(0, 0, 20, 20), box(100, 50, 40, 20))
    source.objects[image.id] = [
        replace(item, provenance={"author": author})
        for item, author in zip(source.objects[image.id], ["ann", "bob"], strict=True)
    ]
    assert collect(source).agreement == ()


def test_each_object_is_matched_once_and_the_closest_first() -> None:
    source = MemorySource()
    image = source.add("a.jpg", box(0, 0, 20, 20), box(0, 0, 20, 19), box(0, 0, 20, 18))
    source.objects[image.id] = [
        replace(item, provenance={"author": author})
        for item, author in zip(source.objects[image.id], ["ann", "bob", "bob"], strict=True)
    ]
    (pair,) = collect(source).agreement
    assert (pair.matched, pair.iou.mean) == (1, pytest.approx(0.95))


masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=70))


@given(masks)
def test_the_heat_map_holds_the_share_of_each_cell_that_is_covered(array: np.ndarray) -> None:
    heat = Heat()
    heat.add(strokes(Mask.from_array(array)))
    height, width = array.shape
    # Every pixel repeated GRID times in both directions makes each cell whole pixels.
    fine = array.repeat(GRID, axis=0).repeat(GRID, axis=1)
    expected = fine.reshape(GRID, height, GRID, width).mean(axis=(1, 3))
    assert np.allclose(heat.mean(1), expected)


def test_an_object_of_millions_of_strokes_gives_the_same_heat_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    found = strokes(Mask.from_array(np.random.default_rng(1).random((64, 64)) > 0.5))
    whole, pieces = Heat(), Heat()
    whole.add(found)
    monkeypatch.setattr("annotator.quality.heat._AT_ONCE", 100)
    pieces.add(found)
    assert np.allclose(whole.mean(1), pieces.mean(1))


@given(
    st.dictionaries(
        st.sampled_from(["author", "clicks", "seconds", "created", "source", "model"]),
        st.none() | st.integers() | st.floats() | st.text(st.characters()) | st.lists(st.integers()),
    )
)
def test_whatever_an_imported_object_carries_the_figures_stay_finite(record: dict[str, Any]) -> None:
    source = MemorySource()
    image = source.add("a.jpg", box(0, 0, 20, 20))
    source.objects[image.id] = [replace(source.objects[image.id][0], provenance=record)]
    figures = collect(source)
    assert figures.objects == 1
    for table in tables(figures):
        assert to_csv(table).encode("utf-8")
        assert "nan" not in to_csv(table).split(",")
        assert "inf" not in to_csv(table).split(",")


def test_an_empty_project_has_figures_too() -> None:
    figures = collect(MemorySource())
    assert (figures.images, figures.objects, figures.made_in.count) == (0, 0, 0)
    assert all(to_csv(table) for table in tables(figures))


def test_every_table_reads_back_from_csv_with_a_cell_for_each_head(figures: Statistics) -> None:
    for table in tables(figures):
        rows = list(csv.reader(io.StringIO(to_csv(table))))
        assert tuple(rows[0]) == table.head
        assert len(rows) == len(table.rows) + 1
        assert {len(row) for row in rows} == {len(table.head)}
    names = [table.name for table in tables(figures)]
    assert len(set(names)) == len(names)


def test_a_category_named_like_a_formula_is_harmless_in_a_spreadsheet() -> None:
    source = MemorySource(kept=[ExportCategory(1, '=HYPERLINK("http://x")'), ExportCategory(2, 'a,b\n"c"')])
    source.add("a.jpg", box(0, 0, 20, 20))
    table = next(table for table in tables(collect(source)) if table.name == "categories")
    rows = list(csv.reader(io.StringIO(to_csv(table))))
    assert rows[1][1] == '\'=HYPERLINK("http://x")'
    assert rows[2][1] == 'a,b\n"c"'
