"""The Statistics tab: how much there is of what, how the work goes on, and the same to hand on."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from annotator.errors import AnnotatorError
from annotator.quality import charts
from annotator.quality.figures import Histogram, Statistics
from annotator.quality.writing import write
from annotator.sessions.folders import data_folder
from annotator.sessions.measuring import measure
from annotator.sessions.service import Service
from annotator.ui.reports import error_html, note_html, report_html, steps

_CATEGORIES = 40
"""Categories that are shown; the table has all."""
_HEIGHT = 280


def build(service: Service, tab: gr.Tab) -> None:
    """Add the tab's components to the Blocks in hand; they are filled when the tab is opened."""
    with gr.Column(elem_classes="ann-statistics-page"):
        with gr.Row(equal_height=True):
            gr.Markdown("## Statistics")
            refresh = gr.Button("Refresh", elem_id="ann-statistics-refresh", scale=0, size="md")
            page = gr.DownloadButton("HTML report", visible=False, elem_id="ann-statistics-html", scale=0, size="md")
            tables = gr.DownloadButton("CSV tables", visible=False, elem_id="ann-statistics-csv", scale=0, size="md")
        key = gr.HTML(elem_id="ann-statistics-key", min_height=96)
        with gr.Column(visible=False) as body:
            categories = _bars("Objects per category", "category", "objects", sort="-y", x_label_angle=-40)
            with gr.Row():
                per_image = _bars("Objects per image", "objects", "images")
                sizes = _bars("Side of objects, as a share of the image’s", "side", "objects", x_label_angle=-40)
            with gr.Row():
                aspects = _bars("Width to height", "aspect", "objects")
                heat = gr.HTML(elem_id="ann-statistics-heat")
            days = _bars("Objects by day and person", "day", "objects", color="person")
            growth = gr.LinePlot(title="Objects so far", x="day", y="objects", y_lim=[0, None], height=_HEIGHT)
            with gr.Row():
                seconds = _bars("Seconds per mask", "seconds", "masks")
                clicks = _bars("Clicks per mask", "clicks", "masks")
            people = gr.Dataframe(label="People", interactive=False, wrap=True)
            agreement = gr.Dataframe(label="Agreement of two people on the same images", interactive=False, wrap=True)

    plots = [categories, per_image, sizes, aspects, heat, days, growth, seconds, clicks, people, agreement]

    def fill(progress: gr.Progress = gr.Progress()) -> list[Any]:  # noqa: B008
        try:
            found = measure(
                service.database_url,
                project_id=service.project_id,
                name=service.name,
                folder=service.folder,
                progress=steps(progress, "Counting"),
            )
            written = _written(service, found)
        except AnnotatorError as error:
            hidden = gr.update(visible=False)
            return [error_html(error, what="Nothing was counted."), hidden, hidden, hidden, *([gr.skip()] * len(plots))]
        some = found.objects > 0
        downloads = [gr.update(value=str(path), visible=some) for path in written]
        return [_key(found), gr.update(visible=some), *downloads, *_filled(found)]

    outputs = [key, body, page, tables, *plots]
    how: dict[str, Any] = {"concurrency_limit": 1, "show_progress_on": key, "api_visibility": "private"}
    tab.select(fill, None, outputs, **how)
    refresh.click(fill, None, outputs, **how)


def _bars(title: str, x: str, y: str, **how: Any) -> gr.BarPlot:
    return gr.BarPlot(title=title, x=x, y=y, y_lim=[0, None], height=_HEIGHT, **how)


def _key(found: Statistics) -> str:
    reviews = dict(found.reviews)
    figures = [
        (f"{found.objects:,}", "objects"),
        (f"{found.images:,}", "images"),
        (f"{len(found.categories):,}", "categories"),
        (f"{reviews.get('approved', 0):,}", "approved"),
        (f"{reviews.get('rejected', 0):,}", "rejected"),
        (f"{found.made_in.median:.1f} s" if found.made_in.count else "–", "a mask (median)"),
        (f"{found.clicked.mean:.1f}" if found.clicked.count else "–", "clicks a mask"),
    ]
    empty = [] if found.objects else [note_html("Figures appear here as soon as there are objects.")]
    return report_html(figures, empty)


def _filled(found: Statistics) -> list[Any]:
    """A value for each plot and table."""
    ranked = sorted(found.categories, key=lambda item: (-item.objects, item.name))[:_CATEGORIES]
    heat = charts.heat("Mean number of objects at each place, all images stretched to a square", found.heat)
    so_far = pd.DataFrame(
        {"day": pd.to_datetime([day.day for day in found.days]), "objects": [day.so_far for day in found.days]}
    )
    by_person = [(day.day, name, count) for day in found.days for name, count in day.people]
    people = [
        (
            one.name,
            one.objects,
            one.images,
            one.approved,
            one.rejected,
            _rounded(one.seconds.median),
            _rounded(one.clicks.mean),
        )
        for one in found.people
    ]
    agreement = [
        (one.first, one.second, one.images, one.objects, f"{one.found_by_both:.0%}", _rounded(one.iou.mean, 3))
        for one in found.agreement
    ]
    return [
        pd.DataFrame({"category": [one.name for one in ranked], "objects": [one.objects for one in ranked]}),
        _histogram(found.per_image, "objects", "images"),
        _histogram(found.sizes, "side", "objects"),
        _histogram(found.aspects, "aspect", "objects"),
        f"<div class='ann-heat'>{heat}<p>Where objects are, all images stretched to one square</p></div>",
        pd.DataFrame(by_person, columns=["day", "person", "objects"]),
        gr.update(value=so_far, visible=len(found.days) > 1),
        _histogram(found.seconds, "seconds", "masks", visible=found.made_in.count > 0),
        _histogram(found.clicks, "clicks", "masks", visible=found.clicked.count > 0),
        _table(people, ["Person", "Objects", "Images", "Approved", "Rejected", "Seconds (median)", "Clicks (mean)"]),
        gr.update(
            value=_table(agreement, ["Person", "and", "Images", "Objects", "Found by both", "IoU of matches"]),
            visible=bool(agreement),
        ),
    ]


def _histogram(histogram: Histogram, x: str, y: str, *, visible: bool = True) -> Any:
    """Bins in their own order; the plot's is that of the alphabet."""
    labels = list(histogram.labels)
    return gr.update(value=pd.DataFrame({x: labels, y: list(histogram.counts)}), sort=labels, visible=visible)


def _table(rows: Sequence[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns)


def _rounded(value: float, digits: int = 1) -> float:
    return round(value, digits)


def _written(service: Service, found: Statistics) -> tuple[Path, Path]:
    """The report and an archive of its tables, from where the browser can download them."""
    folder = data_folder(service.folder, service.settings) / "exports" / service.name / "report"
    page, *others = write(found, folder, made=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"))
    return page, Path(shutil.make_archive(str(folder / "tables"), "zip", others[0].parent))
