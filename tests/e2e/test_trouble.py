"""What people see while something is wrong with the server's disk, and that it is over when it is over."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import photo
from tests.e2e.app import Annotator
from tests.e2e.conftest import Launch

pytestmark = pytest.mark.e2e


def test_a_database_that_can_not_be_written_is_said_and_nothing_is_lost(
    page: Page, launch: Launch, folder_of_two: Path
) -> None:
    ann = Annotator(page).open(launch(folder_of_two, "--categories", "cat").url)
    ann.click(60, 50)
    holder = sqlite3.connect(folder_of_two / ".annotator" / "annotator.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    page.keyboard.press("Enter")
    saved = page.get_by_test_id("saved")
    expect(saved).to_contain_text("Not saved yet", timeout=30_000)
    assert "can't be used" in (saved.get_attribute("title") or "")
    assert len(ann.state["objects"]) == 1, "it stays on the screen"
    holder.execute("ROLLBACK")
    holder.close()
    expect(saved).to_contain_text("Saved", timeout=30_000)
    page.reload()
    page.wait_for_function("window.annotator && window.annotator.state().painted", timeout=60_000)
    assert len(ann.settle().objects) == 1


def test_images_that_are_away_and_back(page: Page, launch: Launch, folder_of_two: Path) -> None:
    for seed in range(5):  # more than are fetched ahead
        photo(folder_of_two / f"c{seed}.png", width=160, height=120, seed=10 + seed)
    ann = Annotator(page).open(launch(folder_of_two).url)
    here = folder_of_two / "c4.png"
    away = folder_of_two.with_name("c4.png")
    here.rename(away)
    last = page.get_by_test_id("image-item").nth(6)
    last.click()
    expect(page.get_by_test_id("failure")).to_contain_text("put it back")
    away.rename(here)
    last.click()
    page.wait_for_function("window.annotator.state().image?.name === 'c4.png' && window.annotator.state().painted")
    ann.click(60, 50)
    assert ann.state["draft"] is not None
