"""Where a project keeps its data: beside the images unless set otherwise."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from annotator.config import Settings
from annotator.engine import Registry
from annotator.engine.disk import DiskCache
from annotator.errors import NotFound, StorageProblem
from annotator.paths import model_folders

DATA_FOLDER = ".annotator"


def data_folder(folder: Path, settings: Settings) -> Path:
    """Folder of the project's database and caches."""
    return settings.data_dir or folder.resolve() / DATA_FOLDER


def make_data_folder(folder: Path, settings: Settings) -> Path:
    """The data folder of a project, made if it is not there.

    Raises:
        NotFound: there is no such folder of images.
        StorageProblem: the data folder can't be written.
    """
    if not folder.is_dir():
        raise NotFound(f"There is no folder {str(folder)!r}; create it or give the path of another one.")
    data = data_folder(folder, settings)
    try:
        data.mkdir(parents=True, exist_ok=True)
        (data / ".gitignore").write_text("*\n")
    except OSError as error:
        raise StorageProblem(
            f"{str(data)!r} can't be written: {error.strerror}. Make it writable or give another with --data-dir."
        ) from error
    return data


def registry_of(settings: Settings) -> Registry:
    """The models that the settings lead to."""
    return Registry(folders=model_folders(settings.models_dir), checkpoints=settings.checkpoints_dir)


def disk_tier(data: Path, settings: Settings) -> DiskCache | None:
    """The project's embeddings on disk, below its data folder; None: none are kept."""
    if settings.disk_cache_mb == 0:
        return None
    return DiskCache(data / "cache" / "embeddings", settings.disk_cache_mb << 20)


def database_url(folder: Path, settings: Settings) -> str:
    """SQLAlchemy URL of the project's database."""
    return settings.database_url or f"sqlite:///{data_folder(folder, settings) / 'annotator.db'}"


def project_slug(name: str) -> str:
    """The id of a new project: its name in plain letters."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")[:60] or "project"
