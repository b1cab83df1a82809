"""A scripted session in the browser: ten objects on DAVIS photos, clicked until they are right."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from annotator.bench.figures import Figure
from annotator.domain.mask import Mask
from tests.e2e.app import CHROMIUM_FLAGS, Annotator, App, chromium
from tests.quality.davis import DAVIS
from tests.quality.simulate import next_click

PHOTOS = 10
GOAL = 0.9
LIMIT = 20


def measure(folder: Path) -> list[Figure]:
    """Clicks and seconds an object; nothing where the photos or Chromium are missing."""
    executable = chromium()
    if executable is None or not DAVIS.is_dir():
        print("Chromium or the DAVIS photos are missing: the session on them is left out.")
        return []
    folder.mkdir(parents=True)
    paths = sorted((DAVIS / "images").glob("*.jpg"))
    for index in np.linspace(0, len(paths) - 1, PHOTOS).round().astype(int):
        shutil.copyfile(paths[index], folder / paths[index].name)
    clicks = Figure("session.clicks", f"clicks an object to IoU {GOAL:g}, at most {LIMIT}", unit="clicks")
    seconds = Figure("session.seconds", "seconds an object, the script's own thinking included", unit="s")
    reached = Figure("session.iou", "IoU of the accepted object", unit="IoU")
    app = App(folder, ["serve", str(folder), "--categories", "object"]).start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
            _session(browser, app, clicks, seconds, reached)
            browser.close()
    finally:
        app.stop()
    return [clicks, seconds, reached]


def _session(browser: Browser, app: App, clicks: Figure, seconds: Figure, reached: Figure) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    ann = Annotator(page).open(app.url)
    for _ in range(PHOTOS):
        name = ann.state["image"]["name"]
        with Image.open(DAVIS / "masks" / f"{Path(name).stem}.png") as opened:
            truth = Mask.from_array(np.asarray(opened) > 0)
        page.wait_for_function("window.annotator.state().embedding === 'ready'")
        begin, count, best = time.perf_counter(), 0, 0.0
        mask = np.zeros((truth.height, truth.width), bool)
        while count < LIMIT and best < GOAL:
            point = next_click(truth.to_array(), mask)
            if point is None:
                break
            ann.click(point.x, point.y, button="left" if point.label else "right")
            count += 1
            mask = ann.draft_mask().to_array()
            best = ann.draft_mask().iou(truth)
        ann.press("Enter")
        seconds.values.append(time.perf_counter() - begin)
        clicks.values.append(float(count))
        reached.values.append(Mask.from_rle(ann.objects[-1]["rle"]).iou(truth))
        page.keyboard.press("m")
        page.wait_for_timeout(50)
        page.wait_for_function("window.annotator.state().painted")
    page.close()
