"""Splits: an image stays where it is, whatever else comes or goes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.errors import BadSetting
from annotator.exporters.splits import assign, group_of, read_fractions, read_pattern, split_of, uneven

NAMES = st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=30)


@given(old=NAMES, new=NAMES, seed=st.integers(0, 5))
def test_adding_images_moves_none(old: list[str], new: list[str], seed: int) -> None:
    fractions = read_fractions("80/10/10")
    before = assign({name: name for name in old}, fractions=fractions, seed=seed)
    after = assign({name: name for name in [*new, *old]}, fractions=fractions, seed=seed)
    assert before == {name: after[name] for name in old}


def test_the_shares_hold_on_average_and_a_seed_draws_other_splits() -> None:
    fractions = read_fractions("80/10/10")
    names = [f"photo {number}.jpg" for number in range(5000)]
    first = [split_of(name, fractions=fractions, seed=0) for name in names]
    counts = Counter(first)
    assert 3900 < counts["train"] < 4100
    assert 420 < counts["val"] < 580
    assert 420 < counts["test"] < 580
    assert [split_of(name, fractions=fractions, seed=1) for name in names] != first


def test_the_assignment_is_fixed_for_ever() -> None:
    fractions = read_fractions("50/25/25")
    assert [split_of(name, fractions=fractions, seed=0) for name in "abcdefgh"] == [
        "train",
        "val",
        "train",
        "train",
        "train",
        "train",
        "val",
        "train",
    ]


def test_groups_stay_together() -> None:
    pattern = read_pattern(r"^(\w+?)_")
    assert group_of("a/b/c.jpg", splits="folder") == group_of("a/b/d.jpg", splits="folder") == "a/b"
    assert group_of("cat_1.jpg", splits="pattern", pattern=pattern) == "cat"
    assert group_of("7.jpg", splits="pattern", pattern=pattern) == "7.jpg"
    names = {str(number): f"{number}.jpg" for number in range(200)}
    twins = {number: str(int(number) // 2) for number in names}
    found = assign(names, fractions=read_fractions("50/50"), seed=3, groups=twins)
    assert all(found[str(number)] == found[str(number + 1)] for number in range(0, 200, 2))
    assert set(found.values()) == {"train", "val"}


@pytest.mark.parametrize("text", ["", "80/10/10/0", "a/b", "0/50/50", "80//20", "nan/1"])
def test_shares_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="fractions"):
        read_fractions(text)


@pytest.mark.parametrize("text", ["", "("])
def test_patterns_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="pattern"):
        read_pattern(text)


def test_a_category_missing_from_a_split_is_named() -> None:
    objects = {("cat", "train"): 3, ("cat", "val"): 1, ("dog", "train"): 2}
    assert uneven(objects, splits=("train", "val")) == ["dog has no object in val; another seed may place some there."]
