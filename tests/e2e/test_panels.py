"""Everything around the canvas, and the finer gestures on it: lists, categories, themes, tabs, fine screens."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.app import Annotator
from tests.e2e.conftest import Launch

pytestmark = pytest.mark.e2e


@pytest.fixture
def ann(page: Page, launch: Launch) -> Annotator:
    return Annotator(page).open(launch().url)


def test_a_category_is_renamed_and_recoloured(ann: Annotator) -> None:
    row = ann.page.get_by_test_id("category").first
    row.dblclick()
    ann.page.keyboard.type("big cat")
    ann.page.keyboard.press("Enter")
    expect(row).to_contain_text("big cat")
    row.locator("input[type=color]").fill("#123456")
    ann.settle()
    ann.page.wait_for_function("window.annotator.state().project.categories[0].colour === '#123456'")
    ann.page.reload()
    ann.open(ann.page.url)
    first = ann.state["project"]["categories"][0]
    assert (first["name"], first["colour"]) == ("big cat", "#123456")


def test_hovering_the_list_highlights_and_clicking_a_mask_selects(ann: Annotator) -> None:
    ann.click(250, 170).press("Enter", "Escape")
    identity = ann.objects[0]["id"]
    ann.page.mouse.move(*ann.place(20, 20))
    assert ann.state["highlighted"] is None
    ann.page.get_by_test_id("object-row").hover()
    assert ann.state["highlighted"] == identity
    ann.click(250, 170)
    assert (ann.state["selected"], ann.state["draft"]) == (identity, None)
    ann.click(265, 160)
    assert ann.state["draft"] is not None, "a part of the selected object can be prompted"


def test_images_are_filtered_by_name_and_state(ann: Annotator) -> None:
    page = ann.page
    page.get_by_test_id("image-search").fill("TOW")
    expect(page.get_by_test_id("image-item")).to_have_count(1)
    page.get_by_test_id("image-search").fill("")
    expect(page.get_by_test_id("image-item")).to_have_count(5)
    page.get_by_test_id("mark").click()
    page.wait_for_function("window.annotator.state().image?.name !== 'cheetah.jpg' && window.annotator.state().painted")
    ann.settle()
    page.get_by_test_id("image-filter").select_option("empty")
    expect(page.get_by_test_id("image-item")).to_have_count(1)
    expect(page.get_by_test_id("image-item")).to_contain_text("cheetah.jpg")


def test_a_second_tab_shows_the_same_draft_and_objects(ann: Annotator) -> None:
    ann.click(250, 170).press("Enter")
    ann.click(60, 60)
    other = Annotator(ann.page.context.new_page()).open(ann.page.url)
    assert [entry["id"] for entry in other.objects] == [entry["id"] for entry in ann.objects]
    assert other.state["draft"]["points"] == ann.state["draft"]["points"]
    assert other.draft_mask() == ann.draft_mask()


def test_a_box_is_resized_by_a_handle_and_removed(ann: Annotator) -> None:
    ann.drag((120, 60), (200, 200)).drag((200, 200), (240, 240))
    assert ann.state["draft"]["box"] == pytest.approx([120, 60, 240, 240], abs=2)
    ann.click(180, 60, modifier="Alt")
    assert ann.state["draft"] is None
    ann.press("z")
    assert ann.state["draft"]["box"] == pytest.approx([120, 60, 240, 240], abs=2)


def test_escape_in_a_drag_gives_up_the_drag_and_keeps_the_draft(ann: Annotator) -> None:
    ann.click(250, 170)
    ann.page.mouse.move(*ann.place(50, 50))
    ann.page.mouse.down()
    ann.page.mouse.move(*ann.place(150, 120), steps=4)
    ann.page.keyboard.press("Escape")
    ann.page.mouse.up()
    draft = ann.settle().state["draft"]
    assert (len(draft["points"]), draft["box"]) == (1, None)


def test_the_middle_button_pans_and_a_double_click_fits_without_leaving_points(ann: Annotator) -> None:
    x, y = ann.place(250, 170)
    ann.page.mouse.move(x, y)
    ann.page.mouse.down(button="middle")
    ann.page.mouse.move(x + 80, y + 40, steps=4)
    ann.page.mouse.up(button="middle")
    assert ann.settle().place(250, 170) == pytest.approx((x + 80, y + 40), abs=1)
    ann.page.mouse.dblclick(x, y)
    assert ann.settle().place(250, 170) == pytest.approx((x, y), abs=1)
    assert ann.state["draft"] is None


def test_the_hint_goes_with_the_first_object_and_the_sheet_names_the_keys(ann: Annotator) -> None:
    page = ann.page
    expect(page.get_by_test_id("hint")).to_be_visible()
    ann.click(250, 170).press("Enter")
    expect(page.get_by_test_id("hint")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_test_id("shortcuts")).to_contain_text("Accept the draft into the chosen category")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("shortcuts")).to_be_hidden()


def test_the_theme_follows_the_system_and_the_switch_is_remembered(ann: Annotator) -> None:
    body = ann.page.locator("body")
    expect(body).not_to_have_class(re.compile(r"\bdark\b"))
    ann.page.get_by_test_id("theme").click()
    expect(body).to_have_class(re.compile(r"\bdark\b"))
    ann.page.reload()
    ann.open(ann.page.url)
    expect(body).to_have_class(re.compile(r"\bdark\b"))


def test_the_model_is_changed_for_this_tab_and_the_draft_follows(
    page: Page, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANNOTATOR_MODEL", "fake")
    ann = Annotator(page).open(launch().url)
    ann.click(250, 170)
    before = ann.draft_mask()
    page.get_by_test_id("status-model").click()
    expect(page.locator("[data-model='sam2.1_large']")).to_contain_text("annotator models download sam2.1_large")
    page.locator("[data-model=mobile_sam]").click()
    expect(page.get_by_test_id("status-model")).to_contain_text("MobileSAM · CPU")
    expect(page.get_by_test_id("status-embedding")).to_contain_text("Ready")
    assert ann.settle().draft_mask() != before
    ann.press("Enter")
    assert ann.settle().objects[0]["provenance"]["model"] == "mobile_sam"
    other = Annotator(page.context.browser.new_page()).open(page.url)
    expect(other.page.get_by_test_id("status-model")).to_contain_text("Fake")
    page.reload()
    ann.open(page.url)
    expect(page.get_by_test_id("status-model")).to_contain_text("MobileSAM")


def test_the_canvas_is_as_fine_as_the_screen(browser: Browser, launch: Launch) -> None:
    context = browser.new_context(viewport={"width": 1100, "height": 700}, device_scale_factor=2, color_scheme="dark")
    ann = Annotator(context.new_page()).open(launch().url)
    canvas = ann.page.locator(".surface-draft")
    sizes = canvas.evaluate("canvas => [canvas.width / canvas.clientWidth, canvas.height / canvas.clientHeight]")
    assert sizes == pytest.approx([2, 2], abs=0.01)
    expect(ann.page.locator("body")).to_have_class(re.compile(r"\bdark\b"))
    ann.click(250, 170)
    point = ann.state["draft"]["points"][0]
    assert (point["x"], point["y"]) == pytest.approx((250, 170), abs=0.5)
    context.close()


def test_an_image_that_could_not_be_prepared_says_why_and_is_tried_again_where_it_says_so(ann: Annotator) -> None:
    page = ann.page
    problem = {"error": {"code": "model_problem", "message": "The model's file is damaged.", "field": None}}
    page.route("**/embed", lambda route: route.fulfill(status=503, json=problem))
    ann.press("ArrowRight")
    told = page.get_by_test_id("status-embedding")
    expect(told).to_contain_text("The model's file is damaged.", timeout=20_000)
    page.unroute("**/embed")
    page.get_by_test_id("embed-retry").click()
    expect(told).to_contain_text("Ready")
    expect(page.get_by_test_id("embed-retry")).to_be_hidden()


def test_while_an_image_is_prepared_it_is_told_whether_it_waits(ann: Annotator) -> None:
    page = ann.page
    states = [{"state": "queued", "ahead": 3}, {"state": "encoding", "ahead": 0}]

    def answer(route: Any) -> None:
        if route.request.method == "GET":
            route.fulfill(json=states[0])
        else:
            held.append(route)

    held: list[Any] = []
    page.route("**/embed*", answer)
    ann.press("ArrowRight")
    told = page.get_by_test_id("status-embedding")
    expect(told).to_have_text("Queued behind 3…")
    states.pop(0)
    expect(told).to_have_text("Encoding this image…")
    for route in held:
        route.continue_()
    expect(told).to_have_text("Ready")


def test_every_switch_and_slider_has_a_key(ann: Annotator) -> None:
    view = ann.state["view"]
    for key, name, wanted in (
        (",", "opacity", round(view["opacity"] - 0.05, 2)),
        (".", "opacity", view["opacity"]),
        (">", "outlineWidth", view["outlineWidth"] + 0.5),
        ("<", "outlineWidth", view["outlineWidth"]),
        ("t", "showPrompts", False),
        ("y", "local", False),
        ("Shift+r", "detail", False),
        ("Shift+o", "noOverlap", True),
        ("o", "outline", False),
        ("v", "overlays", False),
    ):
        assert ann.press(key).state["view"][name] == pytest.approx(wanted), key
