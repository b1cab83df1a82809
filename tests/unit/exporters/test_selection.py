"""What goes into a dataset by its review state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from annotator.errors import InvalidInput
from annotator.exporters import EXPORTERS, get_exporter
from annotator.exporters.base import ExportReport
from tests.unit.exporters.sources import MemorySource, square


def export(format: str, source: MemorySource, target: Path, **options: Any) -> ExportReport:
    return get_exporter(format).export(source, target, options, lambda done, total: None)


def reviewed(**images: str) -> MemorySource:
    """A project with an object for each word, its review state, on images of these names."""
    source = MemorySource()
    for name, states in images.items():
        image = source.add(f"{name}.jpg", *[square() for _ in states.split()])
        rows = source.objects[image.id]
        source.objects[image.id] = [replace(row, review=state) for row, state in zip(rows, states.split(), strict=True)]
    return source


@pytest.mark.parametrize("format", sorted(EXPORTERS))
def test_every_format_can_be_limited_to_approved_objects(tmp_path: Path, format: str) -> None:
    source = reviewed(a="approved unreviewed rejected", b="unreviewed", c="approved")
    counts = {}
    for review in ("usable", "approved", "all"):
        report = export(format, source, tmp_path / review, review=review)
        counts[review] = (report.images, report.annotations)
    assert counts == {"usable": (3, 4), "approved": (2, 2), "all": (3, 5)}
    assert export(format, source, tmp_path / "default").annotations == 4


@pytest.mark.parametrize("format", ["coco", "masks"])
def test_unapproved_objects_are_one_line_of_the_report(tmp_path: Path, format: str) -> None:
    source = reviewed(a="approved " + "unreviewed " * 12, b="rejected")
    report = export(format, source, tmp_path / "out", review="approved")
    assert [(row.what, row.reason) for row in report.skipped] == [
        ("object 14 on b.jpg", "It was rejected in review."),
        ("12 objects", "They are not approved; review them or export with review=usable."),
    ]
    source = reviewed(a="approved unreviewed")
    (row,) = export(format, source, tmp_path / "one", review="approved").skipped
    assert (row.what, row.reason) == ("1 object", "It is not approved; review it or export with review=usable.")


@pytest.mark.parametrize("format", ["coco", "yolo"])
def test_an_export_of_approved_objects_without_any_says_so(tmp_path: Path, format: str) -> None:
    with pytest.raises(InvalidInput, match="none of the 2 objects is approved"):
        export(format, reviewed(a="unreviewed unreviewed"), tmp_path / "out", review="approved")
