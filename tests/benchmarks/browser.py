"""The page in headless Chromium: from the command to a usable page, and from a click to its painted mask."""

from __future__ import annotations

import math
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from annotator.bench.figures import Figure
from annotator.bench.pictures import places
from tests.benchmarks import annotating, smooth
from tests.benchmarks import frames as frames_of_page
from tests.e2e.app import CHROMIUM_FLAGS, Annotator, App, chromium

ENCODE = ("raw.encode",)
DECODE = ("raw.click.0.4mp", "api.click.0.4mp")
MOVING = 6.0  # seconds
FROM_CLICK_TO_PAINT = """() => {
  const click = performance.getEntriesByName("annotator:click").at(-1);
  const masks = performance.getEntriesByName("annotator:mask-painted");
  return masks.find((mark) => mark.startTime > click.startTime).startTime - click.startTime;
}"""


def measure(scratch: Path, *, clicks: int) -> list[Figure]:
    """All figures that need a browser; none where there is no Chromium."""
    executable = chromium()
    if executable is None:
        print("Chromium is missing: the browser's figures are left out.")
        return []
    first = Figure("page.first", "from `annotator demo` to a usable page, the very first time", against=ENCODE)
    again = Figure("page.start", "from `annotator demo` to a usable page", against=ENCODE)
    painted = Figure("page.click", "click to painted mask in the browser, 0.17 MP", against=DECODE)
    previews = Figure("page.previews", "masks previewed while the pointer moves", unit="previews/s")
    frames = Figure("page.preview-frame", "time between two frames meanwhile")
    app = App(scratch, ["demo", "--folder", str(scratch)])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        for figure in (first, again, again, again):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            with figure.timed():
                app.start()
                ann = Annotator(page).open(app.url, settle=False)
            ann.settle()
            if len(again.values) == 3:
                painted.values = [_click(ann, place) for place in _places(page, clicks)]
                previews.values.append(_move(ann, frames))
            page.close()
            app.stop()
        browser.close()
    return [
        first,
        again,
        painted,
        previews,
        frames,
        *annotating.measure(scratch.parent / "davis"),
        *smooth.measure(scratch.parent / "smooth"),
    ]


def _move(ann: Annotator, frames: Figure) -> float:
    """Move the pointer over the picture for some seconds; previews a second, and the times between frames."""
    page, answers = ann.page, list[float]()
    while ann.state["view"]["hover"] != "on":
        ann.press("h")
    page.on("response", lambda reply: answers.append(time.perf_counter()) if reply.url.endswith("/predict") else None)
    frames_of_page.watch(page)
    image, begin = ann.state["image"], time.perf_counter()
    step = 0
    while time.perf_counter() - begin < MOVING:
        step += 1
        turn = step / 25
        x, y = (0.5 + 0.35 * math.cos(turn)) * image["width"], (0.5 + 0.35 * math.sin(1.7 * turn)) * image["height"]
        page.mouse.move(*ann.place(x, y))
        page.wait_for_timeout(10)
    rate = len(answers) / (time.perf_counter() - begin)
    frames.values = frames_of_page.seen(page)
    return rate


def _places(page: Page, clicks: int) -> list[tuple[int, int]]:
    image = Annotator(page).state["image"]
    return [(int(x), int(y)) for x, y in places(clicks, width=image["width"], height=image["height"])]


def _click(ann: Annotator, place: tuple[int, int]) -> float:
    ann.page.mouse.click(*ann.place(*place))
    ann.settle()
    taken: float = ann.page.evaluate(FROM_CLICK_TO_PAINT)
    ann.press("Escape")
    return taken
