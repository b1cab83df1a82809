"""The page in headless Chromium: from the command to a usable page, and from a click to its painted mask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.figures import Figure
from tests.benchmarks.server import points
from tests.e2e.conftest import CHROMIUM_FLAGS

MARKS = """() => {
  const clicks = performance.getEntriesByName("annotator:click");
  const painted = performance.getEntriesByName("annotator:mask-painted");
  return clicks.map(click => {
    const answer = painted.find(mark => mark.startTime > click.startTime);
    return answer ? answer.startTime - click.startTime : null;
  });
}"""


def measure(scratch: Path, *, clicks: int) -> list[Figure]:
    """All figures that need a browser; none where there is no Chromium."""
    executable = shutil.which("chromium")
    if executable is None:
        print("Chromium is missing: the browser's figures are left out.")
        return []
    ready = Figure("start", "from `annotator demo` to a usable page", "raw-encode")
    painted = Figure("click", "click to painted mask in the browser", "raw-decode")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto("about:blank")
        began = time.perf_counter()
        process = _start(scratch)
        try:
            _open(page, process)
            ready.times.append((time.perf_counter() - began) * 1000)
            painted.times = _click(page, clicks)
        finally:
            process.terminate()
            process.wait(timeout=30)
            browser.close()
    return [ready, painted]


def _start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "annotator", "demo", "--folder", str(folder), "--port", "0", "--no-browser"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})


def _open(page: Page, process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    line = next(line for line in process.stdout if line.startswith("annotator is at "))
    page.goto(line.split()[3])
    page.wait_for_function("window.annotator && window.annotator.state().image")
    page.evaluate("window.annotator.whenIdle()")


def _click(page: Page, clicks: int) -> list[float]:
    box: Any = page.get_by_test_id("canvas").bounding_box()
    times = []
    for x, y in points(clicks, int(box["width"] * 0.5), int(box["height"] * 0.5)):
        page.evaluate("performance.clearMarks()")
        page.mouse.click(box["x"] + box["width"] * 0.25 + x, box["y"] + box["height"] * 0.25 + y)
        page.wait_for_function("performance.getEntriesByName('annotator:mask-painted').length > 0")
        times += [value for value in page.evaluate(MARKS) if value is not None]
        page.keyboard.press("Escape")
        page.evaluate("window.annotator.whenIdle()")
    return times
