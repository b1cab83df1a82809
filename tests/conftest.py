"""What many tests start from: a folder of photos, a service with the fake model, a client of the API."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import settings as hypothesis_settings
from PIL import Image

from annotator.config import Settings
from annotator.engine import Engine
from annotator.engine.fake import FakePredictor
from annotator.sessions import accounts, backup, exporting
from annotator.sessions import service as service_module
from annotator.sessions.service import Service
from tests.postgresql import Server, binaries, server

hypothesis_settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis_settings.load_profile("steady")


def photo(path: Path, *, width: int = 120, height: int = 80, seed: int = 0) -> Path:
    """A picture that no other seed gives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture(scope="session", autouse=True)
def _no_notes_in_the_persons_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ANNOTATOR_")]:
        monkeypatch.delenv(name)


ON_POSTGRESQL = os.environ.get("ANNOTATOR_TEST_POSTGRESQL") == "1"
"""Whether every project of the tests is to be kept in PostgreSQL (`make postgresql`)."""


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A PostgreSQL server; without its package the test is skipped."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed; the package is “postgresql”")
    with server(tmp_path_factory.mktemp("postgresql")) as running:
        yield running


@pytest.fixture(autouse=True)
def _database_of_its_own(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _no_settings_from_outside: None
) -> None:
    """On PostgreSQL each test has a database of its own; what is about files of SQLite is left out."""
    if not ON_POSTGRESQL or "postgresql" in request.fixturenames:
        return
    if request.node.get_closest_marker("sqlite"):
        pytest.skip("this is about the files of SQLite")
    running: Server = request.getfixturevalue("postgresql")
    databases: dict[Path, str] = {}
    first = running.database()
    monkeypatch.setenv("ANNOTATOR_DATABASE_URL", first)  # for commands that run as processes

    def of_folder(folder: Path, _settings: Settings) -> str:
        place = folder.resolve()
        if place not in databases:
            databases[place] = running.database() if databases else first
        return databases[place]

    for module in (accounts, backup, exporting, service_module):
        monkeypatch.setattr(module, "database_url", of_folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three photos: a.png, b.png and sub/a.png."""
    root = tmp_path / "photos"
    for seed, name in enumerate(["a.png", "b.png", "sub/a.png"]):
        photo(root / name, seed=seed)
    return root


@pytest.fixture
def predictor() -> FakePredictor:
    return FakePredictor()


@pytest.fixture
def service(folder: Path, predictor: FakePredictor) -> Iterator[Service]:
    """The folder opened and listed, with categories cat and dog."""
    opened = Service.open(folder, Settings.load(author="ann"), engine=Engine(predictor=predictor))
    opened.categories.ensure(["cat", "dog"])
    opened.library.scan()
    yield opened
    opened.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    """The API, as a browser on this machine would reach it."""
    from annotator.api.app import create_app

    with TestClient(create_app(service), base_url="http://127.0.0.1:7860") as browser:
        yield browser


@pytest.fixture
def images(service: Service) -> list[str]:
    """Ids of a.png, b.png and sub/a.png."""
    page = service.list_images(status=None, query=None, limit=10, cursor=None)
    return [image.id for image in page.items]
