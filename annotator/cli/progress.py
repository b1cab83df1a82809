"""A progress bar on stderr for everything that takes a while."""

from __future__ import annotations


class ProgressBar:
    """A progress bar, where there is a terminal; nothing is printed into files and pipes.

    Args:
        title: what is being done, e.g. `Exporting`.
        bytes: whether the steps are bytes (shown as MB and MB/s).
    """

    def __init__(self, title: str, *, bytes: bool = False) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        amount = [DownloadColumn(), TransferSpeedColumn()] if bytes else [MofNCompleteColumn()]
        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            *amount,
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(title, total=None)

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, done: int, total: int) -> None:
        """Show that `done` of `total` steps are finished."""
        self._bar.update(self._task, completed=done, total=total)
