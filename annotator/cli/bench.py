"""`annotator bench`: how fast this machine is with a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotator.cli.progress import ProgressBar
from annotator.cli.tables import print_table

if TYPE_CHECKING:
    from annotator.bench.figures import Figure
    from annotator.bench.report import Report

HEAD = ("what", "p50", "p95", "unit", "n", "compared (below 1: less)")


def bench(
    model: Annotated[str, typer.Option(help="A name from `annotator models`; auto takes the best one here.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    precision: Annotated[str, typer.Option(help="auto, fp32, or bf16 and fp16 on a GPU: how models compute.")] = "auto",
    against: Annotated[
        str,
        typer.Option(
            help="What to compare with: sam2 (the model's own library called directly), label-studio-order"
            " (encode and decode on each click), all or none."
        ),
    ] = "all",
    users: Annotated[int, typer.Option(help="People who click at once.")] = 4,
    images: Annotated[Path | None, typer.Option(help="Folder of pictures to open; drawn ones by default.")] = None,
    clicks: Annotated[int, typer.Option(help="Clicks a figure.")] = 100,
    visits: Annotated[
        int, typer.Option(help="Images that one person goes through while the server's memory is watched; 0: none.")
    ] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="Every figure with fewer repetitions.")] = False,
    random_weights: Annotated[
        bool,
        typer.Option("--random-weights", help="Measure a SAM 2 model that is not here: as quick, but blind."),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Also write the figures to this JSON file.")] = None,
) -> None:
    """Measure encoding, clicks, switching images and several people, beside the model called directly."""
    from annotator.bench.installation import Installation
    from annotator.bench.plan import Plan
    from annotator.bench.run import run
    from annotator.config import Settings

    settings = Settings.load(model=model, device=device, precision=precision)
    plan = Plan(
        model=model,
        device=device,
        precision=precision,
        against=against,
        users=users,
        clicks=clicks,
        visits=visits,
        images=images,
        random_weights=random_weights,
    )
    where = Installation(settings.models_dir, settings.checkpoints_dir)
    if out is not None:
        _require_writable(out)
    with ProgressBar("Measuring") as progress:
        report = run(plan.quick() if quick else plan, installation=where, progress=progress.update, say=_say)
    print_report(report)
    if out is not None:
        _write(out, report)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _require_writable(out: Path) -> None:
    """Said before minutes of measuring rather than after."""
    from annotator.errors import StorageProblem

    try:
        with out.open("a"):
            pass
    except OSError as error:
        raise StorageProblem(f"{str(out)!r} can't be written: {error.strerror}. Give another file to --out.") from error


def _write(out: Path, report: Report) -> None:
    import json

    out.write_text(json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"Wrote {out}")


def print_report(report: Report) -> None:
    """Print a report as a table."""
    print(f"{report.model['title']} on {report.device}: {report.machine['summary']}")
    print(", ".join(f"{name} {version}" for name, version in report.versions.items()))
    print()
    print_table(HEAD, [_row(figure, report) for figure in report.figures.values()], right=(1, 2, 4))
    for note in report.notes:
        print(f"Note: {note}")


def _row(figure: Figure, report: Report) -> tuple[str, ...]:
    compared = [f"{ratio:.2f} × {report.figures[name].label}" for name, ratio in figure.ratios(report.figures).items()]
    single = len(figure.values) == 1
    return (
        figure.title,
        _number(figure.p50),
        "" if single else _number(figure.p95),
        figure.unit,
        str(len(figure.values)),
        ", ".join(compared),
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}"
