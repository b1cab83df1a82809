"""Fetching ahead: the order of the work, who gets a turn, and what stops it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import pytest

from annotator.domain.prompt import Point, Prompt
from annotator.engine import EmbedResult, Engine, FakePredictor, ImageSource
from annotator.engine.predictor import Embedding, RGBArray
from annotator.errors import Busy, ImageProblem, ModelProblem, NotFound
from annotator.sessions.prefetch import PATIENCE_SECONDS, Prefetcher

LONG = 20.0


def source(name: str) -> ImageSource:
    if name.startswith("unknown"):
        raise NotFound(f"There is no image {name!r}.")
    if name.startswith("broken"):
        raise ImageProblem(f"“{name}” can't be shown.")
    pixels = np.random.default_rng(sum(name.encode())).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    return ImageSource(name, 40, 30, lambda: pixels)


class Recorder:
    """An engine that notes what it embeds; `step` lets it finish one image."""

    def __init__(self, *, stepwise: bool = False) -> None:
        self.done: list[tuple[str, str | None]] = []
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self.stepwise = stepwise
        self.failures: dict[str, Exception] = {}

    def embed(
        self, source: ImageSource, *, model: str | None = None, priority: Literal["open", "prefetch"] = "open"
    ) -> EmbedResult:
        assert priority == "prefetch"
        self.begun.release()
        if self.stepwise:
            assert self.may_end.acquire(timeout=LONG)
        self.done.append((source.key, model))
        if source.key in self.failures:
            raise self.failures[source.key]
        return EmbedResult(True, 1.0)

    def wait_until_begun(self) -> None:
        assert self.begun.acquire(timeout=LONG)

    def finish(self, count: int = 1) -> None:
        for _ in range(count):
            self.may_end.release()

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.done]


Make = Callable[..., Prefetcher]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Prefetcher] = []

    def start(engine: Recorder | Engine, **options: object) -> Prefetcher:
        made.append(Prefetcher(engine=engine, source_of=source, **options))  # type: ignore[arg-type]
        return made[-1]

    yield start
    for prefetcher in made:
        prefetcher.close()


def test_wishes_are_granted_in_their_order_with_their_model(make: Make) -> None:
    engine = Recorder()
    prefetcher = make(engine)
    prefetcher.wish("ann", ["b", "c", "a"], model="sam2.1_large")
    assert prefetcher.wait(LONG)
    assert engine.done == [("b", "sam2.1_large"), ("c", "sam2.1_large"), ("a", "sam2.1_large")]


def test_a_new_wish_replaces_the_old_one_of_the_same_client(make: Make) -> None:
    engine = Recorder(stepwise=True)
    prefetcher = make(engine)
    prefetcher.wish("ann", ["a", "b", "c"])
    engine.wait_until_begun()
    prefetcher.wish("ann", ["x", "y"])
    engine.finish(3)
    assert prefetcher.wait(LONG)
    assert engine.names == ["a", "x", "y"]  # what had begun is finished


def test_clients_take_turns(make: Make) -> None:
    engine = Recorder(stepwise=True)
    prefetcher = make(engine)
    prefetcher.wish("ann", ["a1", "a2", "a3"])
    engine.wait_until_begun()
    prefetcher.wish("bob", ["b1", "b2"])
    prefetcher.wish("eve", ["e1"])
    engine.finish(6)
    assert prefetcher.wait(LONG)
    assert engine.names == ["a1", "a2", "b1", "e1", "a3", "b2"]


def test_who_wishes_anew_again_and_again_does_not_lose_the_turn(make: Make) -> None:
    engine = Recorder(stepwise=True)
    prefetcher = make(engine)
    prefetcher.wish("ann", ["a1", "a2"])
    engine.wait_until_begun()
    prefetcher.wish("bob", ["b1"])
    prefetcher.wish("ann", ["a3"])
    prefetcher.wish("bob", ["b2"])
    engine.finish(3)
    assert prefetcher.wait(LONG)
    assert engine.names == ["a1", "a3", "b2"]


def test_leaving_cancels(make: Make) -> None:
    engine = Recorder(stepwise=True)
    prefetcher = make(engine)
    prefetcher.wish("ann", ["a", "b"])
    engine.wait_until_begun()
    prefetcher.wish("bob", ["c", "d"])
    prefetcher.forget("ann")
    prefetcher.wish("bob", [])
    prefetcher.forget("nobody")
    engine.finish()
    assert prefetcher.wait(LONG)
    assert engine.names == ["a"]


def test_the_wish_of_an_image_that_was_left_comes_too_late(make: Make) -> None:
    engine = Recorder()
    prefetcher = make(engine)
    slow = prefetcher.forget("ann")
    quick = prefetcher.forget("ann")
    other = prefetcher.forget("bob")
    prefetcher.wish("ann", ["after the second"], turn=quick)
    assert prefetcher.wait(LONG)
    prefetcher.wish("ann", ["after the first"], turn=slow)
    prefetcher.wish("bob", ["bob's"], turn=other)
    assert prefetcher.wait(LONG)
    assert engine.names == ["after the second", "bob's"]


@pytest.mark.parametrize(
    "problem", [ImageProblem("gone"), ModelProblem("crashed"), Busy("full"), RuntimeError("a bug"), OSError(5, "disk")]
)
def test_an_image_that_fails_does_not_stop_the_others(make: Make, problem: Exception) -> None:
    engine = Recorder()
    engine.failures["b"] = problem
    prefetcher = make(engine)
    prefetcher.wish("ann", ["a", "b", "c"])
    assert prefetcher.wait(LONG)
    assert engine.names == ["a", "b", "c"]


def test_images_that_can_t_be_shown_are_left_out_and_unknown_ones_refused(make: Make) -> None:
    engine = Recorder(stepwise=True)
    prefetcher = make(engine)
    prefetcher.wish("ann", ["broken", "a", "b"])
    engine.wait_until_begun()
    with pytest.raises(NotFound) as refused:
        prefetcher.wish("ann", ["c", "unknown"])
    assert refused.value.field == "ahead.1"
    engine.finish(2)
    assert prefetcher.wait(LONG)
    assert engine.names == ["a", "b"]


def test_clicks_hold_the_next_image_back_but_not_for_ever(make: Make) -> None:
    now = [100.0]
    engine = Recorder()
    prefetcher = make(engine, clock=lambda: now[0])
    prefetcher.hold()
    prefetcher.wish("ann", ["a"])
    assert not prefetcher.wait(0.1)
    now[0] += 0.4
    prefetcher.hold()
    now[0] += 0.4
    assert not prefetcher.wait(0.1)
    assert engine.names == []
    now[0] += 0.2
    assert prefetcher.wait(LONG)
    assert engine.names == ["a"]

    start = now[0]
    prefetcher.hold()
    prefetcher.wish("ann", ["b"])
    while not prefetcher.wait(0.05):  # somebody clicks all the time
        assert now[0] < start + 100 * PATIENCE_SECONDS
        now[0] += 0.25
        prefetcher.hold()
    assert now[0] >= start + PATIENCE_SECONDS - 0.25


def test_closing_ends_the_thread_and_later_wishes_are_in_vain() -> None:
    engine = Recorder(stepwise=True)
    prefetcher = Prefetcher(engine=engine, source_of=source)
    prefetcher.wish("ann", ["a", "b"])
    engine.wait_until_begun()
    closing = threading.Thread(target=prefetcher.close)
    closing.start()
    engine.finish()
    closing.join(LONG)
    prefetcher.wish("ann", ["c"])
    assert prefetcher.wait(LONG)
    assert engine.names == ["a"]
    assert "prefetch" not in [thread.name for thread in threading.enumerate()]


def test_many_clients_that_never_leave_are_not_kept_for_ever(make: Make) -> None:
    engine = Recorder(stepwise=True)
    prefetcher = make(engine)
    prefetcher.wish("first", ["a"])
    engine.wait_until_begun()
    for number in range(1000):
        prefetcher.wish(f"tab {number}", [f"image {number}"])
    engine.finish(1001)
    assert prefetcher.wait(LONG)
    assert engine.names == ["a", *(f"image {number}" for number in range(744, 1000))]


class Gated(FakePredictor):
    """An encoder that waits until it may end."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()

    def encode(self, image: RGBArray) -> Embedding:
        self.begun.set()
        assert self.go.wait(LONG)
        return super().encode(image)


