"""A running app and a real browser for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.app import CHROMIUM_FLAGS, App, chromium

Launch = Callable[..., App]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Start the demo (no folder) or serve a folder, or a demo of it; everything is stopped at the end of the test."""
    running: list[App] = []

    def start(folder: Path | None = None, *arguments: str, author: str = "ann", public: bool = False) -> App:
        place = folder or tmp_path / "demo"
        words = ["demo", "--folder", str(place)] if folder is None else ["serve", str(folder)]
        if public:
            words = ["demo", "--public", *([] if folder is None else ["--folder", str(folder)])]
        app = App(place, [*words, *arguments], author=author)
        running.append(app)
        return app.start()

    yield start
    for app in running:
        app.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Headless Chromium from the system; without it the test is skipped, in CI it fails.

    For these tests only: as long as it is open, no other test can run an event loop.
    """
    executable = chromium()
    if executable is None:
        message = "there is no Chromium on this machine; install the package “chromium” to run the browser tests"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh profile at 1440×900; any uncaught error of the page fails the test."""
    yield from _page(browser)


@pytest.fixture
def touch_page(browser: Browser) -> Iterator[Page]:
    """The same on a tablet."""
    yield from _page(browser, has_touch=True)


def _page(browser: Browser, **options: Any) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(error.stack or str(error)))
    yield opened
    context.close()
    assert not errors, errors


@pytest.fixture
def folder_of_two(tmp_path: Path) -> Path:
    """Two pictures of the same size: a.png and b.png."""
    from tests.conftest import photo

    for seed, name in enumerate(("a.png", "b.png")):
        photo(tmp_path / "two" / name, width=160, height=120, seed=seed)
    return tmp_path / "two"
