"""A server in a process of its own, as `annotator serve` starts it, and people who talk to it as the page does."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from annotator.errors import AnnotatorError, Busy, ModelProblem, OutOfMemory

READY = "annotator is at "
PATIENCE = 1800.0  # seconds until a model is loaded: its fast CPU version may have to be made first
STARTING = 120.0  # seconds
STOPPING = 60.0  # seconds
IDLE = 3.0  # seconds; the server closes a connection that was idle for 5, as browsers know


class Server:
    """`annotator serve` on a free port of this machine.

    Args:
        folder: of pictures.
        data: where the project is kept.
        model, device, precision: as in the settings.
        environment: further variables.
    """

    def __init__(
        self, folder: Path, *, data: Path, model: str, device: str, precision: str, environment: Mapping[str, str]
    ) -> None:
        self._command = [
            *(sys.executable, "-m", "annotator", "serve", str(folder), "--no-browser", "--host", "127.0.0.1"),
            *("--port", "0", "--model", model, "--device", device, "--data-dir", str(data)),
        ]
        # None of the person's own settings: a database or a port named there is not for measuring.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANNOTATOR_")}
        self._environment = {
            **kept,
            **environment,
            "ANNOTATOR_PRECISION": precision,
            "ANNOTATOR_AUTHOR": "bench",
            "PYTHONUNBUFFERED": "1",
        }
        self._process: subprocess.Popen[str] | None = None
        self._said: list[str] = []
        self._address = ("", 0)

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until the folder is listed.

        Raises:
            AnnotatorError: it does not start; the message ends with what it said.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self._said.clear()
        self._address = ("", 0)
        ready = threading.Event()
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        threading.Thread(target=self._listen, args=(self._process, ready), daemon=True).start()
        if not ready.wait(STARTING) or not self._address[1]:
            raise AnnotatorError(f"The server did not start: {' '.join(self._said[-3:]) or 'it said nothing'}")
        person = self.person("bench")
        while person.get("/projects")["items"][0]["scan"]["state"] == "scanning":
            time.sleep(0.05)
        person.close()

    def stop(self) -> None:
        """Stop it as Ctrl+C does and wait until it has written everything."""
        if self._process is None:
            return
        # What Ctrl+C sends: a server that is terminated would not write what it still has to.
        self._process.send_signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGINT)
        try:
            self._process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def memory(self) -> int:
        """Bytes of physical memory that it holds.

        Raises:
            AnnotatorError: the system does not say.
        """
        pid = str(self._process.pid) if self._process is not None else ""
        try:
            told = subprocess.run(["ps", "-o", "rss=", "-p", pid], capture_output=True, text=True, check=True)
            return int(told.stdout) * 1024
        except (OSError, ValueError, subprocess.CalledProcessError) as problem:
            raise AnnotatorError(f"The system does not say how much memory the server holds ({problem}).") from problem

    def person(self, name: str) -> Person:
        """Somebody with a connection of their own, which stays open."""
        return Person(self._address, name, log=self._said)

    def _listen(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._said.append(line.strip())
                if line.startswith(READY):
                    found = urlsplit(line.removeprefix(READY).split()[0])
                    self._address = (str(found.hostname), int(found.port or 0))
                    ready.set()
        ready.set()  # it ended; `start` looks at the address


class Person:
    """One connection that is kept open, for one thread.

    Args:
        address: host and port.
        name: identifies the person's requests, so that a newer one takes the place of the person's own older ones only.
        log: what the server said so far.
    """

    def __init__(self, address: tuple[str, int], name: str, *, log: Sequence[str] = ()) -> None:
        self._connection = http.client.HTTPConnection(*address, timeout=PATIENCE)
        self._name = name
        self._log = log
        self._seq = 0
        self._last = 0.0

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def get(self, path: str) -> Any:
        """A JSON reply of the API."""
        return json.loads(self.read(path))

    def glance(self) -> None:
        """Have all thumbnails made, which the server otherwise does in the background while it is measured."""
        for image in self.images().values():
            self.read(f"/images/{image['id']}/thumbnail")

    def read(self, path: str) -> bytes:
        """The bytes of a reply."""
        return self._ask("GET", path, None)

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """A JSON reply to a JSON request."""
        return json.loads(self._ask(method, path, json.dumps(body).encode()))

    def images(self) -> dict[str, dict[str, Any]]:
        """The images of the project by their names."""
        project = self.get("/projects")["items"][0]["id"]
        return {item["name"]: item for item in self.get(f"/projects/{quote(project)}/images?limit=1000")["items"]}

    def embed(self, image: str) -> dict[str, Any]:
        """Wait until clicks on an image are quick, through the time it may take to load the model."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                answer: dict[str, Any] = self.send("POST", f"/images/{image}/embed", {})
            except Busy:
                if time.monotonic() > until:
                    raise
                time.sleep(1)
            else:
                return answer

    def click(self, image: str, x: float, y: float) -> Any:
        """A foreground point, as the page asks for it."""
        self._seq += 1
        body = {"points": [[x, y, 1]], "box": None, "mask": None, "multimask": "auto", "seq": self._seq}
        return self.send("POST", f"/images/{image}/predict", body)

    def open(self, image: str) -> dict[str, Any]:
        """What the page asks for when an image is opened: what is on it, its picture, and quick clicks."""
        found = self.get(f"/images/{image}")
        self.read(found["pixels"]["url"].removeprefix("/api/v1"))
        return self.embed(image)

    def _ask(self, method: str, path: str, body: bytes | None) -> bytes:
        if time.monotonic() - self._last > IDLE:
            self._connection.close()  # opened again by the next request
        headers = {"Content-Type": "application/json", "X-Annotator-Client": self._name}
        self._connection.request(method, f"/api/v1{path}", body, headers)
        reply = self._connection.getresponse()
        content = reply.read()
        self._last = time.monotonic()
        if reply.status >= 300:
            raise problem_of(reply.status, content, request=f"{method} {path}", log=self._log)
        return content


def problem_of(status: int, content: bytes, *, request: str, log: Sequence[str] = ()) -> AnnotatorError:
    """What a reply that is not 2xx says, as an error.

    Args:
        request: what was asked.
        log: what the server said so far; its end explains a 500.
    """
    try:
        error = json.loads(content)["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "", repr(content[:200])
    if code == Busy.code:
        return Busy(message)
    if code in (ModelProblem.code, OutOfMemory.code):
        return ModelProblem(message)
    said = f" It said: {' / '.join(log[-3:])}" if status == 500 and log else ""
    return AnnotatorError(f"The server answered {request} with {status}: {message}{said}")
