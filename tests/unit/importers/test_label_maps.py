from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from annotator.errors import InvalidInput
from annotator.importers.by_name import recognise
from annotator.importers.label_maps import LabelMapImporter
from annotator.importers.regions import regions
from tests.paths import shared
from tests.unit.importers.reading import picture, pixels, read

IMPORTER = LabelMapImporter()
KINDS = picture(".11.", ".12.", "..22", "9999")
PARTS = picture(".11.", ".13.", "..33", ".77.")


def palette(values: np.ndarray[Any, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values.astype(np.uint8), "P")
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0] + [7] * 3 * 253)  # a short one would be saved in two bits
    image.save(path)


def stored(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as image:
        return np.array(image)


def voc(root: Path, *, objects: bool = True) -> Path:
    """VOC's folders with one image; the last row of the class map is void."""
    palette(np.where(KINDS == 9, 255, KINDS), root / "SegmentationClass/a.png")
    if objects:
        palette(PARTS, root / "SegmentationObject/a.png")
    return root


def test_vocs_objects_have_the_category_of_their_pixels(tmp_path: Path) -> None:
    root = voc(tmp_path)
    assert recognise(root).name == "label_maps"
    found = read(IMPORTER, root, {"JPEGImages/a.jpg": (4, 4)})
    assert len(found.categories) == 20
    assert [(item.category, item.extra["value"]) for item in found.annotations] == [("aeroplane", 1), ("bicycle", 3)]
    assert pixels(found.annotations[1].mask) == ["....", "..#.", "..##", "...."]
    assert list(found.reasons()) == ["SegmentationObject/a.png: value 7"]


def test_without_objects_each_category_is_one_and_its_colour_is_the_palettes(tmp_path: Path) -> None:
    root = voc(tmp_path, objects=False)
    found = read(IMPORTER, root, {"a.png": (4, 4)})
    assert found.problems == []
    assert [item.category for item in found.annotations] == ["aeroplane", "bicycle"]
    assert pixels(found.annotations[0].mask) == [".##.", ".#..", "....", "...."]
    found = read(IMPORTER, root / "SegmentationClass", {"a.png": (4, 4)})
    assert [(item.name, item.number, item.colour) for item in found.categories] == [
        ("category 1", 1, "#800000"),
        ("category 2", 2, "#008000"),
    ]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("classes.txt", "dog\ncat\n"),
        ("class_names.txt", "_background_\ndog\ncat\n"),
        ("labels.txt", "__ignore__\n_background_\ndog\ncat\n"),
        ("labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\ndog:255,0,0::\ncat:0,0,255::\n"),
    ],
)
def test_names_come_from_a_file(file: str, text: str, tmp_path: Path) -> None:
    root = voc(tmp_path)
    (root / file).write_text(text)
    found = read(IMPORTER, root, {"a.jpg": (4, 4)})
    assert [(item.name, item.number) for item in found.categories] == [("dog", 1), ("cat", 2)]
    assert [item.category for item in found.annotations] == ["dog", "cat"]


def test_a_map_in_colours_is_read_by_the_colours_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "labelmap.txt").write_text("background:0,0,0::\ndog:255,0,0::\ncat:0,0,255::\n")
    colours = np.array([[0, 0, 0], [0, 0, 255], [0, 255, 0]], np.uint8)
    Image.fromarray(colours[np.where(KINDS == 9, 0, KINDS)]).save(tmp_path / "a.png")
    found = read(IMPORTER, tmp_path, {"a.jpg": (4, 4)})
    assert [item.category for item in found.annotations] == ["cat", "colour #00ff00"]
    assert [item.name for item in found.categories] == ["dog", "cat", "colour #00ff00"]


def test_a_deep_map_has_an_object_for_each_value(tmp_path: Path) -> None:
    values = PARTS.astype(np.uint16) * 1000
    Image.fromarray(values).save(tmp_path / "a.png")
    found = read(recognise(tmp_path), tmp_path, {"a.tif": (4, 4)})
    assert [item.name for item in found.categories] == ["object"]
    assert [item.extra["value"] for item in found.annotations] == [1000, 3000, 7000]
    assert pixels(found.annotations[2].mask) == ["....", "....", "....", ".##."]


def test_real_nuclei_are_all_there_pixel_for_pixel() -> None:
    folder = shared("nuclei", "labels")
    labels = {path.name: stored(path) for path in folder.glob("*.png")}
    sizes = {name: (array.shape[1], array.shape[0]) for name, array in labels.items()}
    found = read(IMPORTER, folder, sizes)
    assert found.problems == []
    assert len(found.images) == len(sizes) == 12
    for image in found.images:
        masks = {item.extra["value"]: item.mask for item in found.annotations if item.image == image.name}
        assert sorted(masks) == np.unique(labels[image.name])[1:].tolist()
        again = np.zeros_like(labels[image.name])
        for value, mask in masks.items():
            assert mask is not None
            again[mask.to_array()] = value
        assert np.array_equal(again, labels[image.name])


def test_what_does_not_fit_is_listed_and_the_rest_is_read(tmp_path: Path) -> None:
    for name in ("good", "lost", "small", "twice"):
        palette(KINDS, tmp_path / f"{name}.png")
    palette(KINDS, tmp_path / "more/twice.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nxx")
    sizes = {"good.jpg": (4, 4), "small.jpg": (3, 4), "twice.jpg": (4, 4), "broken.jpg": (4, 4)}
    found = read(IMPORTER, tmp_path, sizes)
    assert {item.name for item in found.images} == {"good.jpg", "twice.jpg"}
    assert set(found.reasons()) - {"more/twice.png", "twice.png"} == {"lost.png", "small.png", "broken.png"}
    assert "4×4" in found.reasons()["small.png"]
    assert len(found.annotations) == 6


def test_a_photo_is_no_label_map(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 300, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    found = read(IMPORTER, tmp_path, {"a.jpg": (300, 300)})
    assert "photo" in found.reasons()["a.png"]
    assert not IMPORTER.recognises(tmp_path)
    assert not IMPORTER.recognises(tmp_path / "a.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="no PNG"):
        read(IMPORTER, tmp_path / "empty")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=arrays(np.int32, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.integers(0, 4)))
def test_regions_put_together_are_the_map(values: np.ndarray[Any, Any]) -> None:
    again = np.zeros_like(values)
    height, width = values.shape
    for region in regions(values):
        array = region.mask(height=height, width=width).to_array()
        assert not again[array].any()
        again[array] = region.value
    assert np.array_equal(again, values)
