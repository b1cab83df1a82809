"""Reports of long work as parts of the page; every text in them is escaped."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

import gradio as gr

from annotator.errors import AnnotatorError

LISTED = 20
"""How many things a list names before it only counts them."""


def report_html(figures: Sequence[tuple[str, str]], parts: Sequence[str]) -> str:
    """Figures with their names, then parts that are HTML already."""
    cells = "".join(f"<div><b>{html.escape(value)}</b><span>{label}</span></div>" for value, label in figures)
    return f"<div class='ann-report' data-testid='report'><div class='ann-figures'>{cells}</div>{''.join(parts)}</div>"


def note_html(text: str) -> str:
    """A sentence."""
    return f"<p class='ann-report-note'>{html.escape(text)}</p>"


def list_html(title: str, texts: Sequence[str]) -> str:
    """A list to unfold; nothing where there is nothing."""
    if not texts:
        return ""
    items = "".join(f"<li>{html.escape(text)}</li>" for text in texts[:LISTED])
    more = f"<li>and {len(texts) - LISTED:,} more</li>" if len(texts) > LISTED else ""
    return f"<details><summary>{title}: {len(texts):,}</summary><ul>{items}{more}</ul></details>"


def error_html(error: AnnotatorError, *, what: str) -> str:
    """Why there is no report; `what`: a sentence that says what did not happen."""
    text = html.escape(error.message)
    return f"<div class='ann-report is-error' role='alert'><p><strong>{what}</strong> {text}</p></div>"


def steps(progress: gr.Progress, title: str) -> Callable[[int, int], None]:
    """Gradio's progress bar as what work reports to."""

    def report(done: int, total: int) -> None:
        progress((done, total), desc=title, unit="steps")

    return report


def plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{character}" if character in "\\`*_{}[]()#+-.!|<>&~$" else character for character in text)
