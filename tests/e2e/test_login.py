"""People sign in, work, are signed out in between, and lose nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from annotator.config import Settings
from annotator.domain.person import Role
from annotator.sessions.accounts import accounts_of
from tests.e2e.app import Annotator, App
from tests.e2e.conftest import Launch

pytestmark = pytest.mark.e2e

PASSWORD = "correct horse"


@pytest.fixture
def app(launch: Launch, folder_of_two: Path) -> App:
    """A server on which vera looks, ann annotates and cora curates."""
    with accounts_of(folder_of_two, Settings.load()) as accounts:
        for name, role in (("vera", Role.VIEWER), ("ann", Role.ANNOTATOR), ("cora", Role.CURATOR)):
            accounts.add(name, role=role, password=PASSWORD, by="test")
    return launch(folder_of_two, "--categories", "cat")


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill in the form that is shown, with keys only."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").press_sequentially(password)
    page.keyboard.press("Enter")


def come_in(page: Page, name: str) -> Annotator:
    """Sign in, and wait for the page behind the form: looking for it on the form's own page is an error there."""
    sign_in(page, name)
    page.wait_for_url(lambda url: "/login" not in url)
    page.wait_for_function("window.annotator && window.annotator.state().painted", timeout=60_000)
    return Annotator(page).settle()


def open_as(page: Page, app: App, name: str) -> Annotator:
    page.goto(app.url)
    return come_in(page, name)


def signed_out_everywhere(app: App, name: str) -> None:
    with accounts_of(app.folder, Settings.load()) as accounts:
        assert accounts.sign_out_everywhere(name, by="test") >= 1
    time.sleep(1.2)  # the server may remember for a second who is signed in


def test_signing_in_working_and_signing_out(page: Page, app: App) -> None:
    page.goto(app.url)
    expect(page).to_have_url(app.url + "login?next=%2F")
    sign_in(page, "ann", "wrong password")
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    expect(page.get_by_label("Name")).to_have_value("ann")
    ann = open_as(page, app, "ann")
    expect(page.get_by_test_id("account")).to_have_text("ann")
    ann.click(60, 50).press("Enter")
    assert [one["author"] for one in ann.objects] == ["ann"]
    page.get_by_test_id("account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("ann")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.goto(app.url)
    expect(page).to_have_url(app.url + "login?next=%2F")


def test_what_is_done_while_signed_out_is_saved_after_signing_in(page: Page, app: App) -> None:
    ann = open_as(page, app, "ann")
    ann.click(60, 50)
    signed_out_everywhere(app, "ann")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("signed-out")).to_contain_text("You are signed out")
    assert len(ann.objects) == 1, "it is on the screen"
    page.get_by_test_id("sign-in").click()
    come_in(page, "ann")
    expect(page.get_by_test_id("signed-out")).to_have_count(0)
    page.reload()
    page.wait_for_function("window.annotator && window.annotator.state().painted", timeout=60_000)
    assert [one["author"] for one in ann.settle().objects] == ["ann"]


def test_signing_in_again_in_another_tab_is_enough(page: Page, app: App) -> None:
    ann = open_as(page, app, "ann")
    ann.click(60, 50)
    signed_out_everywhere(app, "ann")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("signed-out")).to_be_visible()
    other = page.context.new_page()
    other.goto(app.url + "login")
    sign_in(other, "ann")
    expect(page.get_by_test_id("signed-out")).to_have_count(0, timeout=20_000)
    assert [one["author"] for one in ann.settle().objects] == ["ann"]


def test_what_one_has_done_is_never_saved_as_anothers(page: Page, app: App) -> None:
    ann = open_as(page, app, "ann")
    ann.click(60, 50)
    signed_out_everywhere(app, "ann")
    other = page.context.new_page()
    other.goto(app.url + "login")
    sign_in(other, "cora")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("signed-out")).to_contain_text("cora has signed in here meanwhile")
    page.get_by_test_id("sign-in").click()
    page.wait_for_function("window.annotator && window.annotator.state().painted", timeout=60_000)
    assert ann.settle().objects == []
    page.get_by_test_id("account").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    ann = open_as(page, app, "ann")
    page.wait_for_function("window.annotator.state().objects.length === 1")
    assert [one["author"] for one in ann.settle().objects] == ["ann"], "it waited for its person"


def test_a_viewer_looks(page: Page, app: App) -> None:
    vera = open_as(page, app, "vera")
    vera.click(60, 50)
    assert vera.state["draft"] is None
    expect(page.get_by_test_id("toast")).to_contain_text("Your account is for looking")
    page.get_by_role("tab", name="Export").click()
    page.locator("#ann-export-start").click()
    expect(page.locator("#ann-export-report")).to_contain_text("this needs the role curator")


def test_what_a_curator_exports_is_noted(page: Page, app: App) -> None:
    cora = open_as(page, app, "cora")
    cora.click(60, 50).press("Enter")
    page.get_by_role("tab", name="Export").click()
    page.locator("#ann-export-start").click()
    page.locator("#ann-export-report .ann-figures").wait_for()
    with accounts_of(app.folder, Settings.load()) as accounts:
        assert [(one.person, one.what) for one in accounts.audit()][:2] == [("cora", "exported"), ("cora", "signed in")]
