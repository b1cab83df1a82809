"""Moving and zooming where it is hard: 1,000 objects on one image, and 99 megapixels."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Browser, sync_playwright

from annotator.bench.figures import Figure
from annotator.bench.pictures import draw, places
from annotator.domain.mask import Mask
from tests.benchmarks import frames as frames_of_page
from tests.e2e.app import CHROMIUM_FLAGS, Annotator, App, chromium

OBJECTS = 1000
ROUNDS = 12
CLICKS = 20


def measure(folder: Path) -> list[Figure]:
    """Time between frames while the wheel turns and the hand pans, and clicks; nothing where there is no Chromium."""
    executable = chromium()
    if executable is None:
        return []
    folder.mkdir(parents=True)
    small = draw(12, seed=1)
    cv2.imwrite(str(folder / "1 plain.jpg"), draw(12, seed=2))
    cv2.imwrite(str(folder / "2 crowded.jpg"), small)
    cv2.imwrite(str(folder / "3 huge.jpg"), cv2.resize(draw(24.8, seed=3), None, fx=2, fy=2))
    app = App(folder, ["serve", str(folder), "--categories", "thing"]).start()
    figures: list[Figure] = []
    try:
        _fill(app.url, "2 crowded.jpg")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
            figures += _look(browser, app)
            browser.close()
    finally:
        app.stop()
    return figures


def _look(browser: Browser, app: App) -> list[Figure]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    ann = Annotator(page).open(app.url)
    figures = []
    plain = ("smooth.click.plain",)
    for key, words in (("plain", "12 MP"), ("crowded", f"12 MP, {OBJECTS:,} objects"), ("huge", "99 MP")):
        frames = Figure(f"smooth.{key}", f"time between two frames while zooming and panning, {words}")
        clicks = Figure(
            f"smooth.click.{key}", f"click to saved and painted, {words}", against=() if key == "plain" else plain
        )
        page.get_by_test_id("image-item").filter(has_text=key).click()
        page.wait_for_function(f"window.annotator.state().image?.name.includes('{key}')", timeout=60_000)
        page.wait_for_function("window.annotator.state().painted", timeout=60_000)
        page.wait_for_function("window.annotator.state().embedding === 'ready'", timeout=60_000)
        ann.settle()
        _zoom_and_pan(ann, frames)
        image = ann.state["image"]
        for x, y in places(CLICKS, width=image["width"], height=image["height"], seed=4):
            with clicks.timed():
                page.mouse.click(*ann.place(x, y))
                ann.settle()
            ann.press("Escape")
        figures += [frames, clicks]
    page.close()
    return figures


def _zoom_and_pan(ann: Annotator, frames: Figure) -> None:
    page = ann.page
    page.mouse.move(680, 460)
    frames_of_page.watch(page)
    for number in range(ROUNDS):
        page.mouse.wheel(0, -120 if number < ROUNDS / 2 else 120)
        page.wait_for_timeout(30)
        page.mouse.down(button="middle")
        page.mouse.move(680 + 60 * (-1) ** number, 440, steps=6)
        page.mouse.up(button="middle")
        page.mouse.move(680, 460)
    frames.values = frames_of_page.seen(page)
    page.keyboard.press("f")
    ann.settle()


def _fill(url: str, name: str) -> None:
    deadline = time.monotonic() + 120
    while True:
        (project,) = _ask(f"{url}api/v1/projects")["items"]
        images = {image["name"]: image for image in _ask(f"{url}api/v1/projects/{project['id']}/images")["items"]}
        if len(images) == 3:
            break
        assert time.monotonic() < deadline
        time.sleep(0.2)
    image = images[name]
    side = 90
    grid = np.hypot(*(np.mgrid[0:side, 0:side] - side / 2 + 0.5)) <= side / 2
    for x, y in places(OBJECTS, width=image["width"] - side, height=image["height"] - side, seed=2):
        mask = Mask.from_crop(grid, x=int(x), y=int(y), height=image["height"], width=image["width"])
        _ask(f"{url}api/v1/images/{image['id']}/annotations", {"category": 1, "rle": mask.to_rle()})


def _ask(url: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.loads(reply.read())
