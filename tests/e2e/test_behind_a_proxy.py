"""A team at two servers of one project, behind nginx, under a path of its name: deploy/nginx.conf as it is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from annotator.config import Settings
from annotator.domain.person import Role
from annotator.sessions.accounts import accounts_of
from tests.deployment import NAME, nginx, programs_missing
from tests.e2e.app import Annotator, App
from tests.e2e.conftest import Launch
from tests.e2e.test_login import PASSWORD, come_in
from tests.postgresql import Server

pytestmark = pytest.mark.e2e


@pytest.fixture
def apps(postgresql: Server, launch: Launch, folder_of_two: Path, monkeypatch: pytest.MonkeyPatch) -> list[App]:
    if missing := programs_missing():
        pytest.skip(f"{missing} is not installed")
    monkeypatch.setenv("ANNOTATOR_DATABASE_URL", postgresql.database())
    monkeypatch.setenv("ANNOTATOR_ROOT_PATH", "/annotator")
    monkeypatch.setenv("ANNOTATOR_ALLOWED_HOSTS", f'["{NAME}"]')
    with accounts_of(folder_of_two, Settings.load()) as accounts:
        for name in ("ann", "ben"):
            accounts.add(name, role=Role.ADMIN, password=PASSWORD, by="test")
    return [launch(folder_of_two, "--model", "fake", "--categories", "cat") for _ in range(2)]


@pytest.fixture
def people(browser: Browser, apps: list[App], tmp_path: Path) -> Iterator[list[Page]]:
    """Two browsers at the address that nginx serves."""
    errors: list[str] = []
    with nginx(tmp_path / "nginx", [app.port for app in apps]) as port:
        contexts = [
            browser.new_context(
                viewport={"width": 1440, "height": 900},
                base_url=f"https://{NAME}:{port}",
                ignore_https_errors=True,
                accept_downloads=True,
            )
            for _ in range(2)
        ]
        pages = [context.new_page() for context in contexts]
        for page in pages:
            page.on("pageerror", lambda error: errors.append(error.stack or str(error)))
        yield pages
        for context in contexts:
            context.close()
    assert not errors, errors


def come(page: Page, name: str) -> Annotator:
    page.goto("/annotator")
    expect(page).to_have_url(re.compile(r"/annotator/login\?next=%2F$"))
    return come_in(page, name)


def test_everything_works_under_a_path_and_a_lost_server_is_not_noticed(
    people: list[Page], apps: list[App], tmp_path: Path
) -> None:
    strange: list[str] = []
    for page in people:
        page.on("response", lambda reply: strange.append(reply.url) if "/annotator" not in reply.url else None)
    ann, ben = come(people[0], "ann"), come(people[1], "ben")
    ann.click(60, 50).press("Enter")
    people[1].wait_for_function("window.annotator.state().objects.length === 1", timeout=5_000)
    assert [one["author"] for one in ben.settle().objects] == ["ann"]
    shown = "[...document.querySelectorAll('#ann-canvas img')].filter((one) => one.naturalWidth > 0).length >= 2"
    people[0].wait_for_function(shown)

    people[0].get_by_role("tab", name="Review").click()
    tile = people[0].locator("#ann-review-page img").first
    expect(tile).to_be_visible()
    people[0].wait_for_function("document.querySelector('#ann-review-page img').naturalWidth > 0")
    people[0].get_by_role("tab", name="Export").click()
    people[0].locator("#ann-export-start").click()
    people[0].locator("#ann-export-report .ann-figures").wait_for()
    with people[0].expect_download() as download:
        people[0].locator("#ann-export-download").click()
    assert download.value.path().stat().st_size > 100
    dataset = tmp_path / "dataset.json"
    os.replace(download.value.path(), dataset)
    people[0].get_by_role("tab", name="Import").click()
    people[0].get_by_test_id("Choose a JSON or zip file-upload-button").set_input_files(dataset)
    expect(people[0].locator("#ann-import-name")).to_have_text("dataset.json")
    people[0].get_by_test_id("account").click()
    expect(people[0].get_by_role("heading", level=1)).to_have_text("ann")
    people[0].go_back()
    assert strange == [], "every address is under the path"

    apps[0].kill()
    ben.click(110, 80).press("Enter")
    assert len(ben.settle().objects) == 2
    people[1].reload()
    people[1].wait_for_function("window.annotator && window.annotator.state().painted", timeout=60_000)
    assert len(ben.settle().objects) == 2, "the other server has everything"
