from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from annotator.domain.mask import Mask
from annotator.domain.prompt import Point
from annotator.engine.local import limited

HEIGHT, WIDTH = 120, 160


def square(x: int, y: int, side: int) -> np.ndarray:
    array = np.zeros((HEIGHT, WIDTH), bool)
    array[y : y + side, x : x + side] = True
    return array


BODY, LEG, BLOB = square(40, 40, 40), square(58, 80, 4), square(100, 10, 20)
LEG[80:110, 58:62] = True


def masks(*arrays: np.ndarray) -> list[Mask]:
    return [Mask.from_array(array) for array in arrays]


def test_what_no_click_touched_stays() -> None:
    given, answer, wanted = masks(BODY | LEG | BLOB, BODY, BODY | LEG)
    assert limited(given, answer, [Point(110, 20, 0)]) == wanted


def test_a_foreground_click_brings_only_the_region_it_is_in() -> None:
    given, answer, wanted = masks(BODY, BODY | LEG | BLOB, BODY | BLOB)
    assert limited(given, answer, [Point(110, 20)]) == wanted


def test_a_click_on_something_thin_reaches_it() -> None:
    given, answer, wanted = masks(BODY | BLOB, BODY | LEG, BODY | BLOB | LEG)
    assert limited(given, answer, [Point(60, 100)]) == wanted


def test_a_seam_along_the_outline_does_not_join_regions() -> None:
    rim = square(39, 39, 42) & ~BODY
    given, answer = masks(BODY, BODY | rim | square(81, 50, 12))
    changed = limited(given, answer, [Point(87, 56)]).to_array() & ~BODY
    assert changed[50:62, 81:93].all()
    assert not changed[:, :60].any(), "the seam on the far side is not taken over"


def test_without_a_mask_or_clicks_that_change_anything() -> None:
    empty, given, answer = masks(np.zeros_like(BODY), BODY, BODY | BLOB)
    assert limited(empty, answer, [Point(1, 1)]) == answer
    assert limited(given, answer, [Point(60, 60)]) == given
    assert limited(given, given, [Point(60, 60)]) == given


@given(
    st.integers(0, 2**32 - 1), st.lists(st.tuples(st.floats(0, 160), st.floats(0, 120), st.integers(0, 1)), max_size=4)
)
def test_every_pixel_is_as_given_or_as_answered(seed: int, spots: list[tuple[float, float, int]]) -> None:
    random = np.random.default_rng(seed)
    before, after = (np.kron(random.random((12, 16)) > 0.6, np.ones((10, 10))) > 0 for _ in range(2))
    given, answer = masks(before, after)
    points = [Point(x, y, label) for x, y, label in spots]
    result = limited(given, answer, points).to_array()
    if given.area:
        assert ((result == before) | (result == after)).all()
        if all(point.label == 1 for point in points):
            assert (result >= before).all(), "foreground clicks take nothing away"
