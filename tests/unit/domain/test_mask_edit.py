"""Clean-ups against drawings and simple references: what changes, how many pixels, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.domain import mask_edit
from annotator.domain.mask import Mask
from annotator.errors import BadMask, InvalidInput


def drawn(*rows: str) -> Mask:
    return Mask.from_array(np.array([[character == "#" for character in row] for row in rows]))


def rows(mask: Mask) -> list[str]:
    return ["".join("#" if value else "." for value in row) for row in mask.to_array()]


HOLES = drawn("#######", "#.#...#", "###...#", "#######", ".......", "..#..##")


def test_small_holes_are_filled_and_counted() -> None:
    edited = mask_edit.fill_holes(HOLES, up_to=1)
    assert rows(edited.mask) == ["#######", "###...#", "###...#", "#######", ".......", "..#..##"]
    assert (edited.added, edited.removed) == (1, 0)


def test_all_holes_are_filled_without_a_limit_but_not_the_outside() -> None:
    edited = mask_edit.fill_holes(HOLES)
    assert rows(edited.mask)[:5] == ["#######"] * 4 + ["......."]
    assert (edited.added, edited.removed) == (7, 0)


def test_a_bay_at_the_border_of_the_image_is_no_hole() -> None:
    bay = drawn("##.##", "##.##", "#####")
    assert mask_edit.fill_holes(bay).mask == bay


def test_a_hole_closed_by_a_diagonal_is_a_hole() -> None:
    assert mask_edit.fill_holes(drawn(".#.", "#.#", ".#.")).added == 1


def test_specks_up_to_a_size_go() -> None:
    edited = mask_edit.remove_specks(HOLES, up_to=1)
    assert rows(edited.mask)[5] == ".....##"
    assert (edited.added, edited.removed) == (0, 1)


def test_parts_that_touch_at_a_corner_are_one() -> None:
    assert len(mask_edit.split(drawn("#..", ".#.", "..#"))) == 1


def test_only_the_largest_part_stays() -> None:
    edited = mask_edit.keep_largest(HOLES)
    assert rows(edited.mask)[5] == "......."
    assert (edited.added, edited.removed) == (0, 3)


def test_split_gives_every_part_once_the_largest_first() -> None:
    parts = mask_edit.split(HOLES)
    assert [part.area for part in parts] == [21, 2, 1]
    assert (sum(part.to_array().astype(int) for part in parts) == HOLES.to_array()).all()


def test_smoothing_takes_a_hair_off_and_leaves_straight_sides() -> None:
    array = np.zeros((60, 60), dtype=bool)
    array[20:60, 10:50] = True
    plain = Mask.from_array(array)
    array[5:20, 30] = True
    smoothed = mask_edit.smooth(Mask.from_array(array), strength=1.5)
    assert smoothed.removed >= 13
    left = smoothed.mask.to_array()
    assert not left[:18].any()
    assert (left[25:, 10:50] == plain.to_array()[25:, 10:50]).all(), "it also touches the border of the image"


def test_merge_subtract_intersect_are_set_operations() -> None:
    generator = np.random.default_rng(4)
    for _ in range(20):
        a, b, c = (generator.random((23, 17)) < 0.4 for _ in range(3))
        mask, others = Mask.from_array(a), [Mask.from_array(b), Mask.from_array(c)]
        for edited, wanted in (
            (mask_edit.merge(mask, others), a | b | c),
            (mask_edit.subtract(mask, others), a & ~(b | c)),
            (mask_edit.intersect(mask, others), a & (b | c)),
        ):
            assert (edited.mask.to_array() == wanted).all()
            assert (edited.added, edited.removed) == ((wanted & ~a).sum(), (a & ~wanted).sum())


def test_an_empty_mask_stays_empty() -> None:
    empty = drawn("...", "...")
    assert mask_edit.split(empty) == ()
    edits = (
        mask_edit.fill_holes(empty),
        mask_edit.remove_specks(empty, up_to=9),
        mask_edit.keep_largest(empty),
        mask_edit.smooth(empty, strength=2),
        mask_edit.subtract(empty, []),
        mask_edit.merge(empty, []),
    )
    for edited in edits:
        assert (edited.mask.area, edited.added, edited.removed) == (0, 0, 0)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InvalidInput, match="strength"):
        mask_edit.smooth(HOLES, strength=0)
    with pytest.raises(BadMask, match="can't be combined"):
        mask_edit.merge(HOLES, [drawn("##")])
