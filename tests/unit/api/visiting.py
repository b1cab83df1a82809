"""A public demo as those meet who come to it: each with a browser of their own, which keeps one cookie."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from annotator.api.app import create_app
from annotator.api.metrics import Metrics
from annotator.api.visitors import create_demo
from annotator.api.visits import Visit, Visits
from annotator.config import Settings
from annotator.domain.person import Person
from annotator.engine import Engine
from annotator.engine.fake import FakePredictor
from annotator.sessions.throwaway import Beginning, Throwaway
from annotator.ui.app import mount

ADDRESS = "http://127.0.0.1:7860"
PAGE = {"Accept": "text/html,application/xhtml+xml"}
SQUARE = {"size": [80, 120], "counts": [0, 80, 9520]}


class Clock:
    """Time that a test lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Visitor:
    """Somebody with a browser."""

    def __init__(self, browser: TestClient, root: str = "") -> None:
        self._browser = browser
        self._root = root
        self.cookie: str | None = None

    def send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **how: Any) -> Response:
        own = {} if self.cookie is None else {"Cookie": self.cookie}
        self._browser.cookies.clear()
        reply = self._browser.request(method, self._root + path, headers={**own, **(headers or {})}, **how)
        given = reply.headers.get("set-cookie")
        self.cookie = self.cookie if given is None else given.partition(";")[0]
        return reply

    def open(self) -> Response:
        """Load the page, and go where one is sent."""
        reply = self.send("GET", "/", headers=PAGE)
        for _ in range(3):
            if reply.status_code != 303:
                break
            reply = self.send("GET", reply.headers["location"].removeprefix(self._root), headers=PAGE)
        return reply

    def get(self, path: str) -> Any:
        return self.send("GET", f"/api/v1{path}").json()

    def post(self, path: str, body: object) -> Response:
        return self.send("POST", f"/api/v1{path}", json=body)

    @property
    def images(self) -> list[str]:
        project = self.get("/me")["project"]
        return [image["id"] for image in self.get(f"/projects/{project}/images")["items"]]

    def add(self, category: str = "cat", image: str | None = None) -> Response:
        """Add an object to an image, the first one unless named."""
        return self.post(f"/images/{image or self.images[0]}/annotations", {"rle": SQUARE, "category": category})

    @property
    def objects(self) -> list[dict[str, Any]]:
        return list(self.get(f"/images/{self.images[0]}")["annotations"])


class Demo:
    """A running demo; `browser` is what its visitors' browsers have in common: the network."""

    def __init__(self, beginning: Beginning, clock: Clock, scratch: Path, *, settings: Settings) -> None:
        self.beginning = beginning
        self.clock = clock
        self.scratch = scratch
        self.settings = settings
        metrics = Metrics(beginning.service)

        def dress(session: Throwaway, person: Person) -> FastAPI:
            return mount(create_app(session.service, visitor=person, metrics=metrics), session.service)

        self.visits = Visits(
            begin=beginning.session,
            dress=dress,
            places=settings.demo_visitors,
            idle_seconds=settings.demo_minutes * 60,
            clock=clock,
        )
        self.app = create_demo(beginning.service, self.visits, metrics=metrics)
        self.browser: TestClient

    def visitor(self) -> Visitor:
        """Somebody who has opened the page."""
        new = self.stranger()
        assert new.open().status_code == 200
        return new

    def stranger(self) -> Visitor:
        """Somebody who has not."""
        return Visitor(self.browser, self.settings.root_path)

    def visit_of(self, visitor: Visitor) -> Visit:
        """What the demo knows of a visitor."""
        found = self.visits.find(str(visitor.cookie).partition("=")[2].partition(".")[0])
        assert found is not None
        return found

    def tidy(self) -> None:
        """Let the demo do what it does twice a second."""
        assert self.browser.portal is not None
        self.browser.portal.call(self.visits.tidy)

    @property
    def folders(self) -> int:
        """How many sessions have a folder."""
        return len(list((self.scratch / "visitors").glob("*")))


@contextmanager
def running_demo(folder: Path, scratch: Path, *, address: str = ADDRESS, **settings: Any) -> Iterator[Demo]:
    """A demo of a folder with the fake model."""
    scratch.mkdir(exist_ok=True)
    chosen = Settings.load(author="ann", **settings)
    engine = Engine(predictor=FakePredictor())
    beginning = Beginning(folder, chosen, scratch, categories=["cat", "dog"], engine=engine)
    demo = Demo(beginning, Clock(), scratch, settings=chosen)
    try:
        with TestClient(demo.app, base_url=address, follow_redirects=False) as browser:
            demo.browser = browser
            yield demo
    finally:
        beginning.close()


def tree(folder: Path) -> dict[str, str]:
    """Every file and folder below one, with what is in it."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
    }
