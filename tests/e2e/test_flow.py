"""The quick hand: previews, refining what is accepted, categories by name, many objects with few acts."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from annotator.domain.mask import Mask
from tests.e2e.app import Annotator
from tests.e2e.conftest import Launch

pytestmark = pytest.mark.e2e

CAT = (250, 170)


@pytest.fixture
def ann(page: Page, launch: Launch) -> Annotator:
    opened = Annotator(page).open(launch().url)
    page.wait_for_function("window.annotator.state().embedding === 'ready'", timeout=60_000)
    return opened


def mask_of(ann: Annotator, index: int) -> Mask:
    return Mask.from_rle(ann.objects[index]["rle"])


def preview(ann: Annotator, x: float, y: float) -> Mask:
    """The mask shown while the pointer rests on a place."""
    ann.page.mouse.move(*ann.place(x, y))
    ann.page.wait_for_function(
        "([x, y]) => { const p = window.annotator.state().preview;"
        " return p !== null && Math.abs(p.x - x) < 1 && Math.abs(p.y - y) < 1; }",
        arg=[x, y],
    )
    shown = ann.state["preview"]["reply"]
    return Mask.from_rle(shown["candidates"][shown["chosen"]]["rle"])


def test_the_preview_is_what_a_click_gives_and_h_turns_it_off(ann: Annotator) -> None:
    ann.press("h")
    if ann.state["view"]["hover"] == "off":  # it was on by itself: this machine is quick
        ann.press("h")
    assert ann.state["view"]["hover"] == "on"
    shown = preview(ann, *CAT)
    other = preview(ann, 120, 60)
    assert shown != other
    assert ann.state["draft"] is None, "a preview begins nothing"
    preview(ann, *CAT)
    ann.page.mouse.down()
    ann.page.mouse.up()
    ann.page.wait_for_function("window.annotator.state().draft !== null")
    first = ann.state["draft"]["mask"]
    assert first is not None, "the mask is there with the click, before any answer"
    ann.settle()
    assert ann.draft_mask() == shown == Mask.from_rle(first["rle"])
    assert ann.state["preview"] is None
    ann.press("Escape", "h")
    ann.page.mouse.move(*ann.place(200, 100))
    ann.page.wait_for_timeout(300)
    assert ann.state["preview"] is None


def test_an_accepted_object_is_refined_by_clicking_and_undo_brings_the_old_mask_back(ann: Annotator) -> None:
    ann.click(*CAT).press("Enter")
    before = mask_of(ann, 0)
    identity, category = ann.objects[0]["id"], ann.objects[0]["category"]
    ann.press("2")
    assert ann.state["category"] != category
    ann.page.mouse.dblclick(*ann.place(*CAT))
    ann.settle()
    draft = ann.state["draft"]
    assert draft["replaces"] == identity
    assert ann.draft_mask() == before, "it begins with the mask as it is"
    ann.click(*CAT, button="right")
    after = ann.draft_mask()
    assert after != before
    assert not after.to_array()[CAT[1], CAT[0]], "what was clicked away is gone"
    ann.press("Enter")
    assert [one["id"] for one in ann.objects] == [identity], "it takes the object's place"
    assert ann.objects[0]["category"] == category
    assert mask_of(ann, 0) == after
    ann.press("z")
    assert mask_of(ann, 0) == before
    assert ann.state["draft"]["replaces"] == identity
    ann.press("Shift+z")
    assert mask_of(ann, 0) == after
    ann.page.reload()
    ann.open(ann.page.url)
    assert mask_of(ann, 0) == after


def test_refining_survives_a_reload_and_is_given_up_with_escape(ann: Annotator) -> None:
    ann.click(*CAT).press("Enter")
    before = mask_of(ann, 0)
    ann.click(*CAT).press("e")
    x, y, width, _ = before.bbox
    ann.click(x + width + 12, y + 5)
    shown = ann.draft_mask()
    ann.page.reload()
    ann.open(ann.page.url)
    assert ann.draft_mask() == shown
    ann.press("Escape")
    assert ann.state["draft"] is None
    assert mask_of(ann, 0) == before


def test_a_locked_object_says_why_it_can_not_be_refined(ann: Annotator) -> None:
    ann.click(*CAT).press("Enter").click(*CAT).press("l", "e")
    expect(ann.page.get_by_test_id("toast").last).to_contain_text("locked")
    assert ann.state["draft"] is None


def test_a_category_is_found_by_a_few_letters_or_added(ann: Annotator) -> None:
    page = ann.page
    ann.press("c")
    page.keyboard.type("zebra")
    expect(page.get_by_test_id("palette-row").last).to_contain_text("Add “zebra”")
    page.keyboard.press("Enter")
    page.wait_for_function("window.annotator.state().project.categories.some((one) => one.name === 'zebra')")
    added = next(one["id"] for one in ann.state["project"]["categories"] if one["name"] == "zebra")
    page.wait_for_function(f"window.annotator.state().category === {added}")
    ann.press("1")
    first = ann.state["category"]
    ann.press("c")
    page.keyboard.type("eb")
    page.keyboard.press("Enter")
    assert ann.state["category"] == added
    ann.press("`")
    assert ann.state["category"] == first
    ann.press("c", "Escape")
    expect(page.get_by_test_id("palette")).to_be_hidden()
    ann.click(*CAT)
    assert ann.state["draft"] is not None, "the canvas has the keys and clicks again"


def test_one_click_one_object_all_accepted_with_one_enter(ann: Annotator) -> None:
    ann.press("q").click(100, 60).click(*CAT).click(400, 90)
    assert len(ann.objects) == 2
    ann.press("Enter")
    assert len(ann.objects) == 3
    ann.drag((60, 40), (160, 120)).drag((200, 100), (330, 240))
    assert len(ann.objects) == 4, "a new box accepts the draft before it too"
    assert ann.state["draft"]["box"][0] == pytest.approx(200, abs=1)
    ann.press("Enter", "z")
    assert len(ann.objects) == 4
    ann.press("q")
    ann.press("Escape").click(100, 60).click(110, 70)
    assert len(ann.objects) == 4


def test_objects_are_copied_to_the_next_image_of_the_same_size(page: Page, launch: Launch, folder_of_two: Path) -> None:
    ann = Annotator(page).open(launch(folder_of_two, "--model", "fake", "--categories", "cell").url)
    ann.click(40, 40).press("Enter").click(90, 50).press("Enter")
    masks = [mask_of(ann, index) for index in range(2)]
    ann.page.keyboard.press("Shift+n")
    page.wait_for_function(
        "window.annotator.state().image?.name === 'b.png' && window.annotator.state().objects.length === 2"
    )
    ann.settle()
    page.reload()
    ann.open(page.url)
    assert [mask_of(ann, index) for index in range(2)] == masks
    ann.press("z")
    assert len(ann.objects) == 1
    ann.press("ArrowLeft")
    page.wait_for_function("window.annotator.state().image?.name === 'a.png' && window.annotator.state().painted")
    ann.press("Control+c", "Control+v")
    assert len(ann.objects) == 4


def test_space_held_shows_the_bare_picture_and_i_shows_one_object(ann: Annotator) -> None:
    ann.click(100, 60).press("Enter").click(*CAT).press("Enter")
    ann.page.mouse.move(*ann.place(300, 300))
    ann.page.keyboard.down("Space")
    ann.page.wait_for_function("window.annotator.state().view.comparing")
    ann.page.keyboard.up("Space")
    assert not ann.state["view"]["comparing"]
    ann.click(*CAT).press("i")
    assert ann.state["view"]["isolate"]
    ann.press("i", "Shift+c")
    assert ann.state["view"]["crosshair"]
    ann.page.mouse.move(*ann.place(200, 150))
    expect(ann.page.locator(".surface-crosshair-down")).to_be_visible()


def test_the_next_image_without_objects_and_ones_own_figures(ann: Annotator) -> None:
    ann.click(*CAT).press("Enter")
    name = ann.state["image"]["name"]
    ann.press("Shift+ArrowRight")
    ann.page.wait_for_function(f"window.annotator.state().image?.name !== '{name}' && window.annotator.state().painted")
    assert ann.state["image"]["objects"] == 0
    ann.page.get_by_test_id("status-latency").click()
    figures = ann.page.get_by_test_id("figures")
    expect(figures).to_contain_text("Objects accepted1")
    expect(figures).to_contain_text("ms")
    ann.page.keyboard.press("Escape")


def test_r_looks_closer_at_what_is_in_sight_and_what_is_shown_is_accepted(ann: Annotator) -> None:
    ann.page.mouse.move(*ann.place(330, 120))
    for _ in range(6):
        ann.page.mouse.wheel(0, -200)
    ann.click(325, 118)
    whole = ann.draft_mask()
    ann.press("r")
    draft = ann.state["draft"]
    assert draft["closer"] == "shown"
    x0, y0, x1, y1 = draft["crop"]
    assert x0 < 325 < x1
    assert y0 < 118 < y1
    closer = ann.draft_mask()
    ann.page.reload()
    ann.open(ann.page.url)
    assert ann.draft_mask() == closer, "it is a function of the draft alone"
    ann.press("Enter")
    assert mask_of(ann, 0) == closer
    ann.press("z", "z")
    assert ann.draft_mask() == whole


def test_a_small_box_gets_a_second_look_by_itself_unless_it_is_switched_off(ann: Annotator) -> None:
    ann.drag((300, 95), (350, 140))
    assert (ann.state["draft"]["crop"], ann.state["draft"]["closer"]) == ("auto", "shown")
    shown = ann.draft_mask()
    ann.press("Enter")
    assert mask_of(ann, 0) == shown
    ann.page.get_by_test_id("view-detail").uncheck()
    ann.press("Escape").drag((100, 95), (150, 140))
    assert (ann.state["draft"]["crop"], ann.state["draft"]["closer"]) == (None, "no")
