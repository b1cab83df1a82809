"""Where the files that come with annotator are: in a checkout beside the package, in an installation inside it."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def _shipped(name: str) -> Path:
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


def configs_folder() -> Path:
    """Folder with `app.yaml` and `models/*.yaml`."""
    return _shipped("configs")


def checkpoints_folder() -> Path:
    """Folder with the committed model's weights; downloaded ones go beside them."""
    return _shipped("checkpoints")
