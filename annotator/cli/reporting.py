"""`annotator report`: the statistics of a project or of a COCO file, to hand on."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotator.cli.options import DataDir, require_target
from annotator.cli.progress import ProgressBar
from annotator.errors import InvalidInput

if TYPE_CHECKING:
    from annotator.exporters.base import ExportSource
    from annotator.quality.thresholds import Thresholds


def report(
    target: Annotated[Path, typer.Argument(metavar="FOLDER|FILE", help="Folder of a project, or a COCO JSON file.")],
    out: Annotated[Path, typer.Option(help="Writes <out>/<project>/report/report.html and csv/*.csv.")] = Path(
        "exports"
    ),
    rules: Annotated[bool, typer.Option(help="Count what the quality rules find, too.")] = True,
    data_dir: DataDir = None,
) -> None:
    """Write one HTML page with the figures of a dataset, and the same figures as CSV."""
    from annotator.config import Settings
    from annotator.quality.thresholds import Thresholds
    from annotator.sessions.exporting import project_of
    from annotator.sessions.quality import thresholds_of

    require_target(target)
    if target.is_dir():
        settings = Settings.load(data_dir=data_dir)
        with project_of(target, settings) as source:
            _write(source, out, thresholds_of(target, settings) if rules else None)
        return
    from annotator.quality.coco_file import CocoFile

    file = CocoFile(target)
    with ProgressBar("Reading", bytes=True) as progress:
        wrong = sum(1 for _ in file.problems(progress.update))
    if not file.readable:
        raise InvalidInput(f"{str(target)!r} is no COCO dataset; `annotator check` says what is wrong.")
    if wrong:
        print(f"Note: the file has {wrong:,} problems; `annotator check` lists them.", file=sys.stderr)
    _write(file, out, Thresholds() if rules else None)


def _write(source: ExportSource, out: Path, thresholds: Thresholds | None) -> None:
    from annotator.quality.running import run
    from annotator.quality.statistics import collect
    from annotator.quality.writing import write

    findings = None
    if thresholds is not None:
        with ProgressBar("Checking") as progress:
            findings = list(run(source, thresholds, progress.update))
    with ProgressBar("Counting") as progress:
        statistics = collect(source, progress.update)
    made = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    page, *others = write(statistics, out / source.project_name / "report", made=made, findings=findings)
    print(f"Wrote {page} and {len(others)} tables in {others[0].parent}.")
