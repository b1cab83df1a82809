"""`annotator backup` and `annotator restore`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from annotator.cli.options import DataDir
from annotator.cli.progress import ProgressBar


def backup(
    folder: Annotated[Path, typer.Argument(help="Folder of the project.")],
    out: Annotated[
        Path | None, typer.Option(help="Archive to write; by default <project>-<time>.annotator.zip here.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Write a project's database into one archive, while people go on working.

    Images and what can be made again (embeddings, thumbnails) are not in it.
    """
    from annotator.config import Settings
    from annotator.sessions.backup import back_up

    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    target = out or Path(f"{folder.resolve().name}-{stamp}.annotator.zip")
    with ProgressBar("Backing up") as progress:
        about = back_up(folder, Settings.load(data_dir=data_dir), target, progress.update)
    print(f"Wrote {target}: “{about.project}” as it was at {about.made}.")


def restore(
    archive: Annotated[Path, typer.Argument(help="What `annotator backup` has written.")],
    folder: Annotated[Path, typer.Argument(help="Folder of the project, with its images.")],
    data_dir: DataDir = None,
) -> None:
    """Put a backup in the place of a project's database, which is kept beside it. Stop the server first."""
    from annotator.config import Settings
    from annotator.sessions.backup import restore as bring_back

    about, kept = bring_back(archive, folder, Settings.load(data_dir=data_dir))
    print(f"Restored “{about.project}” as it was at {about.made}.")
    if kept is not None:
        print(f"What was there before is {kept}.")
