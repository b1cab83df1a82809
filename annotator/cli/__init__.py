"""The command line: parse, call the service, print. One module for one group of commands."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import annotator
from annotator.cli import (
    backups,
    bench,
    checking,
    doctor,
    exporting,
    importing,
    models,
    precompute,
    reporting,
    serving,
    users,
    versions,
)
from annotator.errors import AnnotatorError

__all__ = ["app", "main"]

app = typer.Typer(
    name="annotator",
    help="Click on objects in the browser, get masks, ship COCO datasets.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(serving.serve)
app.command()(serving.demo)
app.command()(precompute.precompute)
app.command()(doctor.doctor)
app.command("import")(importing.import_)
app.command()(checking.check)
app.command()(reporting.report)
app.command()(backups.backup)
app.command()(backups.restore)
app.command()(bench.bench)
app.add_typer(models.app, name="models")
app.add_typer(exporting.app, name="export")
app.add_typer(versions.app, name="version")
app.add_typer(users.app, name="user")


def main() -> None:
    """Run the command line; an expected error is one sentence on stderr and exit code 1."""
    try:
        app()
    except AnnotatorError as error:
        print(f"annotator: {error.message}", file=sys.stderr)
        raise SystemExit(1) from None


def _print_version(wanted: bool) -> None:
    if wanted:
        print(annotator.__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass
