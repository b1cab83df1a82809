"""`annotator check`: what is worth a look in a project or in a COCO file, with an exit code for CI."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from annotator.cli.options import DataDir, require_target
from annotator.cli.progress import ProgressBar
from annotator.errors import AnnotatorError, BadSetting, NotFound

if TYPE_CHECKING:
    from annotator.domain.severity import Severity
    from annotator.exporters.base import ExportImage, ExportSource
    from annotator.importers.coco_values import Problem
    from annotator.quality.findings import Finding
    from annotator.quality.thresholds import Thresholds

CLEAN, FOUND, UNUSABLE = 0, 1, 2
"""Exit codes."""

_PLURAL: dict[Severity, str] = {"error": "errors", "warning": "warnings", "info": "notes"}


@dataclass(slots=True)
class _Result:
    """What the rules and the checker of files said."""

    target: str
    problems: list[Problem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    usable: bool = True
    dropped: int = 0

    def count(self, severity: Severity) -> int:
        severities = [problem.severity for problem in self.problems] + [found.severity for found in self.findings]
        return severities.count(severity)


def check(
    target: Annotated[Path, typer.Argument(metavar="FOLDER|FILE", help="Folder of a project, or a COCO JSON file.")],
    rule: Annotated[list[str] | None, typer.Option(help="Run this rule only; can be given several times.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="RULE.THRESHOLD=NUMBER", help="E.g. overlap.iou=0.5.")
    ] = None,
    save: Annotated[bool, typer.Option("--save", help="Keep what --set says with the project.")] = False,
    images: Annotated[
        Path | None, typer.Option(help="Folder of a COCO file's pictures: are they there, and as it says?")
    ] = None,
    fail_on: Annotated[
        str, typer.Option(help="What makes the exit code 1: info (anything), warning or error.")
    ] = "warning",
    examples: Annotated[int, typer.Option(min=0, help="Findings to show of each kind; 0 shows all.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Look for mistakes: overlaps, specks, outliers, near-duplicates and more; in a COCO file also for what is invalid.

    The exit code is 0 if nothing was found, 1 if something was and 2 if the target can't be checked.
    """
    from annotator.domain.severity import SEVERITIES

    try:
        if fail_on not in SEVERITIES:
            raise BadSetting(f"--fail-on is {fail_on!r}; use one of: {', '.join(SEVERITIES)}.")
        result = _checked(target, rule or [], set_ or [], images, data_dir, save)
    except AnnotatorError as error:
        print(f"annotator: {error.message}", file=sys.stderr)
        raise typer.Exit(UNUSABLE) from None
    except OSError as error:
        print(f"annotator: {str(target)!r} can't be read: {error.strerror}.", file=sys.stderr)
        raise typer.Exit(UNUSABLE) from None
    if as_json:
        print(json.dumps(_as_json(result)))
    else:
        _print(result, examples)
    grave = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    found = any(result.count(severity) for severity in grave)
    raise typer.Exit(UNUSABLE if not result.usable else FOUND if found else CLEAN)


def _checked(
    target: Path, rules: list[str], settings: list[str], images: Path | None, data_dir: Path | None, save: bool
) -> _Result:
    from annotator.config import Settings
    from annotator.quality.thresholds import Thresholds
    from annotator.sessions.exporting import project_of
    from annotator.sessions.quality import hashing, keep_thresholds_of, thresholds_of

    loaded = Settings.load(data_dir=data_dir)
    thresholds = (thresholds_of(target, loaded) if target.is_dir() else Thresholds()).changed(settings)
    if save:
        keep_thresholds_of(target, loaded, thresholds)
    if rules:
        thresholds = thresholds.only(rules)
    if target.is_dir():
        with project_of(target, loaded) as source:
            return _Result(str(target), findings=_run(source, thresholds, hashing(target)))
    require_target(target)
    if images is not None and not images.is_dir():
        raise NotFound(f"There is no folder {str(images)!r}; name the one that the file names are relative to.")
    return _check_file(target, thresholds, images)


def _check_file(path: Path, thresholds: Thresholds, images: Path | None) -> _Result:
    from annotator.quality.coco_file import CocoFile
    from annotator.sessions.quality import hashing

    file = CocoFile(path, images=images)
    result = _Result(str(path))
    with ProgressBar("Reading", bytes=True) as progress:
        result.problems = list(file.problems(progress.update))
    result.usable, result.dropped = file.readable, file.dropped
    if file.readable:
        result.findings = _run(file, thresholds, hashing(images) if images is not None else None)
    return result


def _run(
    source: ExportSource, thresholds: Thresholds, image_hash: Callable[[ExportImage], int | None] | None
) -> list[Finding]:
    from annotator.quality.running import run

    with ProgressBar("Checking") as progress:
        return list(run(source, thresholds, progress.update, image_hash=image_hash))


def _as_json(result: _Result) -> dict[str, Any]:
    return {
        "target": result.target,
        "usable": result.usable,
        "dropped": result.dropped,
        "counts": {severity: result.count(severity) for severity in _PLURAL},
        "problems": [problem.to_json() for problem in result.problems],
        "findings": [finding.to_json() for finding in result.findings],
    }


def _print(result: _Result, examples: int) -> None:
    from annotator.quality.rules import RULES

    for severity in _PLURAL:
        kinds: dict[str, list[str]] = {}
        for problem in result.problems:
            if problem.severity == severity:
                kinds.setdefault(problem.kind, []).append(f"{problem.where}: {problem.message}")
        for kind, lines in kinds.items():
            _print_group(f"{kind.replace('_', ' ').capitalize()} ({severity}, {len(lines)})", lines, examples)
        for name, rule in RULES.items():
            found = [finding for finding in result.findings if finding.rule == name and finding.severity == severity]
            if found:
                lines = [
                    f"{finding.image}: {finding.message}" if finding.image else finding.message for finding in found
                ]
                _print_group(f"{rule.title} ({severity}, {len(found)}; rule {name}). {rule.help}", lines, examples)
    if result.dropped:
        print(f"{result.dropped} annotations are too wrong to be looked at by the rules.")
    counts = [_counted(result.count(severity), plural) for severity, plural in _PLURAL.items()]
    print(f"{_printable(result.target)}: {', '.join(counts)}.")


def _counted(count: int, plural: str) -> str:
    return f"{count:,} {plural.removesuffix('s') if count == 1 else plural}"


def _print_group(title: str, lines: Iterable[str], examples: int) -> None:
    every = list(lines)
    print(title)
    for line in every[: examples or None]:
        print(f"  {_printable(line)}")
    if examples and len(every) > examples:
        print(f"  … and {len(every) - examples:,} more; --examples 0 shows all")
    print()


def _printable(text: str) -> str:
    from annotator.importers.coco_values import printable

    return printable(text)
