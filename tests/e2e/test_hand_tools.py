"""Brush, eraser, lasso and clean-ups, with a real mouse, pixel by pixel and in the same undo stack as clicks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from annotator.domain.mask import Mask
from tests.e2e.app import Annotator
from tests.e2e.conftest import Launch

pytestmark = pytest.mark.e2e

CAT = (250, 170)


@pytest.fixture
def ann(page: Page, launch: Launch) -> Annotator:
    return Annotator(page).open(launch().url)


def pixels(ann: Annotator) -> np.ndarray:
    return ann.draft_mask().to_array()


def draw(ann: Annotator, places: list[tuple[float, float]], *, button: str = "left") -> Annotator:
    mouse = ann.page.mouse
    mouse.move(*ann.place(*places[0]))
    mouse.down(button=button)
    for place in places[1:]:
        mouse.move(*ann.place(*place), steps=4)
    mouse.up(button=button)
    return ann.settle()


def test_painting_adds_exactly_the_pixels_under_the_brush_and_undo_brings_the_click_back(ann: Annotator) -> None:
    ann.click(*CAT)
    before = pixels(ann)
    points = ann.state["draft"]["points"]
    ann.press("b", "]", "]")
    radius = ann.state["view"]["brush"]
    draw(ann, [(300, 60), (400, 60)])
    after = pixels(ann)
    assert (after >= before).all()
    added = after & ~before
    rows, columns = np.nonzero(added)
    assert abs(rows.max() - rows.min() + 1 - 2 * radius) <= 1.5
    assert abs(columns.max() - columns.min() + 1 - (100 + 2 * radius)) <= 2
    assert ann.state["draft"]["points"] == []
    ann.page.reload()
    ann.open(ann.page.url)
    assert (pixels(ann) == after).all(), "it was saved as it was drawn"
    ann.press("z")
    assert (pixels(ann) == before).all()
    assert ann.state["draft"]["points"] == points
    ann.press("Shift+z", "Enter")
    assert (Mask.from_rle(ann.objects[0]["rle"]).to_array() == after).all()


def test_erasing_and_cutting_out_with_the_right_button(ann: Annotator) -> None:
    ann.press("s")
    draw(ann, [(50, 50), (150, 50), (150, 150), (50, 150), (50, 52)])
    square = pixels(ann)
    assert abs(int(square.sum()) - 100 * 100) < 300
    draw(ann, [(80, 80), (120, 80), (120, 120), (80, 120), (80, 82)], button="right")
    ring = pixels(ann)
    assert abs(int(square.sum()) - int(ring.sum()) - 40 * 40) < 200
    assert not ring[100, 100]
    ann.press("x")
    draw(ann, [(50, 60), (150, 60)])
    assert not pixels(ann)[60, 55:145].any()
    ann.press("Escape").click(*CAT)
    assert ann.state["view"]["tool"] == "prompt"
    assert len(ann.state["draft"]["points"]) == 1, "a click corrects what was drawn"


def test_zoomed_in_the_brush_is_as_exact_as_the_pixels(ann: Annotator) -> None:
    ann.page.mouse.move(*ann.place(100, 100))
    for _ in range(12):
        ann.page.mouse.wheel(0, -200)
    ann.press("b")
    for _ in range(12):
        ann.press("[")
    radius = ann.state["view"]["brush"]
    draw(ann, [(100.5, 100.5), (103.5, 100.5)])
    wanted = np.zeros_like(pixels(ann), np.uint8)
    rows, columns = np.mgrid[0 : wanted.shape[0], 0 : wanted.shape[1]] + 0.5
    near = np.clip(columns, 100.5, 103.5)
    wanted = np.hypot(columns - near, rows - 100.5) <= radius
    assert int((pixels(ann) ^ wanted).sum()) <= 2


def test_a_hand_tool_works_on_the_selected_object(ann: Annotator) -> None:
    ann.click(*CAT).press("Enter")
    before = Mask.from_rle(ann.objects[0]["rle"])
    ann.click(*CAT).press("b")
    draw(ann, [(300, 60), (320, 60)])
    assert ann.state["draft"]["replaces"] == ann.objects[0]["id"]
    ann.press("Enter")
    assert len(ann.objects) == 1
    assert Mask.from_rle(ann.objects[0]["rle"]).area > before.area


def test_a_clean_up_is_shown_with_its_pixels_and_applied_or_dropped(ann: Annotator) -> None:
    page = ann.page
    ann.click(*CAT)
    before = pixels(ann)
    ann.press("b")
    draw(ann, [(300, 60), (340, 60)])
    with_speck = pixels(ann)
    speck = int((with_speck & ~before).sum())
    ann.press("u")
    page.get_by_test_id("clean-keep_largest").click()
    expect(page.get_by_test_id("clean-text")).to_contain_text(f"−{speck:,} pixels")
    assert (pixels(ann) == with_speck).all(), "nothing has changed yet"
    ann.press("Escape")
    expect(page.get_by_test_id("clean-bar")).to_be_hidden()
    assert (pixels(ann) == with_speck).all()
    ann.press("u")
    page.get_by_test_id("clean-keep_largest").click()
    page.get_by_test_id("clean-apply").click()
    ann.settle()
    count, _ = cv2.connectedComponents(pixels(ann).astype(np.uint8))
    assert count == 2
    ann.press("z")
    assert (pixels(ann) == with_speck).all()


def test_no_overlap_leaves_pixels_to_the_objects_that_have_them(ann: Annotator) -> None:
    ann.press("s")
    draw(ann, [(50, 50), (150, 50), (150, 150), (50, 150), (50, 52)])
    ann.press("Enter")
    first = Mask.from_rle(ann.objects[0]["rle"]).to_array()
    draw(ann, [(100, 100), (200, 100), (200, 200), (100, 200), (100, 102)])
    ann.press("u")
    ann.page.get_by_test_id("clean-no_overlap").click()
    ann.page.wait_for_function("window.annotator.state().cleanup !== null")
    ann.press("Enter")
    assert not (pixels(ann) & first).any()
    ann.press("Enter")
    assert len(ann.objects) == 2
