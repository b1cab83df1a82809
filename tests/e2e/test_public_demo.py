"""A public demo in browsers: each visitor for themselves, and told when it is over."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.e2e.app import Annotator, App
from tests.e2e.conftest import Launch

CHEETAH = (265, 150)


def open_page(browser: Browser, app: App) -> Annotator:
    """Somebody else's browser at the same demo."""
    return Annotator(browser.new_context(viewport={"width": 1440, "height": 900}).new_page()).open(app.url)


def test_what_one_visitor_makes_the_other_does_not_see(page: Page, browser: Browser, launch: Launch) -> None:
    app = launch(public=True)
    one = Annotator(page).open(app.url)
    line = page.get_by_test_id("demo-line")
    expect(line).to_contain_text("gone after 30 minutes without a click")
    expect(page.get_by_role("tab")).to_have_text(["Annotate", "Review", "Export"])
    other = open_page(browser, app)
    one.click(*CHEETAH).press("Enter")
    assert len(one.objects) == 1
    assert other.objects == []
    other.page.reload()
    assert Annotator(other.page).open(app.url).objects == []
    page.reload()
    assert len(one.open(app.url).objects) == 1
    one.press("z", "Shift+z")
    assert len(one.objects) == 1
    other.page.context.close()


def test_a_visitor_takes_the_coco_file_home(page: Page, launch: Launch) -> None:
    app = launch(public=True)
    Annotator(page).open(app.url).click(*CHEETAH).press("Enter")
    page.get_by_role("tab", name="Export").click()
    page.locator("#ann-export-start").click()
    report = page.locator("#ann-export-report [data-testid=report]")
    expect(report).to_be_visible(timeout=30_000)
    expect(report).not_to_contain_text("/")
    with page.expect_download() as download:
        page.locator("#ann-export-download").click()
    written = json.loads(Path(download.value.path()).read_text())
    assert [one["category_id"] for one in written["annotations"]] == [1]
    assert written["images"][0]["file_name"] == "cheetah.jpg"


def test_when_the_session_is_over_the_page_says_so_and_leads_on(page: Page, launch: Launch) -> None:
    app = launch(public=True)
    visitor = Annotator(page).open(app.url)
    visitor.click(*CHEETAH)
    app.kill()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("saved")).to_contain_text("Not saved yet")
    app.start()
    ended = page.get_by_test_id("session-ended")
    expect(ended).to_contain_text("Your demo session has ended", timeout=20_000)
    expect(page.get_by_test_id("saved")).not_to_contain_text("trying again")
    page.keyboard.press("Escape")
    expect(ended).to_be_visible()
    page.get_by_test_id("begin-anew").click()
    page.wait_for_function("window.annotator && window.annotator.state().painted", timeout=60_000)
    assert visitor.settle().objects == [], "what was not saved is not put into the new session"
    assert visitor.state["draft"] is None
    visitor.click(*CHEETAH).press("Enter")
    assert len(visitor.objects) == 1


def test_under_a_path_of_a_proxy(page: Page, launch: Launch) -> None:
    app = launch(None, "--root-path", "/show", public=True)
    visitor = Annotator(page).open(app.url + "show/")
    assert "/show/#image=" in page.url
    visitor.click(*CHEETAH).press("Enter")
    assert len(visitor.objects) == 1
    assert [(one["path"], one["httpOnly"]) for one in page.context.cookies()] == [("/show", True)]
