"""Splits: shares, groups that stay together, and images that stay where they are."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.errors import BadSetting
from annotator.exporters.splits import SplitImage, assign, groups_by_folder, groups_by_pattern, read_fractions

TENTHS = read_fractions("80/10/10")


def photos(count: int, *, categories: int = 1) -> list[SplitImage]:
    return [
        SplitImage(f"i{n}", n, f"clip{n // 7}/photo_{n:04}.jpg", frozenset({n % categories}))
        for n in range(1, count + 1)
    ]


def test_the_shares_are_about_met_and_the_seed_changes_who_is_where() -> None:
    counts = Counter(assign(photos(2000), TENTHS, seed=0).values())
    assert counts == {"train": 1596, "val": 184, "test": 220}
    assert assign(photos(50), TENTHS, seed=0) == assign(photos(50), TENTHS, seed=0)
    assert assign(photos(50), TENTHS, seed=0) != assign(photos(50), TENTHS, seed=1)


@given(st.integers(1, 60), st.integers(0, 60), st.booleans(), st.booleans(), st.integers(0, 5))
def test_images_added_later_move_no_older_one(
    first: int, more: int, grouped: bool, stratified: bool, seed: int
) -> None:
    later = photos(first + more, categories=3)
    before, after = (
        assign(images, TENTHS, seed=seed, groups=groups_by_folder(images) if grouped else None, stratified=stratified)
        for images in (later[:first], later)
    )
    assert {image: after[image] for image in before} == before


@given(st.permutations(photos(20, categories=4)), st.booleans())
def test_the_order_of_listing_does_not_matter(shuffled: list[SplitImage], stratified: bool) -> None:
    assert assign(shuffled, TENTHS, seed=3, stratified=stratified) == assign(
        photos(20, categories=4), TENTHS, seed=3, stratified=stratified
    )


def test_plain_splits_do_not_change_when_images_are_deleted_or_annotated() -> None:
    before = assign(photos(100), TENTHS, seed=0)
    after = assign(photos(100, categories=5)[::3], TENTHS, seed=0)
    assert all(before[image] == split for image, split in after.items())


@pytest.mark.parametrize("stratified", [False, True])
def test_images_of_a_folder_stay_together(stratified: bool) -> None:
    images = photos(700, categories=3)
    splits = assign(images, TENTHS, seed=0, groups=groups_by_folder(images), stratified=stratified)
    for folder in {image.name.split("/")[0] for image in images}:
        assert len({splits[image.id] for image in images if image.name.startswith(folder + "/")}) == 1
    assert set(splits.values()) == {"train", "val", "test"}


def test_images_with_the_same_part_of_the_name_stay_together_and_others_are_alone() -> None:
    images = [SplitImage(str(n), n, f"cam{n % 3}_{n}.jpg") for n in range(9)] + [SplitImage("x", 9, "other.jpg")]
    groups = groups_by_pattern(images, r"^(cam\d+)_")
    assert set(groups.values()) == {"cam0", "cam1", "cam2"}
    assert "x" not in groups
    splits = assign(images, TENTHS, seed=0, groups=groups)
    assert all(splits[str(n)] == splits[str(n % 3)] for n in range(9))


def test_near_duplicates_given_as_groups_stay_together() -> None:
    pairs = {f"i{n}": str(n // 2) for n in range(1, 41)}
    splits = assign(photos(40), TENTHS, seed=0, groups=pairs)
    assert all(splits[f"i{n}"] == splits[f"i{n + 1}"] for n in range(2, 40, 2))


def test_stratified_splits_give_every_category_its_share() -> None:
    images = photos(400, categories=4)
    splits = assign(images, TENTHS, seed=0, stratified=True)
    for category in range(4):
        counts = Counter(splits[image.id] for image in images if category in image.categories)
        assert 78 <= counts["train"] <= 82
        assert 8 <= counts["val"] <= 12
        assert 8 <= counts["test"] <= 12


def test_a_split_without_a_share_gets_nothing() -> None:
    assert set(assign(photos(200), read_fractions("1/0"), seed=0).values()) == {"train"}
    assert set(assign(photos(200), read_fractions("0/50/50"), seed=0).values()) == {"val", "test"}


@pytest.mark.parametrize("text", ["", "80", "80/10/5/5", "a/b", "-1/2", "0/0", "nan/1", "inf/1"])
def test_unusable_fractions_say_what_to_write(text: str) -> None:
    with pytest.raises(BadSetting, match="such as 80/10/10"):
        read_fractions(text)


@pytest.mark.parametrize("pattern", ["", "(", "*"])
def test_an_unusable_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(BadSetting, match="pattern"):
        groups_by_pattern(photos(1), pattern)
