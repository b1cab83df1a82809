from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.domain.mask import Mask
from annotator.domain.prompt import BACKGROUND, Box, Point, Prompt
from annotator.engine import Engine, FakePredictor, ImageSource, crop
from annotator.engine.predictor import Candidate, Embedding, LogitsArray, RGBArray

HEIGHT, WIDTH = 900, 1200
PIXELS = np.random.default_rng(5).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
SOURCE = ImageSource("photo", WIDTH, HEIGHT, lambda: PIXELS)
SMALL = Box(500, 400, 560, 470)
BOXED = Prompt(box=SMALL, crop="auto")


class Watched(FakePredictor):
    """A fake that notes the size of what it encodes, and can be made to see nothing in a part of the image."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, int]] = []
        self.blind = False

    def encode(self, image: RGBArray) -> Embedding:
        self.seen.append((image.shape[1], image.shape[0]))
        return super().encode(image)

    def decode(
        self, embedding: Embedding, prompt: Prompt, *, logits: LogitsArray | None = None, multimask: bool = False
    ) -> list[Candidate]:
        answers = super().decode(embedding, prompt, logits=logits, multimask=multimask)
        if self.blind and (embedding.width, embedding.height) != (WIDTH, HEIGHT):
            return [Candidate(np.full((256, 256), -5, np.float32), 0.99)]
        return answers


@pytest.fixture
def model() -> Watched:
    return Watched()


@pytest.fixture
def engine(model: Watched) -> Iterator[Engine]:
    made = Engine(predictor=model)
    yield made
    made.close()


def test_a_small_box_is_looked_at_closer_and_the_reply_says_where(engine: Engine, model: Watched) -> None:
    answer = engine.predict(SOURCE, BOXED)
    assert answer.crop is not None
    x0, y0, x1, y1 = answer.crop
    assert x0 < SMALL.x0 < SMALL.x1 < x1
    assert y0 < SMALL.y0 < SMALL.y1 < y1
    assert model.seen == [(WIDTH, HEIGHT), (x1 - x0, y1 - y0)]
    mask = answer.candidates[answer.chosen].mask
    assert (mask.width, mask.height) == (WIDTH, HEIGHT)
    assert mask != engine.predict(SOURCE, Prompt(box=SMALL)).candidates[0].mask
    assert mask.to_array()[435, 530]


def test_neighbouring_clicks_share_one_closer_look(engine: Engine, model: Watched) -> None:
    engine.predict(SOURCE, BOXED)
    engine.predict(SOURCE, replace(BOXED, points=(Point(530, 440),)))
    engine.predict(SOURCE, replace(BOXED, points=(Point(530, 440), Point(505, 405, BACKGROUND))))
    assert len(model.seen) == 2


def test_one_click_alone_waits_for_a_second(engine: Engine, model: Watched) -> None:
    click = Prompt(points=(Point(530, 440),), crop="auto")
    answer = engine.predict(SOURCE, click)
    assert answer.crop is None
    assert answer.candidates == engine.predict(SOURCE, replace(click, crop=None)).candidates
    assert model.seen == [(WIDTH, HEIGHT)]


def test_a_large_object_is_seen_well_enough(engine: Engine, model: Watched) -> None:
    assert engine.predict(SOURCE, Prompt(box=Box(100, 100, 1100, 800), crop="auto")).crop is None
    assert model.seen == [(WIDTH, HEIGHT)]


def test_what_was_asked_for_is_looked_at_even_after_one_click(engine: Engine, model: Watched) -> None:
    answer = engine.predict(SOURCE, Prompt(points=(Point(530, 440),), crop=Box(203, 150, 900, 801)))
    assert answer.crop is not None
    x0, y0, x1, y1 = answer.crop
    assert x0 <= 203 < 900 <= x1
    assert y0 <= 150 < 801 <= y1
    assert len(answer.candidates) == 3
    assert answer.candidates[answer.chosen].full


def test_a_part_of_the_image_without_the_object_changes_nothing(engine: Engine, model: Watched) -> None:
    far = replace(BOXED, crop=Box(0, 0, 200, 200))
    assert engine.predict(SOURCE, far).crop is None
    assert engine.mask(SOURCE, far) == engine.mask(SOURCE, Prompt(box=SMALL))


def test_the_accepted_mask_is_the_one_that_was_shown(engine: Engine, model: Watched) -> None:
    clicks = Prompt(points=(Point(530, 440), Point(545, 450)), crop="auto")
    for prompt in (BOXED, clicks, replace(clicks, points=clicks.points[:1], crop=Box(200, 200, 900, 800))):
        shown = engine.predict(SOURCE, prompt)
        assert shown.crop is not None
        decodes = model.decodes
        assert engine.mask(SOURCE, prompt) == shown.candidates[shown.chosen]
        assert model.decodes == decodes, "accepting what was just shown costs no decode"


def test_the_way_there_does_not_matter(engine: Engine, model: Watched) -> None:
    last = replace(BOXED, points=(Point(530, 440), Point(505, 405, BACKGROUND)))
    direct = engine.predict(SOURCE, last)
    other = Engine(predictor=Watched())
    other.predict(SOURCE, replace(last, crop=Box(450, 350, 700, 600)))
    other.predict(SOURCE, replace(last, points=last.points[1:], crop="auto"))
    other.predict(SOURCE, Prompt(points=last.points, crop="auto"))
    roundabout = other.predict(SOURCE, Prompt.from_json(last.to_json()))
    other.close()
    assert direct.crop == roundabout.crop
    assert direct.candidates == roundabout.candidates


def test_an_answer_that_contradicts_the_prompts_is_not_shown(engine: Engine, model: Watched) -> None:
    model.blind = True
    answer = engine.predict(SOURCE, BOXED)
    assert answer.crop is None
    assert answer.candidates == engine.predict(SOURCE, Prompt(box=SMALL)).candidates


def test_an_object_given_as_a_mask_is_looked_at_when_asked_or_with_a_point(engine: Engine, model: Watched) -> None:
    given_mask = rectangle(500, 400, 560, 470, width=WIDTH, height=HEIGHT)
    alone = Prompt(mask=given_mask, crop="auto")
    assert engine.mask(SOURCE, alone).mask == given_mask, "nobody asked to change it"
    asked = engine.predict(SOURCE, replace(alone, crop=Box(400, 300, 700, 600)))
    assert asked.crop is not None
    assert asked.candidates[0].mask.iou(given_mask) > 0.7
    assert engine.predict(SOURCE, replace(alone, points=(Point(530, 440),))).crop is not None


def test_a_thin_object_may_become_much_thinner() -> None:
    whole, thin = np.zeros((160, 200), bool), np.zeros((160, 200), bool)
    for step in range(100):
        whole[max(0, 20 + step - 10) : 20 + step + 10, 40 + step] = True
        thin[20 + step - 2 : 20 + step + 2, 40 + step] = True
    assert Mask.from_array(thin).iou(Mask.from_array(whole)) < 0.3
    prompt = Prompt(points=(Point(90.5, 70.5), Point(90.5, 76.5, BACKGROUND)))
    assert crop.agrees(Mask.from_array(thin), Mask.from_array(whole), prompt)


def rectangle(x0: int, y0: int, x1: int, y1: int, *, width: int = 200, height: int = 160) -> Mask:
    array = np.zeros((height, width), bool)
    array[y0:y1, x0:x1] = True
    return Mask.from_array(array)


def test_agreement_is_about_points_box_and_object() -> None:
    whole = rectangle(40, 40, 100, 100)
    inside, outside = Point(50, 50), Point(120, 50, BACKGROUND)
    assert crop.agrees(rectangle(42, 42, 98, 98), whole, Prompt(points=(inside, outside)))
    assert not crop.agrees(rectangle(52, 42, 98, 98), whole, Prompt(points=(inside,))), "a foreground point is out"
    assert not crop.agrees(rectangle(42, 42, 125, 98), whole, Prompt(points=(outside,))), "a background point is in"
    assert not crop.agrees(rectangle(45, 45, 55, 55), whole, Prompt(points=(inside,))), "it is a part"
    assert not crop.agrees(rectangle(40, 40, 120, 100), whole, Prompt(box=Box(40, 40, 100, 100))), "it leaves the box"
    assert not crop.agrees(rectangle(0, 0, 0, 0), whole, Prompt(points=(inside,))), "it is empty"


def slab(height: int, width: int, edge: float) -> npt.NDArray[np.float32]:
    """Logits of all that lies above a horizontal edge."""
    rows = edge - (np.arange(height, dtype=np.float32) + 0.5)
    return np.repeat(rows[:, None], width, axis=1)


def test_an_outline_that_leaves_the_region_has_no_step_at_its_border() -> None:
    """The closer look sees the edge 4 pixels lower; on its way out of the region the outline comes back."""
    whole = rectangle(0, 0, 200, 80)
    region = 40, 40, 160, 120
    result = crop.pasted(whole, slab(80, 120, 40), slab(80, 120, 44), region).to_array()
    heights = result.sum(axis=0)
    assert heights[100] == 84, "in the middle the closer look counts"
    assert set(heights[:41]) | set(heights[159:]) == {80}
    assert np.abs(np.diff(heights.astype(int))).max() <= 1


def test_the_image_s_own_border_is_no_seam() -> None:
    near = np.full((160, 100), 5, np.float32)
    result = crop.pasted(rectangle(0, 0, 1, 1), np.full((160, 100), -5, np.float32), near, (0, 0, 100, 160))
    assert result.to_array()[:, 0].all()


@given(
    x=st.integers(0, 2900), y=st.integers(0, 1900), width=st.integers(1, 3000), height=st.integers(1, 2000)
)  # fmt: skip
def test_an_automatic_region_lies_in_the_image_around_the_object_and_is_much_smaller(
    x: int, y: int, width: int, height: int
) -> None:
    box = Box(x, y, min(x + width, 3000), min(y + height, 2000))
    empty = Mask.from_crop(np.zeros((1, 1)), x=0, y=0, height=2000, width=3000)
    region = crop.region_of(Prompt(box=box, crop="auto"), empty)
    if region is None:
        return
    x0, y0, x1, y1 = region
    assert 0 <= x0 <= box.x0 < box.x1 <= x1 <= 3000
    assert 0 <= y0 <= box.y0 < box.y1 <= y1 <= 2000
    assert (x1 - x0) * (y1 - y0) < 3000 * 2000 * crop.AUTO_SHARE


def test_a_prompt_is_told_in_the_region_s_pixels() -> None:
    prompt = Prompt(points=(Point(60, 70), Point(5, 5, BACKGROUND)), box=Box(30, 50, 90, 100))
    inside = crop.prompt_in((40, 40, 140, 140), prompt, rectangle(40, 40, 100, 100))
    assert inside == Prompt(points=(Point(20, 30),), box=Box(0, 10, 50, 60))
