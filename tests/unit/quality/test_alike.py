"""Images that look the same are found, and above all where one is in training and the other in test."""

from __future__ import annotations

import pytest

from annotator.exporters.base import ExportImage
from annotator.quality.alike import split_of_name
from annotator.quality.findings import Finding
from annotator.quality.running import run
from annotator.quality.thresholds import Thresholds
from tests.unit.exporters.sources import MemorySource

FAR = 0xFFFF_0000_FFFF_0000


def found(hashes: dict[str, int | None], *settings: str) -> dict[str, Finding]:
    source = MemorySource()
    for name in hashes:
        source.add(name, state="empty")

    def image_hash(image: ExportImage) -> int | None:
        return hashes[image.name]

    thresholds = Thresholds().only(["near_duplicate", "split_leak"]).changed(settings)
    findings = list(run(source, thresholds, lambda done, total: None, image_hash=image_hash))
    assert len({finding.rule for finding in findings}) == len(findings)
    return {finding.rule: finding for finding in findings}


def test_near_images_of_one_split_are_worth_a_look_only() -> None:
    findings = found({"train/a.jpg": 0, "train/b.jpg": 0b111, "train/c.jpg": FAR})
    assert set(findings) == {"near_duplicate"}
    assert findings["near_duplicate"].image == "train/a.jpg"
    assert findings["near_duplicate"].other_images == ("train/b.jpg",)
    assert findings["near_duplicate"].severity == "info"


def test_near_images_of_two_splits_are_an_error_that_names_both() -> None:
    findings = found({"other.jpg": 1, "train/a.jpg": 0, "train/b.jpg": 0, "test2017/c.jpg": 0b1, "test2017/d.jpg": FAR})
    leak = findings["split_leak"]
    assert (leak.image, leak.other_images, leak.severity) == ("train/a.jpg", ("test2017/c.jpg",), "error")
    assert "train" in leak.message
    assert "test" in leak.message


def test_the_distance_is_a_threshold_and_images_without_a_hash_are_left_out() -> None:
    hashes: dict[str, int | None] = {"a.jpg": 0, "b.jpg": 0b11111, "broken.jpg": None}
    assert set(found(hashes)) == {"near_duplicate"}
    assert found(hashes, "near_duplicate.distance=4") == {}


def test_many_images_that_look_the_same_are_one_finding_of_readable_length() -> None:
    finding = found({f"{number}.jpg": 0 for number in range(50)})["near_duplicate"]
    assert len(finding.other_images) == 49
    assert "46 more" in finding.message


@pytest.mark.parametrize(
    ("name", "split"),
    [("train2017/a.jpg", "train"), ("x/Valid/y/a.jpg", "val"), ("test_1/a.jpg", "test"), ("training.jpg", None)],
)
def test_folders_name_the_split(name: str, split: str | None) -> None:
    assert split_of_name(name) == split
