"""Fingers, pens, keys alone and screen readers: everybody can do everything."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.app import Annotator
from tests.e2e.conftest import Launch
from tests.e2e.fingers import Fingers

pytestmark = pytest.mark.e2e

CAT = (250, 170)


@pytest.fixture
def tablet(touch_page: Page, launch: Launch) -> Annotator:
    return Annotator(touch_page).open(launch().url)


@pytest.fixture
def ann(page: Page, launch: Launch) -> Annotator:
    return Annotator(page).open(launch().url)


def points(ann: Annotator) -> list[tuple[int, int, int]]:
    draft = ann.settle().state["draft"]
    return [] if draft is None else [(round(p["x"]), round(p["y"]), p["label"]) for p in draft["points"]]


def test_a_tap_is_a_click_a_long_press_takes_away_and_a_drag_draws_a_box(tablet: Annotator) -> None:
    fingers = Fingers(tablet.page)
    fingers.tap(tablet.place(*CAT))
    assert points(tablet) == [(*CAT, 1)]
    fingers.hold(tablet.place(120, 60))
    assert points(tablet) == [(*CAT, 1), (120, 60, 0)]
    fingers.hold(tablet.place(120, 60))
    assert points(tablet) == [(*CAT, 1)], "held again it goes"
    tablet.press("Escape")
    fingers.drag(tablet.place(150, 80), tablet.place(350, 280))
    box = tablet.settle().state["draft"]["box"]
    assert [round(value) for value in box] == [150, 80, 350, 280]
    tablet.page.get_by_test_id("accept").tap()
    assert len(tablet.settle().objects) == 1


def test_two_fingers_zoom_and_leave_nothing_behind(tablet: Annotator) -> None:
    fingers = Fingers(tablet.page)
    x, y = tablet.place(*CAT)
    before = tablet.place(0, 0), tablet.place(100, 0)
    fingers.put(a=(x - 50, y)).put(b=(x + 50, y))
    for step in range(1, 6):
        fingers.move(a=(x - 50 - 20 * step, y), b=(x + 50 + 20 * step, y))
    fingers.put(c=(x, y + 200)).move(c=(x + 90, y + 20))
    fingers.lift()
    width = tablet.place(100, 0)[0] - tablet.place(0, 0)[0]
    assert width == pytest.approx(3 * (before[1][0] - before[0][0]), rel=0.02)
    assert tablet.place(*CAT) == pytest.approx((x, y), abs=2)
    assert tablet.settle().state["draft"] is None


def test_the_palm_beside_a_pen_does_nothing(tablet: Annotator) -> None:
    fingers = Fingers(tablet.page)
    x, y = tablet.place(*CAT)
    fingers.pen("mousePressed", (x, y)).put(a=(x + 150, y + 120))
    fingers.pen("mouseReleased", (x, y)).lift()
    fingers.tap((x + 160, y + 120))
    assert points(tablet) == [(*CAT, 1)]


def test_an_object_is_made_with_keys_alone_and_told_in_words(ann: Annotator) -> None:
    said = ann.page.get_by_test_id("announcer")
    expect(said).to_contain_text("Image ")
    ann.press("k", *["ArrowLeft"] * 3, *["Shift+ArrowUp"] * 2)
    expect(said).to_have_text(re.compile(r"^\d+, \d+"))
    ann.press("Space")
    assert len(points(ann)) == 1
    expect(said).to_contain_text("sure.")
    ann.press(*["ArrowRight"] * 4, "Shift+Space")
    assert [label for *_, label in points(ann)] == [1, 0]
    ann.press("Delete")
    assert [label for *_, label in points(ann)] == [1]
    ann.press("Enter")
    assert len(ann.objects) == 1
    expect(said).to_contain_text("1 object.")
    ann.press("g", *["ArrowRight"] * 5, *["ArrowDown"] * 5, "g")
    assert ann.state["draft"]["box"] is not None
    ann.press("Enter", "Escape", "Escape")
    assert len(ann.objects) == 2
    ann.press("ArrowRight")
    ann.page.wait_for_function("window.annotator.state().objects.length === 0")


def test_keys_can_be_changed_and_are_kept(ann: Annotator) -> None:
    page = ann.page
    ann.press("?")
    page.get_by_test_id("change-keys").click()
    page.get_by_test_id("key-accept").click()
    page.keyboard.press("w")
    expect(page.get_by_test_id("keys-status")).to_have_text("W: Accept the draft into the chosen category.")
    page.get_by_test_id("key-undo").click()
    page.keyboard.press("w")
    expect(page.get_by_test_id("keys-status")).to_contain_text("W was “Accept")
    page.get_by_test_id("key-accept").click()
    page.keyboard.press("t")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("accept").locator("kbd")).to_have_text("T")
    assert page.get_by_test_id("accept").get_attribute("aria-keyshortcuts") == "t"
    page.reload()
    ann.open(page.url)
    ann.click(*CAT).press("Enter")
    assert ann.objects == [], "Enter has nothing to do any more"
    ann.press("t")
    assert len(ann.objects) == 1
    ann.press("w")
    assert ann.objects == [], "undone"
    ann.press("?")
    page.get_by_test_id("change-keys").click()
    page.get_by_test_id("reset-keys").click()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("accept").locator("kbd")).to_have_text("Enter")


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """axe-core, which looks for what shuts people out."""
    npm = shutil.which("npm")
    place = tmp_path_factory.mktemp("axe")
    if npm is not None:
        command = [npm, "install", "--silent", "--no-save", "--prefix", str(place), "axe-core@4"]
        subprocess.run(command, capture_output=True, check=False, timeout=120)
    script = place / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        message = "axe-core can't be installed here: npm or the network is missing"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return script


def serious(page: Page, axe: Path) -> list[str]:
    """What axe finds serious or critical, with the elements."""
    page.wait_for_timeout(300)  # a colour that still fades is no finding
    page.evaluate(axe.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
    return [
        f"{one['id']}: {one['help']}: " + json.dumps([node["html"][:160] for node in one["nodes"]][:4])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(page: Page, launch: Launch, axe: Path, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    ann = Annotator(page).open(launch().url)
    found: dict[str, list[str]] = {}

    def look(state: str) -> None:
        if violations := serious(page, axe):
            found[state] = violations

    look("an image without objects")
    ann.click(*CAT)
    look("with a draft")
    ann.press("Enter")
    ann.click(*CAT)
    look("with a selected object")
    ann.press("?")
    page.get_by_test_id("change-keys").click()
    look("the shortcuts")
    page.keyboard.press("Escape")
    ann.press("c")
    look("the palette")
    page.keyboard.press("Escape")
    ann.press("u")
    look("the clean-ups")
    page.keyboard.press("Escape")
    for tab in page.get_by_role("tab").all()[1:]:
        tab.click()
        if tab.text_content() == "Statistics":  # what is being counted anew is shown faintly
            page.locator("#ann-statistics .vega-embed svg").first.wait_for()
        page.wait_for_timeout(500)
        look(tab.text_content() or "tab")
    page.locator("#ann-export-start").click()
    page.locator("#ann-export-report .ann-report").wait_for()
    look("an export")
    assert not found, json.dumps(found, indent=1)
