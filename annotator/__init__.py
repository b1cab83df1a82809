"""annotator: click on objects, get masks, ship COCO datasets.

In a notebook: `project = annotator.open("photos")`; see `annotator.project`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from annotator.project import Project

__all__ = ["__version__", "open"]

__version__ = "0.1.0"


def open(folder: str | Path, *, data_dir: str | Path | None = None, author: str | None = None) -> Project:
    """Open a folder of images as a project, for notebooks and training code. Use it with `with`, or `close` it.

    Args:
        data_dir: where the project is kept; `folder/.annotator` by default.
        author: whose the objects are that are added; the person of the settings by default.

    Raises:
        annotator.errors.NotFound: there is no such folder.
    """
    from annotator.project import Project

    return Project(Path(folder), data_dir=None if data_dir is None else Path(data_dir), author=author)
