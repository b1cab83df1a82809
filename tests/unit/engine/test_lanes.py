"""Several people, several models, full devices, hanging threads."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from annotator.domain.prompt import Box, Point, Prompt
from annotator.engine import Engine, FakePredictor, ImageSource, Prediction
from annotator.engine.predictor import Candidate, Embedding, LogitsArray, Predictor, RGBArray
from annotator.engine.registry import Registry
from annotator.errors import Busy, ModelProblem, OutOfMemory

HEIGHT, WIDTH = 96, 128
CLICK = Prompt(points=(Point(60, 40),))
PATIENCE = 20.0


def photo(seed: int) -> ImageSource:
    pixels = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    return ImageSource(f"photo-{seed}", WIDTH, HEIGHT, lambda: pixels)


class Gated(FakePredictor):
    """A fake whose encoder waits for permission for the images named."""

    def __init__(self) -> None:
        super().__init__()
        self.started, self.go = threading.Event(), threading.Event()
        self.slow = True

    def encode(self, image: RGBArray) -> Embedding:
        if self.slow:
            self.started.set()
            assert self.go.wait(PATIENCE)
        return super().encode(image)


class OtherFake(FakePredictor):
    name = "other"
    fingerprint = "fake-2"

    def decode(
        self, embedding: Embedding, prompt: Prompt, *, logits: LogitsArray | None = None, multimask: bool = False
    ) -> list[Candidate]:
        return [
            Candidate(candidate.logits[::-1].copy(), candidate.score)
            for candidate in super().decode(embedding, prompt, logits=logits, multimask=multimask)
        ]


class TwoModels(Registry):
    """A registry whose models are made by the test."""

    def __init__(self, **made: Callable[[str], Predictor]) -> None:
        super().__init__()
        self.made = made
        self.loads: list[tuple[str, str]] = []

    def find(self, name: str):  # type: ignore[no-untyped-def]
        return super().find("fake") if name in self.made else super().find(name)

    def load(self, name: str, device: str = "auto", *, precision: str = "auto", progress=lambda step: None):  # type: ignore[no-untyped-def]
        self.loads.append((name, device))
        progress("Reading the weights")
        return self.made[name](device)


def test_a_click_on_an_embedded_image_does_not_wait_for_somebody_elses_image() -> None:
    model = Gated()
    model.slow = False
    engine = Engine(predictor=model)
    engine.embed(photo(1))
    model.slow = True
    with ThreadPoolExecutor(1) as people:
        opening = people.submit(engine.embed, photo(2))
        assert model.started.wait(PATIENCE)
        assert engine.predict(photo(1), CLICK).candidates
        assert not opening.done(), "the click was answered in the middle of the other image"
        model.go.set()
        opening.result(PATIENCE)
    engine.close()


def test_a_click_goes_before_every_prefetch_that_waits() -> None:
    model = Gated()
    order: list[str] = []
    engine = Engine(predictor=model)

    def noted(seed: int) -> ImageSource:
        source = photo(seed)

        def load() -> RGBArray:
            order.append(source.key)
            return source.load()

        return ImageSource(source.key, WIDTH, HEIGHT, load)

    with ThreadPoolExecutor(8) as people:
        ahead = [people.submit(engine.embed, noted(seed), priority="prefetch") for seed in range(1, 5)]
        assert model.started.wait(PATIENCE)
        while engine.status().waiting < 3:
            pass
        click = people.submit(engine.predict, noted(9), CLICK)
        while engine.status().waiting < 4:
            pass
        model.go.set()
        click.result(PATIENCE)
        for one in ahead:
            one.result(PATIENCE)
    engine.close()
    assert order[1] == "photo-9"


def test_a_model_that_is_being_loaded_holds_up_nobody_elses_clicks() -> None:
    go = threading.Event()

    def slow(device: str) -> Predictor:
        assert go.wait(PATIENCE)
        return OtherFake()

    registry = TwoModels(slow=slow)
    engine = Engine(predictor=FakePredictor(), registry=registry)
    with ThreadPoolExecutor(2) as people:
        waiting = [people.submit(engine.predict, photo(1), CLICK, model="slow") for _ in range(2)]
        while not registry.loads:
            pass
        assert engine.predict(photo(1), CLICK).model == "fake"
        with pytest.raises(Busy, match="not ready yet"):
            engine.predict(photo(1), CLICK, model="slow", timeout=0.05)
        go.set()
        assert {one.result(PATIENCE).model for one in waiting} == {"slow"}
    assert registry.loads == [("slow", "auto")], "loaded once"
    engine.close()


def test_a_model_that_can_not_be_loaded_says_why_each_time_and_others_go_on() -> None:
    def broken(device: str) -> Predictor:
        raise ModelProblem("The weights are damaged; download them again.")

    registry = TwoModels(broken=broken)
    engine = Engine(predictor=FakePredictor(), registry=registry)
    for _ in range(2):
        with pytest.raises(ModelProblem, match="damaged"):
            engine.predict(photo(1), CLICK, model="broken")
    assert len(registry.loads) == 2, "tried again: the file may be there by now"
    assert engine.predict(photo(1), CLICK).candidates
    engine.close()


class Full(FakePredictor):
    """A device with too little memory: `fits` calls succeed after each `release`."""

    device = "cuda"

    def __init__(self, *, fits_after_release: bool) -> None:
        super().__init__()
        self.fits = False
        self._fits_after_release = fits_after_release
        self.releases = 0

    def encode(self, image: RGBArray) -> Embedding:
        if not self.fits:
            raise OutOfMemory("full")
        return super().encode(image)

    def release(self) -> None:
        self.releases += 1
        self.fits = self._fits_after_release


def test_a_full_device_is_emptied_and_the_request_tried_again() -> None:
    model = Full(fits_after_release=True)
    engine = Engine(predictor=model)
    assert engine.predict(photo(1), CLICK).candidates
    assert model.releases == 1
    engine.close()


def test_a_device_that_stays_full_hands_the_model_to_the_cpu_and_says_so() -> None:
    registry = TwoModels(sam=lambda device: FakePredictor() if device == "cpu" else Full(fits_after_release=False))
    engine = Engine(model="sam", registry=registry)
    with ThreadPoolExecutor(4) as people:
        answers = list(people.map(lambda seed: engine.predict(photo(seed), CLICK), range(8)))
    assert all(answer.candidates for answer in answers)
    assert engine.device == "cpu"
    assert registry.loads == [("sam", "auto"), ("sam", "cpu")]
    assert "runs on the CPU" in str(engine.notice("sam"))
    engine.close()


def test_a_cpu_without_memory_says_so() -> None:
    class Small(Full):
        device = "cpu"

    engine = Engine(predictor=Small(fits_after_release=False))
    with pytest.raises(OutOfMemory):
        engine.predict(photo(1), CLICK)
    engine.close()


class Hanging(FakePredictor):
    """Hangs at its first image."""

    def __init__(self, go: threading.Event) -> None:
        super().__init__()
        self.go = go
        self.hangs = True

    def encode(self, image: RGBArray) -> Embedding:
        if self.hangs:
            self.hangs = False
            assert self.go.wait(PATIENCE)
        return super().encode(image)


def test_a_hanging_encoder_is_replaced_and_what_waited_is_answered() -> None:
    go = threading.Event()
    made: list[Predictor] = []

    def make(device: str) -> Predictor:
        made.append(Hanging(go) if not made else FakePredictor())
        return made[-1]

    engine = Engine(model="sam", registry=TwoModels(sam=make), patience=(0.3, 0.3))
    with ThreadPoolExecutor(2) as people:
        stuck = people.submit(engine.embed, photo(1))
        while not engine.status().running:
            pass
        later = people.submit(engine.embed, photo(2))
        with pytest.raises(ModelProblem, match=r"no answer for 0\.3 s and was restarted"):
            stuck.result(PATIENCE)
        assert later.result(PATIENCE).encoded
    assert engine.status().restarts == 1
    assert engine.predict(photo(1), CLICK).candidates
    assert len(made) == 2, "what hung is not used again"
    go.set()
    engine.close()


PROMPTS = [
    CLICK,
    Prompt(points=(Point(60, 40), Point(90, 50))),
    Prompt(points=(Point(60, 40), Point(90, 50), Point(20, 20, 0))),
    Prompt(box=Box(10, 10, 100, 80)),
    Prompt(points=(Point(30, 30),), box=Box(10, 10, 100, 80)),
]


def test_interleaved_clicks_of_many_people_give_the_masks_of_a_sequential_run() -> None:
    """4,000 clicks: eight people, shared and own images, two models, a cache that forgets, prefetch."""
    registry = TwoModels(first=lambda device: FakePredictor(), second=lambda device: OtherFake())
    photos = [photo(seed) for seed in range(12)]
    chance = random.Random(7)
    asked = [(chance.choice(photos), chance.choice(PROMPTS), chance.choice(["first", "second"])) for _ in range(4000)]

    def fingerprint(prediction: Prediction) -> tuple[object, ...]:
        return tuple((mask.score, mask.mask.to_rle()["counts"]) for mask in prediction.candidates)

    def run(engine: Engine, index: int) -> tuple[object, ...]:
        source, prompt, model = asked[index]
        return fingerprint(engine.predict(source, prompt, model=model, client=f"tab-{index}", seq=index))

    alone = Engine(model="first", registry=registry)
    expected: dict[tuple[str, Prompt, str], tuple[object, ...]] = {}
    for index, (source, prompt, model) in enumerate(asked):
        if (source.key, prompt, model) not in expected:
            expected[source.key, prompt, model] = run(alone, index)
    alone.close()
    assert len(expected) > 100

    crowded = Engine(model="first", registry=registry, cache_bytes=8 * 64)  # eight embeddings of 24: it forgets
    done = threading.Event()

    def look_ahead() -> None:
        for source in photos * 1000:
            if done.is_set():
                return
            crowded.embed(source, priority="prefetch", model=chance.choice(["first", "second"]))

    with ThreadPoolExecutor(9) as people:
        ahead: Future[None] = people.submit(look_ahead)
        answers = list(people.map(lambda index: run(crowded, index), range(len(asked))))
        done.set()
        ahead.result(PATIENCE)
    crowded.close()
    wrong = [
        index
        for index, ((source, prompt, model), answer) in enumerate(zip(asked, answers, strict=True))
        if answer != expected[source.key, prompt, model]
    ]
    assert wrong == []
