"""Makes the README's screenshots from the running app: `make screenshots`.

Starts `annotator demo` on a fresh folder, works in it as a person would, and writes `docs/images/*.png`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.e2e.app import CHROMIUM_FLAGS, Annotator, App, chromium

TARGET = Path(__file__).resolve().parent.parent / "docs" / "images"


def main() -> None:
    """Make all screenshots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=TARGET, help="folder to write to")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    executable = chromium()
    if executable is None:
        raise SystemExit("Chromium is missing; install the package “chromium”.")
    with tempfile.TemporaryDirectory(prefix="annotator-") as scratch, sync_playwright() as playwright:
        app = App(Path(scratch) / "demo", ["demo", "--folder", f"{scratch}/demo"]).start()
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        try:
            for scheme in ("light", "dark"):
                page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
                _annotate(page, app, out / f"annotate-{scheme}.png", first=scheme == "light")
                if scheme == "light":
                    _review(page, out / "review-light.png")
                else:
                    _export(page, out / "export-dark.png")
                page.close()
        finally:
            browser.close()
            app.stop()


def _annotate(page: Page, app: App, target: Path, *, first: bool) -> None:
    ann = Annotator(page).open(app.url)
    page.get_by_test_id("hint").get_by_role("button").click()
    if first:
        ann.click(250, 170)
    page.mouse.move(5, 5)
    ann.settle()
    page.screenshot(path=target)
    if first:
        ann.press("Enter")


def _review(page: Page, target: Path) -> None:
    """A few objects of the demo's images, one of them approved and one rejected."""
    ann = Annotator(page)
    for _ in range(4):
        ann.press("d")
        for x, y in ((0.35, 0.45), (0.6, 0.6)):
            image = ann.state["image"]
            ann.click(image["width"] * x, image["height"] * y).press("Enter")
    page.get_by_role("tab", name="Review").click()
    page.get_by_test_id("tile").nth(4).wait_for()
    page.keyboard.press("a")
    page.keyboard.press("r")
    page.get_by_test_id("note").fill("the shoulders are missing")
    page.keyboard.press("Enter")
    page.locator("[data-kind=rejected]").wait_for()
    page.wait_for_function("[...document.querySelectorAll('.rev-tile img')].every((one) => one.naturalWidth > 0)")
    page.screenshot(path=target)


def _export(page: Page, target: Path) -> None:
    page.get_by_role("tab", name="Export").click()
    page.locator("#ann-export-start").click()
    page.get_by_test_id("report").wait_for(timeout=60_000)
    page.screenshot(path=target)


if __name__ == "__main__":
    main()
