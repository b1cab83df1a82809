"""The Import tab: a file, whether to try it first, the work with its progress, what came in and what did not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gradio as gr

from annotator.errors import AnnotatorError
from annotator.sessions.import_rows import ImportReport
from annotator.sessions.service import Service
from annotator.ui.reports import error_html, list_html, note_html, report_html, steps

_HELP = (
    "A JSON file of COCO, LVIS, labelme or detection results; `annotator import` takes folders of other formats too."
    " Images are found by their path, else by their name; ids, categories and unknown fields are kept. Importing a file"
    " twice changes nothing."
)


def build(service: Service) -> None:
    """Add the tab's components to the Blocks in hand."""
    with gr.Column(elem_classes="ann-export-page"):
        gr.Markdown(f"## Import into this project\n{_HELP}")
        # Not `gr.File`: its button's name is not what it reads, which shuts out who speaks to the computer.
        file = gr.UploadButton("Choose a JSON file", file_types=[".json"], elem_id="ann-import-file")
        name = gr.HTML(elem_id="ann-import-name", min_height=20)
        with gr.Group():
            dry = gr.Checkbox(
                False, label="Only try", info="Say what would come in, and change nothing.", elem_id="ann-import-dry"
            )
            boxes = gr.Checkbox(
                False,
                label="Masks from boxes",
                info="Let the model make masks of objects that have only a box; otherwise they are left out.",
                elem_id="ann-import-boxes",
            )
        start = gr.Button("Import", variant="primary", elem_id="ann-import-start")
        report = gr.HTML(elem_id="ann-import-report", min_height=96)

    def run(path: str | None, dry: bool, boxes: bool, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008
        if path is None:
            return report_html([], [note_html("Choose a file first.")])
        try:
            done = take(service, Path(path), dry=dry, boxes=boxes, progress=steps(progress, "Importing"))
        except AnnotatorError as error:
            return error_html(error, what="Nothing was imported.")
        return shown(done)

    file.upload(
        lambda path: note_html(Path(path).name),
        file,
        name,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    start.click(run, [file, dry, boxes], report, concurrency_limit=1, show_progress_on=report, api_visibility="private")


def _name(path: str) -> str:
    return note_html(Path(path).name)


def take(service: Service, path: Path, *, dry: bool, boxes: bool, progress: Callable[[int, int], None]) -> ImportReport:
    """Import a file that the browser has uploaded."""
    return service.import_dataset(path, author=service.settings.author, dry=dry, boxes=boxes, progress=progress)


def shown(report: ImportReport) -> str:
    """The report as a page's part."""
    figures = [
        (f"{report.added:,}", "objects would come in" if report.dry else "objects came in"),
        (f"{report.already:,}", "were here already"),
        (f"{report.images:,}", "images"),
        (f"{report.categories:,}", "new categories"),
        (f"{report.seconds:.1f} s", "time"),
    ]
    parts = []
    if report.masked:
        parts.append(note_html(f"{report.masked:,} of them are masks that the model made of boxes."))
    if report.renumbered:
        parts.append(note_html(f"{report.renumbered:,} objects got other ids, because theirs are taken here."))
    parts.append(list_html("Left out or mended", [f"{one.where}: {one.message}" for one in report.problems]))
    return report_html(figures, parts)
