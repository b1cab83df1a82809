"""What people see while something is wrong with the server's disk, and that it is over when it is over."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

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


def _busy(route: Route) -> None:
    error = {"code": "busy", "message": "Too many requests are waiting for the model; try again in a moment."}
    route.fulfill(
        status=503, headers={"Retry-After": "1"}, content_type="application/json", body=json.dumps({"error": error})
    )


def test_a_server_that_is_too_busy_says_so_and_the_mask_comes_when_it_has_time(page: Page, launch: Launch) -> None:
    ann = Annotator(page).open(launch().url)
    page.route("**/predict", _busy)
    page.mouse.click(*ann.place(260, 300))
    status = page.get_by_test_id("status-embedding")
    expect(status).to_contain_text("Server busy: asking again…")
    assert "Too many requests" in (status.get_attribute("title") or "")
    assert len(ann.state["draft"]["points"]) == 1, "the click is on the screen and kept"
    page.unroute("**/predict", _busy)
    ann.settle()
    expect(status).to_contain_text("Ready")
    assert ann.draft_mask().area > 0


def test_an_image_waits_for_its_turn_to_be_prepared_when_many_open_images(page: Page, launch: Launch) -> None:
    page.route("**/embed", lambda route: _busy(route) if route.request.method == "POST" else route.continue_())
    ann = Annotator(page).open(launch().url, settle=False)
    status = page.get_by_test_id("status-embedding")
    expect(status).to_contain_text("Queued")
    page.unroute_all()
    expect(status).to_contain_text("Ready", timeout=20_000)
    ann.click(260, 300)
    assert ann.draft_mask().area > 0
