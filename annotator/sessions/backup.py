"""Backups of a project's database while it is in use, and bringing one back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import annotator
from annotator.config import Settings
from annotator.errors import Conflict, InvalidInput, NotFound, StorageProblem
from annotator.exporters.atomic import appearing
from annotator.sessions.folders import data_folder, database_url
from annotator.store import backup as files

DATABASE, MANIFEST = "annotator.db", "manifest.json"
SERVERS = "servers"
"""Folder in the project's data: a file for each process that serves it, named by its number."""

Steps = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup says of itself.

    Attributes:
        made: ISO 8601, UTC.
        sha256: of the database in it.
        schema: of its tables.
    """

    project: str
    made: str
    version: str
    schema: str
    sha256: str


def back_up(folder: Path, settings: Settings, target: Path, progress: Steps = lambda done, total: None) -> Backup:
    """Write the database as it is now into an archive; people can go on working meanwhile.

    The images are not in it, nor what can be made again (embeddings, thumbnails).

    Raises:
        NotFound: the folder is not a project yet.
        InvalidInput: the project is in a database server.
        StorageProblem: something can't be read or written; an older archive is untouched.
    """
    source = files.sqlite_path(database_url(folder, settings))
    if not source.is_file():
        raise NotFound(f"{str(folder)!r} is not a project yet; there is nothing to back up.")
    with appearing(target) as scratch:
        database = scratch / DATABASE
        files.copy(source, database, progress)
        about = Backup(
            project=folder.resolve().name,
            made=datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z"),
            version=annotator.__version__,
            schema=files.require_sound(database),
            sha256=_sha256(database),
        )
        manifest = {name: getattr(about, name) for name in Backup.__slots__}
        with zipfile.ZipFile(scratch / target.name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(MANIFEST, json.dumps(manifest, indent=2) + "\n")
            archive.write(database, DATABASE)
    return about


def restore(archive: Path, folder: Path, settings: Settings) -> tuple[Backup, Path | None]:
    """Put the database of a backup in the place of the project's, which is kept beside it.

    Returns:
        What was restored, and where the database that was there before is now; None if there was none.

    Raises:
        Conflict: a server has the project open.
        InvalidInput: the archive is damaged or no backup; nothing was changed.
        NotFound: there is no such folder.
        StorageProblem: the data folder can't be written.
    """
    if not folder.is_dir():
        raise NotFound(f"There is no folder {str(folder)!r}; create it, with the project's images in it.")
    target = files.sqlite_path(database_url(folder, settings))
    running = servers(data_folder(folder, settings))
    if running:
        raise Conflict(f"A server has the project open (process {running[0]}); stop it, then restore.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".restore-") as scratch:
            about = _unpacked(archive, Path(scratch) / DATABASE)
            kept = _set_aside(target)
            os.replace(Path(scratch) / DATABASE, target)
    except OSError as error:
        raise StorageProblem(f"The project can't be restored: {error}. Make room or change the rights.") from error
    return about, kept


@contextmanager
def serving(data: Path) -> Iterator[None]:
    """While this process serves a project: a restore must not pull the database from under it."""
    mark = data / SERVERS / str(os.getpid())
    with suppress(OSError):  # a read-only place can't be restored into either
        mark.parent.mkdir(exist_ok=True)
        mark.touch()
    try:
        yield
    finally:
        with suppress(OSError):
            mark.unlink()


def servers(data: Path) -> list[int]:
    """Numbers of the processes that serve a project now; marks of those that were killed are ignored."""
    marks = (data / SERVERS).glob("*") if (data / SERVERS).is_dir() else []
    return [int(mark.name) for mark in marks if mark.name.isdigit() and _lives(int(mark.name))]


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's, and alive
    return True


def _unpacked(archive: Path, target: Path) -> Backup:
    try:
        with zipfile.ZipFile(archive) as opened:
            manifest: Any = json.loads(opened.read(MANIFEST))
            about = Backup(**{name: str(manifest[name]) for name in Backup.__slots__})
            with opened.open(DATABASE) as source, target.open("wb") as stream:
                shutil.copyfileobj(source, stream, 1 << 20)
    except FileNotFoundError:
        raise NotFound(f"There is no file {str(archive)!r}.") from None
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError) as error:
        raise InvalidInput(f"{str(archive)!r} is no backup, or is damaged ({error}). Nothing was changed.") from error
    if _sha256(target) != about.sha256:
        raise InvalidInput(f"The database in {str(archive)!r} is not the one that was backed up. Nothing was changed.")
    files.require_sound(target)
    return about


def _set_aside(target: Path) -> Path | None:
    """The database that is there, under another name; its log goes with it."""
    if not target.exists():
        return None
    stamp = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
    kept = target.with_name(f"{target.stem}-before-{stamp}{target.suffix}")
    for ending in ("-wal", "-shm", ""):
        part = target.with_name(target.name + ending)
        if part.exists():
            os.replace(part, kept.with_name(kept.name + ending))
    return kept


def _sha256(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            found.update(block)
    return found.hexdigest()
