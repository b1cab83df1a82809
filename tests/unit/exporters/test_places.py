"""Images that look alike stay in one split, whatever is added."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from annotator.exporters import get_exporter
from annotator.exporters.places import places
from tests.unit.exporters.sources import MemorySource, square


def splits(source: MemorySource, **values: Any) -> dict[str, str]:
    wanted = {"fractions": "50/30/20", "splits": "near_duplicates", "stratified": False, "pattern": "", "seed": 0}
    return places(source, {**wanted, **values}, lambda done, total: None)[1]


def photos(count: int, *alike: tuple[int, ...]) -> MemorySource:
    """Images of which those with these places look alike."""
    source = MemorySource(alike=[tuple(f"i{place}" for place in group) for group in alike])
    for number in range(count):
        source.add(f"{number}.jpg", square())
    return source


GROUPS = st.lists(st.integers(0, 8), min_size=1, max_size=40)
"""The group of each image, in the order of adding."""


def grouped(numbers: list[int]) -> MemorySource:
    members = [tuple(place for place, number in enumerate(numbers) if number == one) for one in sorted(set(numbers))]
    return photos(len(numbers), *[group for group in members if len(group) > 1])


@given(numbers=GROUPS, added=GROUPS, seed=st.integers(0, 99), stratified=st.booleans())
def test_images_that_look_alike_share_a_split_and_added_ones_move_none(
    numbers: list[int], added: list[int], seed: int, stratified: bool
) -> None:
    before = splits(grouped(numbers), seed=seed, stratified=stratified)
    after = splits(grouped(numbers + added), seed=seed, stratified=stratified)
    for one in set(numbers + added):
        assert len({after[f"i{place}"] for place, number in enumerate(numbers + added) if number == one}) == 1
    assert before == {image: after[image] for image in before}


@given(seed=st.integers(0, 99))
def test_an_image_that_looks_like_two_groups_moves_only_the_newer_one(seed: int) -> None:
    before = splits(photos(8, (0, 3), (1, 4)), seed=seed)
    after = splits(photos(9, (0, 3, 1, 4, 8)), seed=seed)
    assert {after[f"i{place}"] for place in (0, 1, 3, 4, 8)} == {before["i0"]}
    assert all(after[f"i{place}"] == before[f"i{place}"] for place in (2, 5, 6, 7))


def test_many_images_meet_their_shares() -> None:
    counts = list(splits(photos(2000), fractions="80/10/10").values())
    assert 1530 <= counts.count("train") <= 1670
    assert min(counts.count("val"), counts.count("test")) > 140


def test_looking_at_pictures_is_part_of_the_progress(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    source = photos(5, (1, 2))
    options = {"splits": "near_duplicates"}
    get_exporter("yolo").export(source, tmp_path / "out", options, lambda done, total: seen.append((done, total)))
    assert seen == [(step, 10) for step in range(1, 11)]
