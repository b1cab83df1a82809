"""The embedded model under many hands gives exactly the masks that it gives alone."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from annotator.bench.pictures import draw, places
from annotator.domain.prompt import Box, Point, Prompt
from annotator.engine import Engine, ImageSource, Prediction
from annotator.engine.disk import DiskCache
from annotator.engine.predictor import Predictor
from annotator.engine.registry import Registry

WIDTH, HEIGHT = 400, 300
CLICKS = 96


def picture(seed: int) -> ImageSource:
    pixels = draw(WIDTH * HEIGHT / 1e6, seed=seed)
    return ImageSource(f"picture-{seed}", pixels.shape[1], pixels.shape[0], lambda: pixels)


def prompts() -> list[Prompt]:
    spots = [Point(x, y) for x, y in places(6, width=WIDTH, height=HEIGHT)]
    return [
        *(Prompt(points=(spot,)) for spot in spots[:3]),
        Prompt(points=(spots[3], spots[4])),
        Prompt(points=(spots[0], replace(spots[5], label=0), spots[1])),
        Prompt(box=Box(60, 40, 220, 200)),
        Prompt(box=Box(60, 40, 220, 200), points=(spots[2],)),
    ]


@pytest.fixture(scope="module")
def model() -> Predictor:
    return Registry().load("mobile_sam", "cpu")


def test_interleaved_clicks_with_images_embedded_meanwhile(model: Predictor, tmp_path: Path) -> None:
    """96 clicks of eight people on five images, of which the memory holds two and the disk all; embedding ahead."""
    pictures, chance = [picture(seed) for seed in range(5)], random.Random(11)
    asked = [(chance.choice(pictures), chance.choice(prompts())) for _ in range(CLICKS)]

    def run(engine: Engine, index: int) -> list[tuple[float, np.ndarray]]:
        source, prompt = asked[index]
        answer: Prediction = engine.predict(source, prompt, client=f"tab-{index % 8}-{index}", seq=index)
        return [(each.score, each.mask.to_array()) for each in answer.candidates]

    alone = Engine(predictor=model)
    wanted = [run(alone, index) for index in range(CLICKS)]
    alone.close()

    crowded = Engine(predictor=model, cache_bytes=5 << 20, disk=DiskCache(tmp_path, 1 << 30))
    with ThreadPoolExecutor(9) as people:
        ahead = [people.submit(crowded.embed, source, priority="prefetch") for source in pictures]
        got = list(people.map(lambda index: run(crowded, index), range(CLICKS)))
        for each in ahead:
            each.result(60)
    crowded.close()
    assert crowded.encodes == len(pictures)
    for left, right in zip(got, wanted, strict=True):
        assert [score for score, _ in left] == [score for score, _ in right]
        assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(left, right, strict=True))
