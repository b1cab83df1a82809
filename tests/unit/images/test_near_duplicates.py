"""A curator looks for pictures that look the same: copies that were resized, saved again or brightened."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from annotator.errors import ImageProblem
from annotator.images.near_duplicates import MAX_DISTANCE, SAME, groups, hash_file, near_pairs, perceptual_hash
from tests.paths import shared


def bits(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def variants(photo: Image.Image) -> dict[str, Image.Image]:
    width, height = photo.size
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=30)
    stream.seek(0)
    return {
        "resized": photo.resize((width // 3, height // 3), Image.Resampling.BICUBIC),
        "stretched": photo.resize((width, height * 3 // 2), Image.Resampling.BILINEAR),
        "recompressed": Image.open(stream).convert("RGB"),
        "brightened": photo.point(lambda value: min(255, round(value * 1.2 + 10))),
        "darkened": photo.point(lambda value: round(value * 0.7)),
    }


def photos() -> dict[str, Image.Image]:
    """The first frame of every video."""
    found: dict[str, Image.Image] = {}
    for path in sorted(shared("davis", "images").rglob("*.*")):
        video = path.parent.name if path.parent.name != "images" else path.stem.rsplit("_", 1)[0]
        if video not in found:
            found[video] = Image.open(path).convert("RGB")
    return found


def test_changed_copies_of_photos_are_near_and_other_photos_are_far() -> None:
    originals = {name: perceptual_hash(np.array(photo)) for name, photo in photos().items()}
    assert len(originals) >= 10
    for name, photo in photos().items():
        for change, copy in variants(photo).items():
            assert bits(perceptual_hash(np.array(copy)), originals[name]) <= SAME, (name, change)
    values = list(originals.values())
    apart = [bits(one, other) for index, one in enumerate(values) for other in values[:index]]
    assert min(apart) >= 2 * SAME


def test_copies_are_grouped_with_their_photo_and_with_nothing_else() -> None:
    hashes: list[int] = []
    owners: list[str] = []
    for name, photo in photos().items():
        for picture in [photo, *variants(photo).values()]:
            hashes.append(perceptual_hash(np.array(picture)))
            owners.append(name)
    found = groups(hashes, distance=SAME)
    assert [len(group) for group in found] == [6] * len(set(owners))
    for group in found:
        assert len({owners[index] for index in group}) == 1


def test_a_photo_is_the_same_however_its_file_is_turned() -> None:
    files = sorted(shared("exif_golden").glob("*.jpg"))
    hashes = [hash_file(path) for path in files]
    assert groups(hashes, distance=2) == [tuple(range(8))]


def test_pictures_of_one_colour_look_the_same_whatever_the_colour() -> None:
    plain = [perceptual_hash(np.full((30, 50, 3), value, np.uint8)) for value in (0, 77, 255)]
    assert plain == [0, 0, 0]


def test_a_file_that_is_no_picture_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"nothing")
    with pytest.raises(ImageProblem):
        hash_file(tmp_path / "a.jpg")


near_hashes = st.lists(
    st.builds(
        lambda base, flips: base ^ sum(1 << flip for flip in flips),
        st.sampled_from([0, 2**64 - 1, 0x123456789ABCDEF0]),
        st.sets(st.integers(0, 63), max_size=6),
    ),
    max_size=12,
)


@given(near_hashes, st.integers(0, MAX_DISTANCE))
def test_the_pairs_are_those_that_comparing_everything_finds(hashes: list[int], distance: int) -> None:
    firsts = {value: hashes.index(value) for value in hashes}
    expected = set()
    for j, other in enumerate(hashes):
        for i, one in enumerate(hashes[:j]):
            is_copy = one == other and firsts[one] == i
            both_first = firsts[one] == i and firsts[other] == j and one != other
            if (is_copy or both_first) and bits(one, other) <= distance:
                expected.add((i, j, bits(one, other)))
    found = list(near_pairs(hashes, distance=distance))
    assert len(found) == len(set(found))
    assert set(found) == expected


@given(near_hashes, st.integers(0, MAX_DISTANCE))
def test_no_two_near_pictures_are_in_different_groups(hashes: list[int], distance: int) -> None:
    group_of = {index: number for number, group in enumerate(groups(hashes, distance=distance)) for index in group}
    for j, other in enumerate(hashes):
        for i, one in enumerate(hashes[:j]):
            if bits(one, other) <= distance:
                assert group_of[i] == group_of[j]


def test_five_thousand_pictures_are_compared_a_few_thousand_times(monkeypatch: pytest.MonkeyPatch) -> None:
    from annotator.images import near_duplicates

    compared = 0
    count_bits = near_duplicates._ones

    def counting(values: np.ndarray) -> np.ndarray:
        nonlocal compared
        compared += values.size
        return count_bits(values)

    monkeypatch.setattr(near_duplicates, "_ones", counting)
    chance = random.Random(5)
    hashes = [chance.getrandbits(64) for _ in range(5000)]
    hashes[4000] = hashes[17] ^ 0b10110
    assert groups(hashes, distance=5) == [(17, 4000)]
    assert compared < 5000 * 5000 / 2 / 50


def test_a_distance_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="use 0 to 16"):
        list(near_pairs([1, 2], distance=17))
