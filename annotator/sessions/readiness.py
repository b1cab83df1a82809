"""Whether a project can be worked on: everything that an annotator's click needs, looked at once a second at most."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path

from annotator.engine import Engine
from annotator.errors import StorageProblem
from annotator.store import project_rows
from annotator.store.database import Database

LEAST_DISK_BYTES = 64 << 20
_LOOK_SECONDS = 1.0


class Readiness:
    """Looks at the database, the model, the folder of images and the disk."""

    def __init__(self, *, database: Database, project_id: str, engine: Engine, folder: Path, data: Path) -> None:
        self._database = database
        self._project_id = project_id
        self._engine = engine
        self._folder = folder
        self._data = data
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._reasons: list[str] = []

    def reasons(self) -> list[str]:
        """Why nobody can work, as sentences that name no paths: strangers may read them. Empty: all is well."""
        with self._lock:  # however many ask, one looks
            if time.monotonic() - self._looked >= _LOOK_SECONDS:
                self._reasons = [reason for reason in (self._store(), self._model(), *self._files()) if reason]
                self._looked = time.monotonic()
            return self._reasons

    def _store(self) -> str | None:
        try:
            with self._database.write() as connection:
                project_rows.touch(connection, self._project_id)
        except StorageProblem:
            return "The database can't be written."
        return None

    def _model(self) -> str | None:
        status = self._engine.status()
        if status.state == "failed":
            return "The model can't be loaded."
        return "The model is being loaded." if status.state == "loading" else None

    def _files(self) -> list[str]:
        found = []
        try:
            with os.scandir(self._folder) as entries:
                next(entries, None)
        except OSError:
            found.append("The folder of images can't be read.")
        try:
            if shutil.disk_usage(self._data).free < LEAST_DISK_BYTES:
                found.append(f"The disk has less than {LEAST_DISK_BYTES >> 20} MiB left.")
        except OSError:
            found.append("The folder of the project's data can't be read.")
        return found
