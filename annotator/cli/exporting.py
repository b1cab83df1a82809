"""`annotator export FORMAT`: a project as a dataset. One command for each format, with the options that it has."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
import typer.main
from typer.core import TyperGroup

from annotator.cli.options import DataDir
from annotator.cli.progress import ProgressBar

if TYPE_CHECKING:
    from annotator.exporters.base import Exporter, ExportReport, Option

_SHOWN = 20
"""Skipped things, and objects that are not exact, that are named before they are only counted."""


class ExportCommands(TyperGroup):
    """The commands are made when somebody asks for them: `annotator --help` needs no exporter."""

    @property
    def commands(self) -> Any:
        """A command for each exporter, by its name."""
        if not self._made:
            from annotator.exporters import EXPORTERS

            formats = typer.Typer()
            for exporter in EXPORTERS.values():
                formats.command(exporter.name, help=_help(exporter), short_help=exporter.title)(_command(exporter))
            self._made.update(typer.main.get_group(formats).commands)
        return self._made

    @commands.setter
    def commands(self, value: Any) -> None:
        self._made: dict[str, Any] = {}


app = typer.Typer(help="Write a project as a dataset.", no_args_is_help=True, cls=ExportCommands)


@app.callback()
def _formats() -> None:
    pass


def _help(exporter: Exporter) -> str:
    return f"{exporter.title}. What is written is read back and compared with the stored masks."


def _command(exporter: Exporter) -> Callable[..., None]:
    """A function whose signature is what `annotator export NAME` takes: a folder and the exporter's options."""
    where = f"Writes <out>/<project>/{exporter.name}/."
    own = {option.name: _parameter(option) for option in exporter.options}
    types = {
        "folder": Annotated[Path, typer.Argument(help="Folder of the project.")],
        "out": Annotated[Path, typer.Option(help=where)],
        **{name: kind for name, (kind, _) in own.items()},
        "version": Annotated[str | None, typer.Option(help="A version instead of the project as it is now.")],
        "data_dir": DataDir,
    }
    defaults = {"out": Path("exports"), **{name: default for name, (_, default) in own.items()}}
    defaults |= {"version": None, "data_dir": None}
    command = _exporting(exporter)
    keyword = inspect.Parameter.KEYWORD_ONLY
    signature = inspect.Signature(
        [
            inspect.Parameter(name, keyword, annotation=kind, default=defaults.get(name, inspect.Parameter.empty))
            for name, kind in types.items()
        ]
    )
    vars(command).update(__signature__=signature, __annotations__=types)
    return command


def _parameter(option: Option) -> tuple[Any, Any]:
    """Type and default of an option for the command line."""
    if option.type == "choice":
        return Annotated[Literal[option.choices], typer.Option(help=option.help)], option.default
    if option.type == "int":
        return Annotated[int, typer.Option(help=option.help, min=option.minimum, max=option.maximum)], option.default
    return Annotated[bool if option.type == "bool" else str, typer.Option(help=option.help)], option.default


def _exporting(exporter: Exporter) -> Callable[..., None]:
    def export(*, folder: Path, out: Path, version: str | None, data_dir: Path | None, **options: Any) -> None:
        from annotator.config import Settings
        from annotator.sessions.exporting import export_folder

        settings = Settings.load(data_dir=data_dir)
        with ProgressBar("Exporting") as progress:
            report = export_folder(
                folder,
                settings,
                format=exporter.name,
                out=out,
                options=options,
                progress=progress.update,
                version=version,
            )
        _print_report(report)

    return export


def _print_report(report: ExportReport) -> None:
    print(
        f"Wrote {report.target}: {report.annotations} objects on {report.images} images, each read back and compared."
    )
    if report.minimum_iou is not None:
        print(f"Minimum IoU with the stored masks: {report.minimum_iou:.4f}")
    for line in report.warnings:
        print(f"Note: {line}")
    for loss in report.losses[:_SHOWN]:
        print(f"IoU {loss.iou:.4f}: object {loss.annotation} on {loss.image}")
    if len(report.losses) > _SHOWN:
        print(f"… and {len(report.losses) - _SHOWN:,} more objects with a loss")
    for skipped in report.skipped[:_SHOWN]:
        print(f"Skipped {skipped.what}: {skipped.reason}")
    if len(report.skipped) > _SHOWN:
        print(f"Skipped {len(report.skipped) - _SHOWN:,} more.")
