"""Where a project keeps its data: beside the images unless set otherwise."""

from __future__ import annotations

from pathlib import Path

from annotator.config import Settings

DATA_FOLDER = ".annotator"


def data_folder(folder: Path, settings: Settings) -> Path:
    """Folder of the project's database and caches."""
    return settings.data_dir or folder.resolve() / DATA_FOLDER


def database_url(folder: Path, settings: Settings) -> str:
    """SQLAlchemy URL of the project's database."""
    return settings.database_url or f"sqlite:///{data_folder(folder, settings) / 'annotator.db'}"