def test_with_the_real_engine_each_image_is_encoded_once_and_clicks_go_first(make: Make) -> None:
    predictor = FakePredictor()
    engine = Engine(predictor=predictor)
    prefetcher = make(engine)
    try:
        engine.embed(source("open"))
        for _ in range(3):
            prefetcher.wish("ann", ["open", "next", "previous"])
            prefetcher.wish("bob", ["next", "other"])
        assert prefetcher.wait(LONG)
        assert predictor.encodes == 4
        answer = engine.predict(source("next"), Prompt(points=(Point(20, 15),)))
        assert answer.timing.encode == 0
        assert predictor.encodes == 4
    finally:
        engine.close()


def test_a_click_on_an_embedded_image_is_answered_while_the_next_one_is_encoded(make: Make) -> None:
    predictor = Gated()
    engine = Engine(predictor=predictor)
    prefetcher = make(engine)
    try:
        predictor.go.set()
        engine.embed(source("open"))
        predictor.go.clear()
        predictor.begun.clear()
        prefetcher.wish("ann", ["next", "after"])
        assert predictor.begun.wait(LONG)
        answer = engine.predict(source("open"), Prompt(points=(Point(20, 15),)))
        assert answer.timing.encode == 0
        assert predictor.encodes == 1  # "next" is still under way
        predictor.go.set()
        assert prefetcher.wait(LONG)
    finally:
        predictor.go.set()
        engine.close()
