"""The app as people meet it: the real command, the real model, a real browser."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class App:
    """A running `annotator`; `stop` and `kill` end it, `start` brings it back at the same address."""

    folder: Path
    arguments: list[str]
    port: int = 0
    url: str = ""
    process: subprocess.Popen[str] | None = None
    log: list[str] = field(default_factory=list)

    def start(self) -> App:
        command = [sys.executable, "-m", "annotator", *self.arguments, "--port", str(self.port), "--no-browser"]
        environment = {**os.environ, "ANNOTATOR_AUTHOR": "ann", "PYTHONUNBUFFERED": "1"}
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


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., App]]:
    """Start the demo (no folder) or serve a folder; everything is stopped at the end of the test."""
    running: list[App] = []

    def start(folder: Path | None = None, *arguments: str) -> App:
        place = folder or tmp_path / "demo"
        words = ["demo", "--folder", str(place)] if folder is None else ["serve", str(folder)]
        app = App(place, [*words, *arguments])
        running.append(app)
        return app.start()

    yield start
    for app in running:
        app.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium from the system; without it the test is skipped, in CI it fails."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        message = "there is no Chromium on this machine; install the package “chromium” to run the browser tests"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh profile at 1440×900; any uncaught error of the page fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert not errors, errors
