"""The demo project: real photos that come with Gradio, copied into a folder of one's own at the first start."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from platformdirs import user_data_path

from annotator.errors import StorageProblem

PHOTOS = ("cheetah.jpg", "lion.jpg", "tower.jpg", "bus.png", "groot.jpeg")
FIRST = "cheetah.jpg"
CATEGORIES = ("animal", "building", "vehicle", "plant")


def default_folder() -> Path:
    """Where the demo project lives unless told otherwise."""
    return user_data_path("annotator") / "demo"


def prepare(folder: Path) -> None:
    """Copy the photos that are missing into `folder`; what is there already stays as it is.

    Raises:
        StorageProblem: the folder can't be written.
    """
    # The package is looked up, not imported: importing Gradio takes longer than everything else here.
    spec = importlib.util.find_spec("gradio")
    locations = spec.submodule_search_locations if spec else None
    photos = Path(locations[0]) / "media_assets" / "images" if locations else None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in PHOTOS:
            if photos and (photos / name).is_file() and not (folder / name).exists():
                shutil.copyfile(photos / name, folder / name)
    except OSError as error:
        raise StorageProblem(
            f"The demo folder {str(folder)!r} can't be written: {error.strerror}. Give another one with --folder."
        ) from error
