"""A curator goes through objects: filters, approves, rejects with a note, relabels; annotators get back what is bad."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import photo
from tests.e2e.app import Annotator
from tests.e2e.conftest import Launch

pytestmark = pytest.mark.e2e


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three photos with a dataset of six squares beside them: two categories, two on each photo."""
    from typer.testing import CliRunner

    from annotator.cli import app

    folder = tmp_path / "three"
    annotations = []
    for number, name in enumerate(("a.png", "b.png", "c.png"), 1):
        photo(folder / name, width=160, height=120, seed=number)
        for place in (0, 1):
            x, side = 20 + 60 * place, 20 + 5 * number
            corners = [x, 20, x + side, 20, x + side, 20 + side, x, 20 + side]
            annotations.append(
                {
                    "id": 10 * number + place,
                    "image_id": number,
                    "category_id": 1 + place,
                    "segmentation": [corners],
                    "area": side * side,
                    "bbox": [x, 20, side, side],
                    "iscrowd": 0,
                }
            )
    images = [
        {"id": number, "file_name": name, "width": 160, "height": 120}
        for number, name in enumerate(("a.png", "b.png", "c.png"), 1)
    ]
    categories = [{"id": 1, "name": "kite"}, {"id": 2, "name": "cup"}]
    dataset = tmp_path / "dataset.json"
    dataset.write_text(json.dumps({"images": images, "categories": categories, "annotations": annotations}))
    result = CliRunner().invoke(app, ["import", str(folder), str(dataset)], env={"ANNOTATOR_AUTHOR": "ann"})
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def review(page: Page, launch: Launch, project: Path) -> Page:
    """The Review tab of the project."""
    Annotator(page).open(launch(project).url)
    page.get_by_role("tab", name="Review").click()
    expect(page.get_by_test_id("review-count")).to_have_text("6 objects")
    return page


def kinds(page: Page) -> list[str]:
    """What the tiles say of their reviews, in order."""
    tiles = page.get_by_test_id("tile")
    order = tiles.evaluate_all(
        "all => all.sort((a, b) => a.dataset.index - b.dataset.index).map((one) => one.dataset.kind)"
    )
    return [str(kind) for kind in order]


def test_objects_are_judged_by_keys_and_the_next_one_has_the_focus(review: Page) -> None:
    review.keyboard.press("a")
    review.keyboard.press("a")
    review.keyboard.press("r")
    review.get_by_test_id("note").fill("the tail is missing")
    review.keyboard.press("Enter")
    expect(review.get_by_test_id("review-told")).to_have_text("1 object rejected.")
    assert kinds(review) == ["approved", "approved", "rejected", "unreviewed", "unreviewed", "unreviewed"]
    expect(review.get_by_test_id("filter-review-rejected").locator("..")).to_contain_text("1")
    review.keyboard.press("z")
    expect(review.get_by_test_id("review-told")).to_have_text("Taken back.")
    expect(review.locator("[data-kind=rejected]")).to_have_count(0)
    review.keyboard.press("r")
    expect(review.get_by_role("button", name="the tail is missing")).to_be_visible()
    review.keyboard.press("Escape")


def test_filters_narrow_and_many_are_relabelled_at_once(review: Page) -> None:
    review.get_by_test_id("filter-category-2").check()
    expect(review.get_by_test_id("review-count")).to_have_text("3 objects")
    review.get_by_test_id("gallery").focus()
    review.keyboard.press("Control+a")
    review.keyboard.press("c")
    review.get_by_test_id("category-search").fill("ki")
    review.keyboard.press("Enter")
    expect(review.get_by_test_id("review-told")).to_have_text("3 objects now “kite”.")
    review.get_by_test_id("clear-filters").click()
    expect(review.get_by_test_id("review-count")).to_have_text("6 objects")
    expect(review.get_by_test_id("filter-category-1").locator("..")).to_contain_text("6")
    review.get_by_test_id("review-search").fill("b.png")
    expect(review.get_by_test_id("review-count")).to_have_text("2 objects")
    review.get_by_test_id("review-search").fill("nothing")
    review.get_by_role("button", name="Clear the filter").click()
    expect(review.get_by_test_id("review-count")).to_have_text("6 objects")


def test_a_rejected_object_comes_back_to_its_author_with_the_note(review: Page) -> None:
    review.keyboard.press("r")
    review.get_by_test_id("note").fill("too wide")
    review.keyboard.press("Enter")
    expect(review.get_by_test_id("review-told")).to_have_text("1 object rejected.")
    review.get_by_test_id("tile").first.dblclick()
    expect(review.get_by_role("tab", name="Annotate")).to_have_attribute("aria-selected", "true")
    review.wait_for_function("window.annotator.state().selected === 10")
    expect(review.get_by_test_id("sent-back")).to_have_text("Sent back: too wide")
    row = review.get_by_test_id("object-row").filter(has_text="too wide")
    expect(row).to_have_count(1)
    review.get_by_test_id("image-filter").select_option("returned")
    expect(review.get_by_test_id("image-item")).to_have_count(1)
    review.get_by_test_id("canvas").focus()
    ann = Annotator(review)
    ann.press("e", "x")
    ann.click(22, 22).press("Enter")
    expect(row).to_have_count(0)
    review.get_by_role("tab", name="Review").click()
    expect(review.locator("[data-kind=rejected]")).to_have_count(0)


def test_one_object_is_seen_large_and_images_are_marked_done(review: Page) -> None:
    review.keyboard.press("v")
    expect(review.get_by_test_id("big-view")).to_be_visible()
    review.wait_for_function("document.querySelector('[data-testid=big-crop]').naturalWidth === 768")
    review.keyboard.press("a")
    expect(review.get_by_test_id("big-view")).to_contain_text("object 11")
    review.keyboard.press("Escape")
    expect(review.get_by_test_id("big-view")).to_be_hidden()
    review.keyboard.press("g")
    expect(review.get_by_test_id("review-count")).to_have_text("3 images")
    review.keyboard.press("a")
    expect(review.get_by_test_id("review-told")).to_have_text("1 image marked done.")
    expect(review.locator("#rev-tile-0")).to_contain_text("Done")


def test_images_are_assigned_and_handed_out_to_their_person(review: Page) -> None:
    review.keyboard.press("g")
    expect(review.get_by_test_id("review-count")).to_have_text("3 images")
    review.keyboard.press("End")
    review.keyboard.press("i")
    review.get_by_test_id("person-search").press_sequentially("ann")
    review.keyboard.press("Enter")
    expect(review.get_by_test_id("review-told")).to_contain_text("assigned to ann")
    expect(review.locator("#rev-tile-2")).to_contain_text("for ann")
    review.get_by_role("tab", name="Annotate").click()
    review.locator(".ann-surface").focus()
    review.keyboard.press("j")
    review.wait_for_function("window.annotator.state().image?.assignee === 'ann'")


def test_a_contact_sheet_shows_what_the_filter_leaves(review: Page) -> None:
    review.get_by_test_id("filter-category-1").check()
    expect(review.get_by_test_id("review-count")).to_have_text("3 objects")
    with review.expect_popup() as opened:
        review.get_by_role("button", name="Contact sheet").click()
    sheet = opened.value
    expect(sheet.locator("figure")).to_have_count(3)
    sheet.wait_for_function("[...document.images].every((one) => one.naturalWidth > 0)")
