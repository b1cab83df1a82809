"""Label Studio: brush masks that its own decoding gives back, polygons, and the labeling interface."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from annotator.errors import ExportFailed
from annotator.exporters import get_exporter
from annotator.exporters.base import ExportCategory, ExportReport, Loss
from annotator.exporters.labelstudio_rle import decode, encode
from tests.unit.exporters.sources import MemorySource, square


def export(source: MemorySource, target: Path, **options: Any) -> ExportReport:
    return get_exporter("labelstudio").export(source, target, options, lambda done, total: None)


def picture(data: list[int]) -> list[int]:
    """The words of a stream, read from the description of rle-pack alone: one bit after the other from one integer."""
    stream = int.from_bytes(bytes(data), "big")
    left = 8 * len(data)

    def take(width: int) -> int:
        nonlocal left
        left -= width
        return (stream >> left) & ((1 << width) - 1)

    count = take(32)
    word = 1 + take(5)
    widths = [1 + take(4), 1 + take(4), 1 + take(4), 1 + take(4)]
    words: list[int] = []
    while len(words) < count:
        is_run = take(1) == 1
        size = take(widths[take(2)]) + 1
        words += [take(word)] * size if is_run else [take(word) for _ in range(size)]
    assert len(words) == count
    assert left < 8
    return words


@given(arrays.arrays(bool, st.tuples(st.integers(1, 30), st.integers(1, 30))))
def test_any_mask_comes_back_from_the_bits(array: np.ndarray) -> None:
    data = encode(array)
    assert all(0 <= byte <= 255 for byte in data)
    assert picture(data) == (np.repeat(array.ravel(), 4) * 255).tolist()
    np.testing.assert_array_equal(decode(data, height=array.shape[0], width=array.shape[1]), array)


def test_runs_longer_than_sixteen_bits_are_divided() -> None:
    array = np.zeros((300, 300), bool)
    array[150:, :] = True
    data = encode(array)
    assert len(data) < 40
    np.testing.assert_array_equal(np.reshape(picture(data), (300, 300, 4))[..., 3] > 0, array)


def test_a_stream_of_another_size_or_without_its_end_is_noticed() -> None:
    data = encode(square().to_array())
    with pytest.raises(ExportFailed, match="9×8 pixels"):
        decode(data, height=8, width=9)
    with pytest.raises(ExportFailed, match="end too early"):
        decode(data[:-2], height=8, width=10)


def project() -> MemorySource:
    source = MemorySource(kept=[ExportCategory(1, 'a "big" <cat>', colour="#ff0000"), ExportCategory(2, "dog")])
    source.add("a b/ü.jpg", square(), square(hole=True), category=2)
    source.add("none.jpg", state="empty")
    return source


def test_a_task_per_image_with_a_region_per_object(tmp_path: Path) -> None:
    report = export(project(), tmp_path / "out", pictures="png")
    first, second = json.loads((tmp_path / "out/tasks.json").read_text())
    assert first["data"] == {"image": "/data/local-files/?d=images/a%20b/%C3%BC.png", "name": "a b/ü.jpg"}
    assert (tmp_path / "out/images/a b/ü.png").is_file()
    region = first["annotations"][0]["result"][1]
    assert (region["type"], region["value"]["brushlabels"]) == ("brushlabels", ["dog"])
    assert (region["original_width"], region["original_height"]) == (10, 8)
    found = np.reshape(picture(region["value"]["rle"]), (8, 10, 4))[..., 3] > 0
    np.testing.assert_array_equal(found, square(hole=True).to_array())
    assert second["annotations"] == [{"result": []}]
    assert (report.minimum_iou, report.annotations) == (1.0, 2)


def test_the_interface_names_what_the_regions_refer_to(tmp_path: Path) -> None:
    export(project(), tmp_path / "out")
    root = ET.parse(tmp_path / "out/label_config.xml").getroot()
    (labels,) = root.findall("BrushLabels")
    task = json.loads((tmp_path / "out/tasks.json").read_text())[0]
    region = task["annotations"][0]["result"][0]
    assert (labels.get("name"), labels.get("toName")) == (region["from_name"], region["to_name"])
    assert [label.get("value") for label in labels] == ['a "big" <cat>', "dog"]


def test_polygons_are_in_percent_and_lose_holes(tmp_path: Path) -> None:
    report = export(project(), tmp_path / "out", shapes="polygon", url="https://example.org/")
    task = json.loads((tmp_path / "out/tasks.json").read_text())[0]
    assert task["data"]["image"] == "https://example.org/images/a%20b/%C3%BC.jpg"
    points = np.array(task["annotations"][0]["result"][0]["value"]["points"])
    np.testing.assert_allclose([points.min(axis=0), points.max(axis=0)], [[32.5, 28.125], [67.5, 71.875]])
    assert report.losses == (Loss(2, "a b/ü.jpg", 0.75),)
