"""Versions on the Export tab: keep the project as it is, see what has changed since, go back."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr

from annotator.domain.person import Role
from annotator.domain.version import Difference, line_of, summary_of
from annotator.errors import AnnotatorError
from annotator.sessions.service import Service
from annotator.ui.people import author_of
from annotator.ui.reports import error_html, list_html, note_html, report_html

NOW = "The project as it is now"
_LISTED = 300


def choices(service: Service) -> list[tuple[str, str]]:
    """What can be exported or compared: the project, then its versions, the newest first."""
    named = [(f"{one.name} – {one.created[:10]}, {one.objects:,} objects", one.name) for one in service.versions.all()]
    return [(NOW, ""), *named]


def build(service: Service, wanted: gr.Dropdown) -> None:
    """Add the section; `wanted` is the choice of what is exported, which follows new versions."""
    with gr.Accordion("Versions", open=False, elem_id="ann-versions"):
        gr.Markdown("A version keeps the project as it is, for ever; exports of it are the same each time.")
        with gr.Row():
            name = gr.Textbox(label="Name", placeholder="v1", max_length=64, elem_id="ann-version-name")
            message = gr.Textbox(label="What it is for", max_length=2000, scale=3, elem_id="ann-version-message")
        create = gr.Button("Keep as a version", elem_id="ann-version-create")
        table = gr.HTML(_table(service), elem_id="ann-version-table")
        with gr.Row():
            before = gr.Dropdown(choices(service)[1:], label="Since", elem_id="ann-version-before")
            after = gr.Dropdown(choices(service), value="", label="until", elem_id="ann-version-after")
        with gr.Row():
            compare = gr.Button("Compare", elem_id="ann-version-compare")
            sure = gr.Checkbox(False, label="Yes, go back to “Since”", elem_id="ann-version-sure")
            restore = gr.Button("Restore", variant="stop", elem_id="ann-version-restore")
        report = gr.HTML(elem_id="ann-version-report", min_height=48)

    def lists() -> list[Any]:
        return [
            _table(service),
            gr.update(choices=choices(service)[1:]),
            gr.update(choices=choices(service)),
            gr.update(choices=choices(service)),
        ]

    def keep(name: str, message: str, request: gr.Request) -> list[Any]:
        try:
            author = author_of(request, needs=Role.CURATOR)
            made = service.versions.create(
                author=author, name=name.strip(), message=message.strip(), model=service.engine.model
            )
        except AnnotatorError as error:
            return [error_html(error, what="No version was made."), *lists()]
        return [note_html(f"Kept {made.objects:,} objects on {made.images:,} images as {made.name}."), *lists()]

    def differences(before: str | None, after: str | None) -> str:
        if not before:
            return note_html("Choose a version first.")
        try:
            found = service.versions.diff(before, after or None)
        except AnnotatorError as error:
            return error_html(error, what="Nothing was compared.")
        return _differences(found)

    def go_back(before: str | None, sure: bool, request: gr.Request) -> list[Any]:
        if not before or not sure:
            return [note_html("Choose a version and say that you are sure."), *lists(), sure]
        try:
            author = author_of(request, needs=Role.CURATOR)
            done = service.versions.restore(author=author, name=before, model=service.engine.model)
            service.accounts.note(author, "restored", before)
        except AnnotatorError as error:
            return [error_html(error, what="Nothing was restored."), *lists(), False]
        kept = note_html(f"What was there before is kept as {done.kept}.") if done.kept else ""
        return [kept + _differences(done.differences), *lists(), False]

    followers = [table, before, after, wanted]
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress_on": report}
    create.click(keep, [name, message], [report, *followers], **quiet)
    compare.click(differences, [before, after], report, **quiet)
    restore.click(go_back, [before, sure], [report, *followers, sure], **quiet)


def _differences(found: list[Difference]) -> str:
    listed = [line_of(one) for one in found[:_LISTED]]
    if len(found) > _LISTED:
        listed.append(f"… and {len(found) - _LISTED:,} more")
    return report_html([], [note_html(summary_of(found)), list_html("Differences", listed)])


def _table(service: Service) -> str:
    rows = [
        f"<tr><td>{html.escape(one.name)}</td><td>{one.created[:16].replace('T', ' ')}</td><td>{one.objects:,}</td>"
        f"<td>{one.images:,}</td><td>{html.escape(one.author)}</td><td>{html.escape(one.message)}</td></tr>"
        for one in service.versions.all()
    ]
    if not rows:
        return note_html("There are no versions yet.")
    head = "".join(
        f"<th>{title}</th>" for title in ("Version", "Made (UTC)", "Objects", "Images", "By", "What it is for")
    )
    return f"<table class='ann-table'><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
