"""Polygons with their vertices, and objects made of objects, with a real mouse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from annotator.domain.mask import Mask
from tests.e2e.app import Annotator
from tests.e2e.conftest import Launch

pytestmark = pytest.mark.e2e

Place = tuple[float, float]


@pytest.fixture
def ann(page: Page, launch: Launch) -> Annotator:
    opened = Annotator(page).open(launch().url)
    return opened.press("h") if opened.state["view"]["hover"] != "off" else opened


def square(ann: Annotator, x: float, y: float, side: float) -> None:
    """Draw and accept a square with the polygon tool."""
    if ann.state["view"]["tool"] != "polygon":
        ann.press("p")
    polygon(ann, [(x, y), (x + side, y), (x + side, y + side), (x, y + side)])
    ann.press("Enter", "Enter", "Escape")


def polygon(ann: Annotator, places: Sequence[Place], *, button: str = "left") -> None:
    for place in places:
        ann.page.mouse.click(*ann.place(*place), button=button)


def pixels(ann: Annotator) -> np.ndarray:
    return ann.draft_mask().to_array()


def masks(ann: Annotator) -> list[np.ndarray]:
    return [Mask.from_rle(one["rle"]).to_array() for one in ann.settle().objects]


def clean_up(ann: Annotator, name: str) -> None:
    ann.press("u")
    ann.page.get_by_test_id(f"clean-{name}").click()
    ann.settle()


def test_a_polygon_is_drawn_cut_out_and_its_vertices_are_moved_inserted_and_removed(ann: Annotator) -> None:
    ann.press("p")
    polygon(ann, [(100, 100), (200, 100), (200, 200)])
    ann.page.mouse.click(*ann.place(300, 300))
    ann.press("Backspace")
    polygon(ann, [(100, 200), (100, 100)])
    first = ann.settle() and pixels(ann)
    assert abs(int(first.sum()) - 100 * 100) <= 201
    polygon(ann, [(140, 140), (160, 140), (160, 160), (140, 160), (140, 140)], button="right")
    ann.settle()
    hollow = pixels(ann)
    assert not hollow[150, 150]
    assert hollow[120, 120]
    corner = tuple(np.argwhere(hollow)[-1][::-1] + 1)
    ann.drag((float(corner[0]), float(corner[1])), (260, 240))
    moved = pixels(ann)
    assert moved[215, 215], "the corner went there"
    assert (moved[:195, :140] == hollow[:195, :140]).all(), "and took nothing else along"
    ann.drag((100.5, 150), (60, 150))
    assert pixels(ann)[150, 80], "an edge gave a new vertex"
    ann.click(60, 150, modifier="Alt")
    assert not pixels(ann)[150, 80]
    ann.press("z")
    assert pixels(ann)[150, 80]
    ann.press("z", "z")
    assert (pixels(ann) == hollow).all()
    ann.press("Enter")
    assert (masks(ann)[0] == hollow).all()


def test_objects_are_merged_and_split_with_a_preview_and_one_step_back(ann: Annotator) -> None:
    square(ann, 60, 60, 60)
    square(ann, 300, 60, 60)
    ann.press("Escape").click(90, 90)
    clean_up(ann, "merge")
    text = ann.page.get_by_test_id("clean-text")
    expect(text).to_have_text("Merge with: click the other objects")
    ann.click(330, 90)
    expect(text).to_contain_text("Merge with 1: +")
    ann.press("Enter")
    (both,) = masks(ann)
    assert both[90, 90]
    assert both[90, 330]
    ann.press("z")
    assert len(masks(ann)) == 2
    ann.press("Shift+z")
    clean_up(ann, "split")
    expect(ann.page.get_by_test_id("toast").last).to_contain_text("2 objects")
    assert [int(one.sum()) for one in masks(ann)] == pytest.approx([3600, 3600], abs=125)


def test_an_object_loses_what_another_has_or_keeps_only_that(ann: Annotator) -> None:
    square(ann, 60, 60, 60)
    square(ann, 90, 90, 60)
    for operation, corner, middle in (("subtract", True, False), ("intersect", False, True)):
        ann.press("Escape").click(70, 70)
        clean_up(ann, operation)
        ann.click(140, 140).press("Enter")
        first = masks(ann)[0]
        assert (first[70, 70], first[110, 110]) == (corner, middle)
        assert masks(ann)[1][110, 110], "the other is as it was"
        ann.press("z")


def test_without_overlap_accepting_leaves_to_others_what_is_theirs(ann: Annotator) -> None:
    square(ann, 60, 60, 60)
    ann.press("Shift+o")
    assert ann.state["view"]["noOverlap"] is True
    ann.press("Escape", "p")
    polygon(ann, [(90, 90), (160, 90), (160, 160), (90, 160)])
    ann.press("Enter")
    ann.press("Enter")
    one, other = masks(ann)
    assert not (one & other).any()
    expect(ann.page.get_by_test_id("toast").last).to_contain_text("pixels stay with other objects")
    ann.press("z")
    assert len(masks(ann)) == 1
