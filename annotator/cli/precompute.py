"""`annotator precompute`: embed a whole project ahead of the work."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotator.cli.options import DataDir, Device, Model, Precision

if TYPE_CHECKING:
    from annotator.sessions.precompute import PrecomputeReport

LOG_SECONDS = 60.0
"""How often a line is written where there is no terminal: a log of a night stays readable."""


def precompute(
    folder: Annotated[Path, typer.Argument(help="Folder of images.")],
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Images to embed at most in this run.")] = None,
    budget_mb: Annotated[
        int | None, typer.Option(min=1, help="Disk that this folder's embeddings may take from now on, in MiB.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Embed all images of a folder, so that nobody waits for the model when they are opened.

    It can be stopped at any time and goes on where it was. What it makes on a machine with a GPU serves any other.
    """
    from annotator.config import Settings
    from annotator.sessions import precompute as work

    settings = Settings.load(model=model, device=device, precision=precision, data_dir=data_dir)
    budget = None if budget_mb is None else budget_mb << 20
    try:
        with Shown() as progress:
            report = work.precompute(folder, settings, limit=limit, budget=budget, progress=progress)
    except KeyboardInterrupt:
        print("Stopped. What is embedded is kept: start it again and it goes on.")
        raise typer.Exit(130) from None
    _print_report(report)


def summary(report: PrecomputeReport) -> str:
    """What was done, in one line."""
    rate = f" ({report.embedded / report.seconds:.2g} images/s)" if report.embedded and report.seconds > 0 else ""
    left = f", {report.left:,} left for the next run" if report.left else ""
    return (
        f"{report.model}: {report.embedded:,} embedded{rate}, {report.already:,} there already,"
        f" {len(report.failed):,} failed{left}; {report.nbytes / 1e6:,.0f} MB in {report.folder}"
    )


def _print_report(report: PrecomputeReport) -> None:
    if report.notice is not None:
        print(f"Note: {report.notice}")
    if report.failed:
        print("Not embedded:")
    for failure in report.failed:
        print(f"  {failure.name}: {failure.reason}")
    print(summary(report))


class Shown:
    """How far it is, on stderr: a bar in a terminal, else a line now and then."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, rate="")
        self._text = ""
        self._began = self._told = 0.0

    def __enter__(self) -> Shown:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, text: str) -> None:
        """It begins with something else."""
        if text == self._text:
            return
        self._text = text
        self._began = self._told = time.monotonic()
        self._bar.reset(self._task, description=text, total=None, rate="")
        if not self._console.is_terminal:
            self._console.print(text)

    def update(self, done: int, total: int) -> None:
        """`done` of `total` images are finished."""
        now = time.monotonic()
        rate = done / max(now - self._began, 1e-3)
        self._bar.update(self._task, completed=done, total=total, rate=f"{rate:.2g} images/s" if done else "")
        if done and not self._console.is_terminal and now - self._told >= LOG_SECONDS:
            self._told = now
            minutes = (total - done) / rate / 60
            self._console.print(f"{done:,} of {total:,}, {rate:.2g} images/s, about {minutes:,.0f} min left")
