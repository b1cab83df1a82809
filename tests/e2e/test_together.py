"""Two people at one project, each at a server of their own: they see what the other does, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.app import Annotator
from tests.e2e.conftest import Launch

pytestmark = pytest.mark.e2e


@pytest.fixture
def other_page(browser: Browser) -> Iterator[Page]:
    """The browser of somebody else."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def two(page: Page, other_page: Page, launch: Launch, folder_of_two: Path) -> tuple[Annotator, Annotator]:
    """Ann and Ben at the same image."""
    ann = Annotator(page).open(launch(folder_of_two, "--categories", "cat").url)
    ben = Annotator(other_page).open(launch(folder_of_two, author="ben").url)
    return ann, ben


def test_objects_of_others_appear_and_they_are_seen_to_be_there(two: tuple[Annotator, Annotator]) -> None:
    ann, ben = two
    expect(ann.page.get_by_test_id("presence")).to_have_text("ben is here too")
    expect(ben.page.get_by_test_id("presence")).to_have_text("ann is here too")
    ben.click(60, 50).press("Enter")
    ann.page.wait_for_function("window.annotator.state().objects.length === 1", timeout=5_000)
    assert ann.settle().objects[0]["rle"] == ben.objects[0]["rle"]

    ben.press("d")
    expect(ann.page.get_by_test_id("presence")).to_be_hidden()
    second = ann.page.get_by_test_id("image-item").nth(1)
    expect(second.locator(".ann-initials")).to_have_text("BE")
    ben.click(60, 50).press("Enter")
    expect(second).to_contain_text("1 object")
    ben.page.close()
    expect(second.locator(".ann-initials")).to_have_count(0)


def test_a_draft_stays_while_somebody_else_works_on_the_same_image(two: tuple[Annotator, Annotator]) -> None:
    ann, ben = two
    ann.click(100, 80)
    before = ann.state["draft"]
    ben.click(30, 30).press("Enter")
    ann.page.wait_for_function("window.annotator.state().objects.length === 1", timeout=5_000)
    after = ann.settle().state["draft"]
    assert (after["id"], after["points"], after["mask"]) == (before["id"], before["points"], before["mask"])
    ann.press("Enter")
    assert len(ann.objects) == 2
    ann.press("z")
    assert [one["author"] for one in ann.objects] == ["ben"], "each undoes only their own"


def test_the_next_free_image_is_one_where_nobody_is(two: tuple[Annotator, Annotator]) -> None:
    ann, ben = two
    ben.press("d")
    expect(ann.page.get_by_test_id("image-item").nth(1).locator(".ann-initials")).to_have_text("BE")
    ann.press("j")
    expect(ann.page.locator(".ann-toast")).to_contain_text("no image left for you")
    ben.press("m")
    expect(ann.page.get_by_test_id("image-item").nth(1)).to_contain_text("Empty")


def test_who_comes_second_is_shown_both_versions(two: tuple[Annotator, Annotator]) -> None:
    ann, ben = two
    ann.click(60, 50).press("Enter")
    ben.page.wait_for_function("window.annotator.state().objects.length === 1", timeout=5_000)
    ann.click(60, 50)
    ann.page.context.set_offline(True)
    for key in ("e", "x"):
        ann.page.keyboard.press(key)
    ann.page.mouse.click(*ann.place(140, 100))
    ann.page.keyboard.press("Enter")
    ben.settle().click(60, 50).press("e", "x")
    ben.click(20, 100).press("Enter")
    theirs = ben.objects[0]["rle"]
    ann.page.context.set_offline(False)
    bar = ann.page.get_by_test_id("clean-bar")
    expect(bar).to_be_visible(timeout=15_000)
    expect(ann.page.get_by_test_id("clean-text")).to_contain_text("ben has changed this object too. Yours instead")
    assert ann.state["objects"][0]["rle"] == theirs, "the other's version is the one that is kept"
    ann.page.get_by_test_id("clean-apply").click()
    ann.settle().press("Enter")
    assert ann.objects[0]["rle"] != theirs, "and one's own is a key away"
