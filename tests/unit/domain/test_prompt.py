"""Prompts say what the user did, and refuse what no user can do."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.domain.mask import Mask
from annotator.domain.prompt import MAX_POINTS, Box, Point, Prompt
from annotator.errors import BadPrompt

coordinates = st.floats(0, 100, allow_nan=False)
points = st.builds(Point, coordinates, coordinates, st.sampled_from([0, 1]))
boxes = st.builds(Box, st.floats(0, 40), st.floats(0, 40), st.floats(50, 100), st.floats(50, 100))
prompts = st.builds(
    Prompt,
    points=st.lists(points, max_size=6).map(tuple),
    box=st.none() | boxes,
    mask=st.none() | st.just(Mask.from_array(np.eye(5))),
    choice=st.none() | st.integers(0, 2),
)


@given(prompts)
def test_a_prompt_survives_being_saved(prompt: Prompt) -> None:
    assert Prompt.from_json(prompt.to_json()) == prompt


@pytest.mark.parametrize(
    ("prompt", "field", "message"),
    [
        ({"points": (Point(math.nan, 1),)}, "points.0", "not a number"),
        ({"points": (Point(1, 1), Point(1, math.inf))}, "points.1", "not a number"),
        ({"points": (Point(1, 1, 2),)}, "points.0", "label 2"),
        ({"points": (Point(1, 1),) * (MAX_POINTS + 1)}, "points", "at most"),
        ({"box": Box(5, 5, 5, 9)}, "box", "empty"),
        ({"box": Box(5, 9, 7, 5)}, "box", "empty"),
        ({"box": Box(5, math.nan, 7, 9)}, "box", "not a number"),
        ({"choice": 7}, "choice", "candidate 7"),
    ],
)
def test_impossible_prompts_are_refused(prompt: dict, field: str, message: str) -> None:
    with pytest.raises(BadPrompt, match=message) as error:
        Prompt(**prompt)
    assert error.value.field == field


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (
            Prompt(points=(Point(1, 1), Point(2, 2), Point(900, 1))),
            r"point 2 is outside the image \(x=900, width=854\)",
        ),
        (Prompt(points=(Point(1, 480.5),)), r"point 0 is outside the image \(y=480.5, height=480\)"),
        (Prompt(points=(Point(-1, 1),)), "outside"),
        (Prompt(box=Box(0, 0, 855, 10)), "leaves the image"),
        (Prompt(mask=Mask.from_array(np.eye(5))), "5×5 but the image is 854×480"),
        (Prompt(), "empty"),
        (Prompt(points=(Point(1, 1, 0),)), "only background"),
    ],
)
def test_prompts_that_do_not_fit_the_image_are_refused(prompt: Prompt, message: str) -> None:
    with pytest.raises(BadPrompt, match=message):
        prompt.require_answerable(width=854, height=480)


def test_the_border_belongs_to_the_image() -> None:
    Prompt(points=(Point(0, 0), Point(854, 480)), box=Box(0, 0, 854, 480)).require_answerable(width=854, height=480)


def test_a_lone_point_is_ambiguous_and_nothing_else_is() -> None:
    point = Point(1, 1)
    assert Prompt(points=(point,)).is_ambiguous
    assert not Prompt(points=(point, point)).is_ambiguous
    assert not Prompt(points=(point,), box=Box(0, 0, 2, 2)).is_ambiguous


@pytest.mark.parametrize("crop", [None, "auto", Box(1, 2, 30, 40)])
def test_a_draft_remembers_where_it_looked_closer(crop: Any) -> None:
    prompt = Prompt(points=(Point(3, 4),), crop=crop)
    assert Prompt.from_json(json.loads(json.dumps(prompt.to_json()))) == prompt


def test_a_prompt_is_written_as_it_was_before_there_were_crops() -> None:
    written = Prompt(points=(Point(3, 4),)).to_json()
    assert set(written) == {"points", "box", "mask", "choice"}, "recorded changes are compared with it"
    assert Prompt.from_json(written) == Prompt(points=(Point(3, 4),))


def test_a_crop_lies_in_the_image() -> None:
    with pytest.raises(BadPrompt, match=r"crop .* leaves the image") as caught:
        Prompt(points=(Point(3, 4),), crop=Box(0, 0, 70, 40)).require_inside(width=64, height=48)
    assert caught.value.field == "crop"
    with pytest.raises(BadPrompt, match="the crop is empty"):
        Prompt(crop=Box(5, 5, 5, 8))
