"""The times between the frames that the page paints."""

from __future__ import annotations

from playwright.sync_api import Page

WATCH = """() => {
  window.frames_seen = [];
  let last = performance.now();
  const look = (now) => { window.frames_seen.push(now - last); last = now; requestAnimationFrame(look); };
  requestAnimationFrame(look);
}"""


def watch(page: Page) -> None:
    """Begin to write the frames down."""
    page.evaluate(WATCH)


def seen(page: Page) -> list[float]:
    """Milliseconds between two frames since `watch`."""
    times: list[float] = page.evaluate("window.frames_seen")
    return times
