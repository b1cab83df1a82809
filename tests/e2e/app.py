"""The app as people meet it: the real command as a process, and a person at the page."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from annotator.domain.mask import Mask

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP photos.example.org 127.0.0.1",
]


@dataclass
class App:
    """A running `annotator`; `stop` and `kill` end it, `start` brings it back at the same address."""

    folder: Path
    arguments: list[str]
    port: int = 0
    author: str = "ann"
    url: str = ""
    process: subprocess.Popen[str] | None = None
    log: list[str] = field(default_factory=list)

    def start(self) -> App:
        command = [sys.executable, "-m", "annotator", *self.arguments, "--port", str(self.port), "--no-browser"]
        environment = {**os.environ, "ANNOTATOR_AUTHOR": self.author, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.log.append(line)
            if line.startswith("annotator is at "):
                self.url = line.split()[3]
                self.port = int(self.url.rstrip("/").rsplit(":", 1)[1])
                break
        else:
            raise AssertionError("annotator did not start:\n" + "".join(self.log))
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(self.url + "healthz", timeout=5).close()
                return self
            except OSError:
                assert time.monotonic() < deadline, "annotator does not answer"
                time.sleep(0.05)

    def stop(self) -> None:
        self._end(signal.SIGINT)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=30)
        if self.process is not None and self.process.stdout is not None:
            self.log += self.process.stdout.readlines()
            self.process.stdout.close()
        self.process = None


def chromium() -> str | None:
    """Path of the system's Chromium."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Annotator:
    """Somebody at the Annotate tab; places are in image pixels."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, url: str, *, settle: bool = True) -> Annotator:
        """Open the page and wait until its picture is shown."""
        self.page.goto(url)
        self.page.wait_for_function("window.annotator && window.annotator.state().painted", timeout=60_000)
        return self.settle() if settle else self

    def settle(self) -> Annotator:
        """Wait until everything is saved, answered and painted."""
        self.page.evaluate("window.annotator.whenIdle()")
        return self

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.page.evaluate("JSON.parse(JSON.stringify(window.annotator.state()))")
        return state

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where an image pixel is on the screen."""
        point: list[float] = self.page.evaluate("([x, y]) => window.annotator.toScreen(x, y)", [x, y])
        return point[0], point[1]

    def click(self, x: float, y: float, *, button: Any = "left", modifier: str | None = None) -> Annotator:
        if modifier:
            self.page.keyboard.down(modifier)
        self.page.mouse.click(*self.place(x, y), button=button)
        if modifier:
            self.page.keyboard.up(modifier)
        return self.settle()

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> Annotator:
        self.page.mouse.move(*self.place(*start))
        self.page.mouse.down()
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        self.page.mouse.move(*self.place(*middle), steps=3)
        self.page.mouse.move(*self.place(*end), steps=3)
        self.page.mouse.up()
        return self.settle()

    def press(self, *keys: str) -> Annotator:
        for key in keys:
            self.page.keyboard.press(key)
            self.settle()
        return self

    def draft_mask(self) -> Mask:
        """The mask on the screen, of the image's size."""
        draft = self.state["draft"]
        return Mask.from_rle(draft["mask"]["rle"])

    @property
    def objects(self) -> list[dict[str, Any]]:
        return list(self.state["objects"])
