"""The Export tab: a format, its options, the work with its progress, what was written, and the file."""

from __future__ import annotations

import html
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from annotator.domain.person import Role
from annotator.errors import AnnotatorError
from annotator.exporters import EXPORTERS
from annotator.exporters.base import ExportReport, Option
from annotator.sessions.allowance import VISITORS_FORMAT
from annotator.sessions.folders import data_folder
from annotator.sessions.service import Service
from annotator.ui import reports, versions_section
from annotator.ui.people import author_of
from annotator.ui.reports import error_html, list_html, note_html, plain, steps

FOLDED = ("pictures", "splits", "fractions", "pattern", "stratified", "seed")
"""Options that are the same in many formats and seldom changed."""


def build(service: Service) -> None:
    """Add the tab's components to the Blocks in hand."""
    visiting = service.allowance is not None
    formats = [exporter for exporter in EXPORTERS.values() if not visiting or exporter.name == VISITORS_FORMAT]
    options_of = {one.name: _offered(one.options, visiting=visiting) for one in formats}
    with gr.Column(elem_classes="ann-export-page"):
        gr.Markdown(
            f"## Export “{plain(service.name)}”\nEvery mask is read back from the written file and compared."
            + (f" In this demo it is COCO; annotator itself writes {len(EXPORTERS)} formats." if visiting else "")
        )
        version = gr.Dropdown(
            versions_section.choices(service),
            value="",
            label="What",
            elem_id="ann-export-version",
            visible=not visiting,
        )
        chosen = gr.Dropdown(
            [(exporter.title, exporter.name) for exporter in formats],
            value=formats[0].name,
            label="Format",
            elem_id="ann-export-format",
        )
        groups: list[gr.Column] = []
        inputs: list[list[Any]] = []
        for exporter in formats:
            with gr.Column(visible=exporter is formats[0]) as group:
                inputs.append(_inputs(options_of[exporter.name]))
            groups.append(group)
        start = gr.Button("Export", variant="primary", elem_id="ann-export-start")
        report = gr.HTML(elem_id="ann-export-report", min_height=96)
        download = gr.DownloadButton("Download", visible=False, elem_id="ann-export-download")
        if not visiting:
            versions_section.build(service, version)

    def show_options(name: str) -> list[Any]:
        return [gr.update(visible=exporter.name == name) for exporter in formats]

    def run(
        request: gr.Request,
        name: str,
        version: str,
        *values: Any,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> tuple[str, Any]:
        options = _options_of(name, values, options_of)
        try:
            author = author_of(request, needs=Role.CURATOR)
            written = export(
                service, name=name, options=options, version=version or None, progress=steps(progress, "Exporting")
            )
        except AnnotatorError as error:
            return error_html(error, what="Nothing was exported."), gr.update(visible=False)
        service.accounts.note(author, "exported", f"{name}, {version or 'as it was'}: {written.annotations:,} objects")
        told = report_html(written, root=service.folder, named=not visiting)
        return told, gr.update(value=str(download_of(written)), visible=True)

    chosen.change(show_options, chosen, groups, queue=False, show_progress="hidden", api_visibility="private")
    start.click(
        run,
        [chosen, version, *(component for row in inputs for component in row)],
        [report, download],
        concurrency_limit=1,
        show_progress_on=report,
        api_visibility="private",
    )


def export(
    service: Service,
    *,
    name: str,
    options: dict[str, Any],
    progress: Callable[[int, int], None],
    version: str | None = None,
) -> ExportReport:
    """Export into the project's data folder, from where the browser can download it."""
    out = exports_folder(service)
    return service.export(format=name, out=out, options=options, version=version, progress=progress)


def exports_folder(service: Service) -> Path:
    """Where this tab writes: a server has no working folder that its users know."""
    return data_folder(service.folder, service.settings) / "exports"


def _offered(options: tuple[Option, ...], *, visiting: bool) -> tuple[Option, ...]:
    """The options that people can set: with pictures or splits a visitor's export could become any size."""
    return tuple(option for option in options if not (visiting and option.name in FOLDED))


_ALL = {exporter.name: exporter.options for exporter in EXPORTERS.values()}


def _options_of(
    name: str, values: tuple[Any, ...], options_of: Mapping[str, tuple[Option, ...]] = _ALL
) -> dict[str, Any]:
    """The options of one format, out of the values of all formats' inputs in order."""
    rest = list(values)
    for format, options in options_of.items():
        own, rest = rest[: len(options)], rest[len(options) :]
        if format == name:
            return {option.name: value for option, value in zip(options, own, strict=True)}
    return {}


def _inputs(options: tuple[Option, ...]) -> list[Any]:
    """An input for each option in their order; what few people change is folded away."""
    own = [option for option in options if option.name not in FOLDED]
    rest = [option for option in options if option.name in FOLDED]
    made: dict[str, Any] = {}
    if own:
        with gr.Group():
            made.update({option.name: _input(option) for option in own})
    if rest:
        with gr.Accordion("Pictures and splits", open=False):
            made.update({option.name: _input(option) for option in rest})
    return [made[option.name] for option in options]


def _input(option: Option) -> Any:
    if option.type == "bool":
        return gr.Checkbox(bool(option.default), label=option.title, info=option.help)
    if option.type == "int":
        return gr.Number(
            int(option.default),
            label=option.title,
            info=option.help,
            precision=0,
            minimum=option.minimum,
            maximum=option.maximum,
        )
    if option.type == "text":
        return gr.Textbox(str(option.default), label=option.title, info=option.help)
    return gr.Radio(list(option.choices), value=str(option.default), label=option.title, info=option.help)


def download_of(report: ExportReport) -> Path:
    """What the browser can download: the file itself, or a folder as an archive."""
    if report.target.is_dir():
        return Path(shutil.make_archive(str(report.target), "zip", report.target))
    return report.target


def report_html(report: ExportReport, *, root: Path | None = None, named: bool = True) -> str:
    """The report as a page's part; every text in it is escaped.

    Args:
        root: the project's folder; what was written below it is named from there.
        named: whether to say where it was written; a visitor has no use for places on the server.
    """
    target = report.target
    if root is not None and target.is_relative_to(root):
        target = target.relative_to(root.parent)
    least = "–" if report.minimum_iou is None else f"{report.minimum_iou:.4f}"
    figures = [
        (f"{report.annotations:,}", "objects"),
        (f"{report.images:,}", "images"),
        (f"{report.categories:,}", "categories"),
        (least, "minimum IoU"),
        (f"{report.seconds:.1f} s", "time"),
    ]
    parts = [f"<p class='ann-report-target'>Written to <code>{html.escape(str(target))}</code></p>"] if named else []
    parts += [note_html(text) for text in report.warnings]
    parts.append(list_html("Skipped", [f"{one.what}: {one.reason}" for one in report.skipped]))
    losses = [f"object {one.annotation} on {one.image}: IoU {one.iou:.4f}" for one in report.losses]
    parts.append(list_html("Not exact", losses))
    return reports.report_html(figures, parts)
