"""Throw-away sessions: everybody begins with a copy of the same project, and nothing is left when they have gone."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from annotator.config import Settings
from annotator.engine import Engine
from annotator.engine.disk import DiskCache
from annotator.engine.lent import LentEngine
from annotator.engine.overlay import Overlay
from annotator.errors import AnnotatorError, BadSetting
from annotator.sessions.allowance import Allowance, Turns
from annotator.sessions.folders import data_folder, registry_of
from annotator.sessions.service import Service
from annotator.store import beginning
from annotator.store.backup import copy
from annotator.store.database import Database

DATABASE = "annotator.db"
AHEAD_IMAGES = 24
"""Images that are embedded before anybody comes; the others are when they are opened."""
_CONNECTIONS = 2
"""Connections that a session keeps open: there are many sessions, and a process may open only so many files."""


@dataclass(frozen=True, slots=True)
class Throwaway:
    """One visitor's project.

    Attributes:
        service: of nobody else, but for the model behind it.
        place: its folder.
        most_bytes: that may be in there.
    """

    service: Service
    place: Path
    most_bytes: int

    @property
    def full(self) -> bool:
        """Whether it has become larger than it may, or has ended meanwhile."""
        sizes = []
        try:
            with os.scandir(self.place) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):  # the database's log comes and goes
                        sizes.append(entry.stat().st_size)
        except FileNotFoundError:
            return True
        return sum(sizes) > self.most_bytes

    def close(self) -> None:
        """End it; nothing is left."""
        try:
            self.service.close()
        finally:
            shutil.rmtree(self.place, ignore_errors=True)


class Beginning:
    """What every visitor begins with, and the model that all share.

    Args:
        folder: of the images, which are read where they are; neither they nor the project there are ever written.
        scratch: for everything that is written.
        categories: for a project that has none.
        first: name of the image that visitors see first.
        engine: instead of the one that the settings say.

    Raises:
        BadSetting: the project is not in a file.
        NotFound: there is no such folder.
        StorageProblem: the project can't be read, or `scratch` not be written.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        scratch: Path,
        *,
        categories: list[str],
        first: str | None = None,
        engine: Engine | None = None,
    ) -> None:
        _require_file(settings)
        self._first = first
        self._scratch = scratch
        self._turns = Turns()
        self._stop = threading.Event()
        self._ahead: threading.Thread | None = None
        own = scratch / "begin"
        own.mkdir()
        source = data_folder(folder, settings) / DATABASE
        if source.is_file():
            beginning.begin_from(source, own / DATABASE)
        self.settings = settings.model_copy(update={"data_dir": own, "author": beginning.SOMEBODY})
        self.service = Service.open(folder, self.settings, engine=engine or _engine(folder, settings, scratch))
        if not self.service.project(author="").categories:
            self.service.categories.ensure(categories)
        self.service.library.scan()

    def start(self) -> None:
        """Load the model and embed the images that come first, in the background: whoever comes finds them ready."""
        self.service.engine.warm_up()
        self._ahead = threading.Thread(target=self._embed_ahead, name="ahead", daemon=True)
        self._ahead.start()

    def session(self, who: str) -> Throwaway:
        """A project for somebody who has just come. To be closed by the caller.

        Raises:
            StorageProblem: there is no room for it.
        """
        place = self._scratch / "visitors" / secrets.token_hex(8)
        place.mkdir(parents=True)
        try:
            copy(self._scratch / "begin" / DATABASE, place / DATABASE, lambda done, total: None)
            began_with = (place / DATABASE).stat().st_size
            database = Database(f"sqlite:///{place / DATABASE}", kept=_CONNECTIONS)
            service = Service(
                settings=self.settings.model_copy(update={"data_dir": place, "author": who}),
                folder=self.service.folder,
                data=place,
                cache=self._scratch / "begin" / "cache",
                database=database,
                engine=LentEngine(self.service.engine),
                allowance=self._allowance(who),
                first=self._first,
            )
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return Throwaway(service, place, began_with + (self.settings.demo_mb << 20))

    def close(self) -> None:
        """Stop what goes on in the background and let go of the model; sessions are closed before."""
        self._stop.set()
        self.service.close()
        if self._ahead is not None:
            self._ahead.join(timeout=10)

    def _allowance(self, who: str) -> Allowance:
        settings = self.settings
        had = self.service.project(author="").counts.objects
        most = had + settings.demo_objects
        return Allowance(who, settings.demo_minutes, settings.demo_objects, most, self._turns)

    def _embed_ahead(self) -> None:
        with suppress(AnnotatorError):  # whoever opens an image is told what is wrong with it
            page = self.service.list_images(status=None, query=None, limit=AHEAD_IMAGES, cursor=None)
            for image in sorted(page.items, key=lambda image: image.name != self._first):
                if self._stop.is_set():
                    return
                with suppress(AnnotatorError):
                    self.service.engine.embed(self.service.library.source(image), priority="prefetch")
            self.service.library.verify()


def _require_file(settings: Settings) -> None:
    if settings.database_url is not None:
        raise BadSetting(
            "A public demo begins with a copy of a project in a file, but the setting database_url names a server."
            " Leave it away; to show that project, export it as COCO, import that into a folder and give it with"
            " --folder.",
            field="database_url",
        )


def _engine(folder: Path, settings: Settings, scratch: Path) -> Engine:
    budget = settings.disk_cache_mb << 20
    kept = data_folder(folder, settings) / "cache" / "embeddings"
    return Engine(
        model=settings.model,
        device=settings.device,
        precision=settings.precision,
        cache_bytes=settings.cache_mb << 20,
        registry=registry_of(settings),
        disk=Overlay(DiskCache(scratch / "embeddings", budget), DiskCache(kept, budget, untouched=True)),
    )
