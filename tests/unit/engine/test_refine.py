from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.domain.mask import Mask
from annotator.domain.prompt import Box, Point, Prompt
from annotator.engine import upscale
from annotator.engine.fake import FakePredictor
from annotator.engine.predictor import Candidate, DecodeRequest, Embedding, LogitsArray
from annotator.engine.refine import Answer, Fold, Folder
from annotator.errors import BadPrompt, OutOfMemory


class Recorder(FakePredictor):
    """A fake that writes down what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, LogitsArray | None, bool]] = []
        self.boxes: list[Box | None] = []

    def decode(
        self, embedding: Embedding, prompt: Prompt, *, logits: LogitsArray | None = None, multimask: bool = False
    ) -> list[Candidate]:
        self.asked.append((len(prompt.points), logits, multimask))
        self.boxes.append(prompt.box)
        return super().decode(embedding, prompt, logits=logits, multimask=multimask)


MODEL = Recorder()
EMBEDDING = MODEL.encode(np.zeros((120, 160, 3), np.uint8))
A, B, C = Point(60, 60), Point(100, 60), Point(30, 30, 0)
BACK = Point(10, 10, 0)
MASK = Mask.from_array(np.indices((120, 160))[1] >= 80)


def fold(folder: Folder, prompt: Prompt, *, multimask: bool | None = None, key: str = "image") -> Answer:
    return folder.fold(MODEL, Fold(EMBEDDING, prompt, key, multimask))


def equal(left: Answer, right: Answer) -> bool:
    pairs = zip(left.candidates, right.candidates, strict=True)
    return left.chosen == right.chosen and all(np.array_equal(a.logits, b.logits) for a, b in pairs)


@pytest.fixture
def folder() -> Folder:
    MODEL.asked.clear()
    MODEL.boxes.clear()
    return Folder()


def test_a_lone_point_has_three_answers_and_the_best_is_chosen(folder: Folder) -> None:
    answer = fold(folder, Prompt(points=(A,)))
    assert len(answer.candidates) == 3
    assert answer.chosen == 1
    assert fold(folder, Prompt(points=(A,), choice=2)).chosen == 2
    assert folder.decodes == 1, "choosing costs no decode"


def test_each_further_point_gets_the_logits_of_the_step_before(folder: Folder) -> None:
    answer = fold(folder, Prompt(points=(A, B, C)))
    assert len(answer.candidates) == 1
    assert [(points, multimask) for points, _, multimask in MODEL.asked] == [(1, True), (2, False), (3, False)]
    first = fold(folder, Prompt(points=(A,)))
    second = fold(folder, Prompt(points=(A, B)))
    assert MODEL.asked[0][1] is None
    assert np.array_equal(MODEL.asked[1][1], first.candidates[first.chosen].logits)  # type: ignore[arg-type]
    assert np.array_equal(MODEL.asked[2][1], second.candidates[0].logits)  # type: ignore[arg-type]


def test_adding_a_point_costs_one_decode_and_removing_the_last_none(folder: Folder) -> None:
    fold(folder, Prompt(points=(A, B)))
    before = folder.decodes
    fold(folder, Prompt(points=(A, B, C)))
    assert folder.decodes == before + 1
    fold(folder, Prompt(points=(A, B)))
    fold(folder, Prompt(points=(A,)))
    assert folder.decodes == before + 1


def test_moving_a_point_decodes_again_from_there(folder: Folder) -> None:
    fold(folder, Prompt(points=(A, B, C)))
    before = folder.decodes
    fold(folder, Prompt(points=(A, replace(B, x=105.0), C)))
    assert folder.decodes == before + 2


def test_the_choice_decides_what_is_refined(folder: Folder) -> None:
    small, large = (fold(folder, Prompt(points=(A, B), choice=choice)) for choice in (0, 2))
    assert (small.candidates[0].logits > 0).sum() < (large.candidates[0].logits > 0).sum()


def test_picking_the_best_by_hand_is_the_same_as_leaving_it_to_the_score(folder: Folder) -> None:
    left = fold(folder, Prompt(points=(A, B)))
    before = folder.decodes
    assert equal(fold(folder, Prompt(points=(A, B), choice=1)), left)
    assert folder.decodes == before


def test_background_points_first_wait_for_a_foreground_point(folder: Folder) -> None:
    answer = fold(folder, Prompt(points=(BACK, C, A, B)))
    assert [points for points, _, _ in MODEL.asked] == [3, 4]
    assert len(answer.candidates) == 1


def test_a_box_comes_before_the_points(folder: Folder) -> None:
    fold(folder, Prompt(points=(BACK, A), box=Box(20, 20, 120, 100)))
    assert [(points, multimask) for points, _, multimask in MODEL.asked] == [(0, False), (1, False), (2, False)]


def test_a_mask_is_where_refining_starts(folder: Folder) -> None:
    fold(folder, Prompt(points=(A, C), mask=MASK))
    assert [(points, multimask) for points, _, multimask in MODEL.asked] == [(1, False), (2, False)]
    assert np.array_equal(MODEL.asked[0][1], upscale.from_mask(MASK, EMBEDDING))  # type: ignore[arg-type]


def test_a_mask_alone_is_its_own_answer(folder: Folder) -> None:
    answer = fold(folder, Prompt(mask=MASK))
    assert len(answer.candidates) == 1
    assert upscale.to_mask(answer.candidates[0].logits, EMBEDDING).iou(MASK) > 0.97
    assert folder.decodes == 0


def test_a_mask_comes_with_its_extent(folder: Folder) -> None:
    fold(folder, Prompt(points=(A, BACK), mask=MASK))
    assert MODEL.boxes == [Box(60, 0, 160, 120), Box(60, 0, 160, 120)]
    MODEL.boxes.clear()
    fold(folder, Prompt(points=(A,), mask=MASK, box=Box(1, 1, 9, 9)))
    assert MODEL.boxes == [Box(1, 1, 9, 9), Box(1, 1, 9, 9)]


def test_an_empty_mask_has_no_extent(folder: Folder) -> None:
    empty = Mask.from_array(np.zeros((120, 160)))
    answer = fold(folder, Prompt(points=(A,), mask=empty))
    assert (answer.candidates[0].logits > 0).any()
    assert MODEL.boxes == [None]


def test_several_or_one_can_be_asked_for(folder: Folder) -> None:
    assert len(fold(folder, Prompt(points=(A,)), multimask=False).candidates) == 1
    assert len(fold(folder, Prompt(points=(A, B)), multimask=True).candidates) == 3
    assert len(fold(folder, Prompt(box=Box(20, 20, 120, 100)), multimask=True).candidates) == 3


@pytest.mark.parametrize("prompt", [Prompt(), Prompt(points=(BACK,))])
def test_a_prompt_that_says_nothing_is_refused(folder: Folder, prompt: Prompt) -> None:
    with pytest.raises(BadPrompt):
        fold(folder, prompt)


def test_images_do_not_share_steps(folder: Folder) -> None:
    fold(folder, Prompt(points=(A,)), key="one")
    fold(folder, Prompt(points=(A,)), key="two")
    assert folder.decodes == 2


points = st.builds(Point, st.integers(0, 159), st.integers(0, 119), st.sampled_from([1, 1, 0]))
prompts = st.builds(
    Prompt,
    st.lists(points, max_size=4).map(lambda some: (A, *some)),
    st.sampled_from([None, None, Box(20, 20, 120, 100)]),
    st.none(),
    st.sampled_from([None, 0, 1, 2]),
)


@given(st.lists(prompts, min_size=1, max_size=6), prompts, st.integers(0, 1 << 21))
def test_the_way_there_does_not_matter(way: list[Prompt], prompt: Prompt, budget: int) -> None:
    """Whatever was asked before, and however little can be remembered: the same prompt, the same answer."""
    travelled = Folder(budget=budget)
    for other in way:
        fold(travelled, other)
    assert equal(fold(travelled, prompt), fold(Folder(), prompt))


class Together(FakePredictor):
    """A fake that decodes up to eight prompts in a pass, and remembers the passes."""

    batch = 8

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.fails = fails

    def decode_batch(self, requests: Sequence[DecodeRequest]) -> list[list[Candidate]]:
        self.sizes.append(len(requests))
        if self.fails:
            raise OutOfMemory("The memory is full.")
        return [
            self.decode(each.embedding, each.prompt, logits=each.logits, multimask=each.multimask) for each in requests
        ]


PROMPTS = [
    Prompt(points=(A,)),
    Prompt(points=(A, B, C)),
    Prompt(box=Box(20, 20, 90, 90), points=(C,)),
    Prompt(points=(A, B)),
    Prompt(mask=MASK, points=(A,)),
    Prompt(mask=MASK),
]


@pytest.mark.parametrize("fails", [False, True])
def test_folded_together_prompts_get_what_they_get_alone(fails: bool) -> None:
    model = Together(fails=fails)
    answers = Folder().fold_many(model, [Fold(EMBEDDING, prompt, "image") for prompt in PROMPTS])
    for prompt, answer in zip(PROMPTS, answers, strict=True):
        assert isinstance(answer, Answer)
        assert equal(answer, Folder().fold(FakePredictor(), Fold(EMBEDDING, prompt, "image")))


def test_a_pass_takes_a_step_of_each_and_the_same_step_once() -> None:
    model, folder = Together(), Folder()
    folder.fold_many(model, [Fold(EMBEDDING, prompt, "image") for prompt in PROMPTS[:4]])
    # A alone is the answer of one and the beginning of two others; then A B for two, and the box's point; then A B C.
    assert model.sizes == [2, 2]
    assert folder.passes == 3
    assert folder.decodes == 5


def test_a_bad_prompt_fails_alone() -> None:
    good, bad = Folder().fold_many(
        Together(), [Fold(EMBEDDING, Prompt(points=(A,)), "image"), Fold(EMBEDDING, Prompt(points=(BACK,)), "image")]
    )
    assert isinstance(good, Answer)
    assert isinstance(bad, BadPrompt)
