"""The page in headless Chromium: from the command to a usable page, and from a click to its painted mask."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from annotator.bench.figures import Figure
from annotator.bench.pictures import places
from tests.e2e.app import CHROMIUM_FLAGS, Annotator, App, chromium

ENCODE = ("raw.encode",)
DECODE = ("raw.click.0.4mp", "api.click.0.4mp")
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
            page.close()
            app.stop()
        browser.close()
    return [first, again, painted]


def _places(page: Page, clicks: int) -> list[tuple[int, int]]:
    image = Annotator(page).state["image"]
    return [(int(x), int(y)) for x, y in places(clicks, width=image["width"], height=image["height"])]


def _click(ann: Annotator, place: tuple[int, int]) -> float:
    ann.page.mouse.click(*ann.place(*place))
    ann.settle()
    taken: float = ann.page.evaluate(FROM_CLICK_TO_PAINT)
    ann.press("Escape")
    return taken
