"""Where files are: what comes with annotator, what it downloads, and what a person adds.

In a checkout all of it is beside the package; an installation has its own files inside the package, which may be
read-only, and keeps downloads in the person's data folder.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_PACKAGED = _PACKAGE / "_data"


def _shipped(name: str) -> Path:
    packaged = _PACKAGED / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


def configs_folder() -> Path:
    """Folder with `app.yaml` and `models/*.yaml`."""
    return _shipped("configs")


def checkpoints_folder() -> Path:
    """Folder with the embedded model's weights."""
    return _shipped("checkpoints")


def downloads_folder() -> Path:
    """Where downloaded weights go unless a setting says otherwise."""
    from platformdirs import user_data_path

    return user_data_path("annotator") / "checkpoints" if _PACKAGED.is_dir() else checkpoints_folder()


def model_folders(own: Path | None = None) -> tuple[Path, ...]:
    """Folders with descriptions of models: those that come with annotator, then the person's own.

    Args:
        own: the setting `models_dir`; None: `annotator/models` in the person's configuration folder.
    """
    from platformdirs import user_config_path

    return configs_folder() / "models", own if own is not None else user_config_path("annotator") / "models"
