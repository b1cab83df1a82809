"""The Import tab: a file, whether to try it first, the work with its progress, what came in and what did not."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from annotator.domain.person import Role
from annotator.errors import AnnotatorError, InvalidInput
from annotator.sessions.import_rows import ImportReport
from annotator.sessions.import_sources import FORMATS, import_path
from annotator.sessions.service import Service
from annotator.ui.people import author_of
from annotator.ui.reports import error_html, list_html, note_html, report_html, steps

_HELP = (
    "A JSON file of COCO, LVIS, labelme or detection results, or a zip archive of a dataset: YOLO, Pascal VOC, labelme,"
    " SA-1B, masks. Images are found by their path, else by their name; ids, categories and unknown fields are kept."
    " Importing a file twice changes nothing."
)


def build(service: Service) -> None:
    """Add the tab's components to the Blocks in hand."""
    local = service.settings.local
    with gr.Column(elem_classes="ann-export-page"):
        gr.Markdown(f"## Import into this project\n{_HELP}")
        # Not `gr.File`: its button's name is not what it reads, which shuts out who speaks to the computer.
        file = gr.UploadButton("Choose a JSON or zip file", file_types=[".json", ".zip"], elem_id="ann-import-file")
        name = gr.HTML(elem_id="ann-import-name", min_height=20)
        typed = gr.Textbox(
            label="Or a path on this computer",
            info="A file, or a folder of a dataset; it is read where it lies.",
            max_lines=1,
            elem_id="ann-import-path",
            visible=local,
        )
        format = gr.Dropdown(list(FORMATS), value="auto", label="Format", elem_id="ann-import-format")
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

    def run(
        uploaded: str | None,
        typed: str,
        format: str,
        dry: bool,
        boxes: bool,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> str:
        # Who is elsewhere must not read this computer's files, whatever the page sends.
        path = (typed.strip() if local else "") or uploaded
        if not path:
            return report_html([], [note_html("Choose a file first.")])
        told = steps(progress, "Importing")
        try:
            author = author_of(request, needs=Role.CURATOR)
            done = import_path(
                service,
                Path(path).expanduser(),
                author=author,
                format=format,
                dry=dry,
                boxes=boxes,
                progress=told,
            )
            if not dry:
                service.accounts.note(author, "imported", f"{Path(path).name}: {done.added:,} objects")
        except AnnotatorError as error:
            return error_html(error, what="Nothing was imported.")
        except OSError as error:
            unread = InvalidInput(f"{Path(path).name} can't be read: {error.strerror or error}.")
            return error_html(unread, what="Nothing was imported.")
        return shown(done)

    # A typed path is what is imported; choosing a file empties it.
    file.upload(
        lambda path: (_name(path), ""),
        file,
        [name, typed],
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    typed.change(
        lambda text, path: note_html("" if text.strip() or path is None else Path(path).name),
        [typed, file],
        name,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    start.click(
        run,
        [file, typed, format, dry, boxes],
        report,
        concurrency_limit=1,
        show_progress_on=report,
        api_visibility="private",
    )


def _name(path: str) -> str:
    return note_html(Path(path).name)


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
