from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from annotator.domain.mask import Mask
from annotator.domain.prompt import Box, Point, Prompt
from annotator.engine import Engine, FakePredictor, ImageSource
from annotator.engine.predictor import Embedding, RGBArray
from annotator.errors import BadPrompt, Busy, ImageProblem, NotFound, Superseded

HEIGHT, WIDTH = 480, 640
CLICK = Prompt(points=(Point(300, 200),))
FURTHER = Prompt(points=(Point(300, 200), Point(400, 200)))
PATIENCE = 10.0


class Photo:
    """An image that counts how often its pixels are read."""

    def __init__(self, seed: int) -> None:
        self.loads = 0
        self._pixels = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        self.source = ImageSource(f"photo-{seed}", WIDTH, HEIGHT, self._load)

    def _load(self) -> RGBArray:
        self.loads += 1
        return self._pixels


class Gated(FakePredictor):
    """A fake whose encoder waits for permission."""

    def __init__(self) -> None:
        super().__init__()
        self.started, self.go = threading.Event(), threading.Event()

    def encode(self, image: RGBArray) -> Embedding:
        self.started.set()
        assert self.go.wait(PATIENCE)
        return super().encode(image)


@pytest.fixture
def model() -> FakePredictor:
    return FakePredictor()


@pytest.fixture
def engine(model: FakePredictor) -> Iterator[Engine]:
    made = Engine(predictor=model)
    yield made
    made.close()


def test_a_click_gives_three_masks_and_only_the_chosen_one_in_full(engine: Engine) -> None:
    answer = engine.predict(Photo(1).source, CLICK)
    assert answer.model == "fake"
    assert [candidate.full for candidate in answer.candidates] == [False, True, False]
    chosen = answer.candidates[answer.chosen]
    assert (chosen.mask.height, chosen.mask.width) == (HEIGHT, WIDTH)
    assert (chosen.area, chosen.bbox) == (chosen.mask.area, chosen.mask.bbox)
    assert chosen.mask.to_array()[200, 300]
    areas = [candidate.area for candidate in answer.candidates]
    assert areas == sorted(areas)
    assert all(candidate.mask.width < WIDTH for candidate in answer.candidates if not candidate.full)


def test_choosing_shows_the_same_candidate_in_full(engine: Engine) -> None:
    photo = Photo(1)
    first = engine.predict(photo.source, CLICK)
    third = engine.predict(photo.source, Prompt(points=CLICK.points, choice=2))
    assert third.chosen == 2
    assert third.candidates[2].full
    assert third.candidates[2].area == pytest.approx(first.candidates[2].area, rel=0.05)


def test_the_accepted_mask_is_the_one_that_was_shown(engine: Engine, model: FakePredictor) -> None:
    photo = Photo(1)
    for prompt in (CLICK, FURTHER, Prompt(points=CLICK.points, choice=0)):
        shown = engine.predict(photo.source, prompt)
        decodes = model.decodes
        accepted = engine.mask(photo.source, prompt)
        assert accepted == shown.candidates[shown.chosen]
        assert model.decodes == decodes, "accepting what was just shown costs no decode"
    other = engine.mask(photo.source, CLICK, 0)
    assert other == engine.mask(photo.source, Prompt(points=CLICK.points, choice=0))


def test_a_candidate_that_is_not_there_is_refused(engine: Engine) -> None:
    with pytest.raises(BadPrompt, match="candidate 1 does not exist"):
        engine.mask(Photo(1).source, FURTHER, 1)


def test_a_mask_can_be_refined(engine: Engine) -> None:
    photo = Photo(1)
    start = engine.mask(photo.source, CLICK).mask
    assert engine.mask(photo.source, Prompt(mask=start)).mask == start, "a mask alone comes back as it is"
    refined = engine.mask(photo.source, Prompt(points=(Point(300, 200, 0),), mask=start)).mask
    assert 0 < refined.area < start.area


def test_an_image_is_encoded_once_however_often_it_is_asked_for(engine: Engine, model: FakePredictor) -> None:
    first, second = Photo(1), Photo(2)
    before = engine.predict(first.source, CLICK)
    engine.predict(second.source, CLICK)
    after = engine.predict(first.source, CLICK)
    assert (model.encodes, first.loads, second.loads) == (2, 1, 1)
    assert before.candidates == after.candidates


def test_an_image_is_encoded_once_however_many_ask_at_once() -> None:
    model = Gated()
    engine = Engine(predictor=model)
    photo = Photo(1)
    with ThreadPoolExecutor(12) as people:
        clicks = [people.submit(engine.predict, photo.source, CLICK, client=str(n), seq=1) for n in range(8)]
        opens = [people.submit(engine.embed, photo.source) for _ in range(4)]
        model.go.set()
        answers = {click.result(PATIENCE).candidates for click in clicks}
        encoded = [opening.result(PATIENCE).encoded for opening in opens]
    engine.close()
    assert (model.encodes, photo.loads, len(answers)) == (1, 1, 1)
    assert sum(encoded) <= 1


def test_two_people_on_two_images_never_see_each_others_masks() -> None:
    model = FakePredictor()
    engine = Engine(predictor=model, cache_bytes=1)  # no room: every change of image encodes again
    photos = [Photo(1), Photo(2)]
    right = [engine.mask(photo.source, CLICK).mask for photo in photos]
    assert right[0] != right[1]

    def click(turn: int) -> bool:
        return engine.mask(photos[turn % 2].source, CLICK).mask == right[turn % 2]

    with ThreadPoolExecutor(6) as people:
        assert all(people.map(click, range(30)))
    engine.close()


def test_opening_an_image_makes_its_first_click_quick(engine: Engine, model: FakePredictor) -> None:
    photo = Photo(1)
    assert engine.embed(photo.source).encoded
    assert not engine.embed(photo.source, priority="prefetch").encoded
    assert engine.predict(photo.source, CLICK).timing.encode == 0.0
    assert model.encodes == 1


def test_the_budget_forgets_the_image_used_least_recently() -> None:
    model = FakePredictor()
    engine = Engine(predictor=model, cache_bytes=2 * 64)  # a fake embedding has 64 bytes
    photos = [Photo(seed) for seed in range(3)]
    for photo in (photos[0], photos[1], photos[0], photos[2], photos[0]):
        engine.embed(photo.source)
    assert [photo.loads for photo in photos] == [1, 1, 1]
    assert not engine.embed(photos[2].source).encoded
    assert engine.embed(photos[1].source).encoded
    assert [photo.loads for photo in photos] == [1, 2, 1]
    engine.close()


class SlowDisk:
    """A disk that takes its time to write what it is given."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.kept: dict[str, Embedding] = {}

    def get(self, key: str) -> Embedding | None:
        return self.kept.get(key)

    def has(self, key: str) -> bool:
        return key in self.kept

    def put(self, key: str, embedding: Embedding) -> None:
        assert self.go.wait(PATIENCE)
        self.kept[key] = embedding


def test_what_the_memory_forgot_before_the_disk_had_it_is_not_encoded_again(model: FakePredictor) -> None:
    disk = SlowDisk()
    engine = Engine(predictor=model, cache_bytes=1, disk=disk)
    photos = [Photo(1), Photo(2)]
    for photo in photos:
        engine.embed(photo.source)
    assert engine.image_state("photo-1") == "ready"
    assert not engine.embed(photos[0].source).encoded
    disk.go.set()
    engine.close()
    assert model.encodes == 2
    assert len(disk.kept) == 2


def test_after_a_restart_nothing_is_encoded_that_the_disk_has(model: FakePredictor) -> None:
    disk = SlowDisk()
    disk.go.set()
    for _ in range(2):
        engine = Engine(predictor=model, disk=disk)
        for seed in (1, 2, 3):
            engine.predict(Photo(seed).source, CLICK)
        engine.close()
    assert model.encodes == 3


def test_images_with_the_same_key_are_the_same_image(engine: Engine, model: FakePredictor) -> None:
    copy = Photo(1)
    engine.embed(Photo(1).source)
    engine.embed(copy.source)
    assert (model.encodes, copy.loads) == (1, 0)


def test_a_newer_click_spares_the_decode_of_the_older_one() -> None:
    model = Gated()
    engine = Engine(predictor=model)
    photo = Photo(1)
    with ThreadPoolExecutor(2) as people:
        old = people.submit(engine.predict, photo.source, CLICK, client="ann", seq=1)
        assert model.started.wait(PATIENCE)
        new = people.submit(engine.predict, photo.source, Prompt(box=Box(10, 10, 90, 90)), client="ann", seq=2)
        while not engine.status().waiting:
            assert not new.done()
        model.go.set()
        with pytest.raises(Superseded):
            old.result(PATIENCE)
        assert new.result(PATIENCE).candidates
    engine.close()
    assert (model.encodes, model.decodes) == (1, 1)


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt(),
        Prompt(points=(Point(641, 5),)),
        Prompt(points=(Point(5, 5, 0),)),
        Prompt(box=Box(0, 0, 10, 481)),
        Prompt(mask=Mask.from_array(np.ones((2, 2)))),
    ],
)
def test_a_bad_prompt_never_reaches_the_device(engine: Engine, model: FakePredictor, prompt: Prompt) -> None:
    photo = Photo(1)
    for ask in (engine.predict, engine.mask):
        with pytest.raises(BadPrompt):
            ask(photo.source, prompt)
    assert (photo.loads, model.encodes, model.decodes) == (0, 0, 0)


def test_an_unknown_model_is_named(engine: Engine) -> None:
    with pytest.raises(NotFound, match="“other”"):
        engine.predict(Photo(1).source, CLICK, model="other")
    with pytest.raises(NotFound, match="“other”"):
        Engine(model="other")


def test_an_image_that_can_not_be_read_says_why_and_can_be_tried_again(engine: Engine) -> None:
    photo, broken = Photo(1), True

    def load() -> RGBArray:
        if broken:
            raise ImageProblem("The file is gone.")
        return photo.source.load()

    source = ImageSource("broken", WIDTH, HEIGHT, load)
    with pytest.raises(ImageProblem, match="gone"):
        engine.predict(source, CLICK)
    assert engine.image_state("broken") == "failed"
    broken = False
    engine.predict(source, CLICK)
    assert engine.image_state("broken") == "ready"


def test_an_image_whose_size_has_changed_is_refused(engine: Engine) -> None:
    source = ImageSource("changed", 100, 50, lambda: np.zeros((50, 99, 3), np.uint8))
    with pytest.raises(ImageProblem, match="99×50 pixels now but was 100×50"):
        engine.predict(source, Prompt(box=Box(1, 1, 20, 20)))


def test_the_status_says_how_far_each_image_is() -> None:
    model = Gated()
    engine = Engine(predictor=model)
    with ThreadPoolExecutor(2) as people:
        opening = people.submit(engine.embed, Photo(1).source)
        assert model.started.wait(PATIENCE)
        later = people.submit(engine.embed, Photo(2).source)
        while not engine.status().waiting:
            assert not later.done()
        status = engine.status()
        assert (status.model, status.device, status.state, status.problem) == ("fake", "cpu", "ready", None)
        assert (status.waiting, status.running) == (1, 1)
        assert status.images == {"photo-1": "encoding", "photo-2": "queued"}
        assert engine.image_state("photo-3") == "unknown"
        model.go.set()
        opening.result(PATIENCE)
        later.result(PATIENCE)
    assert engine.status().images == {"photo-1": "ready", "photo-2": "ready"}
    engine.close()
    with pytest.raises(Busy):
        engine.predict(Photo(1).source, CLICK)


def test_warming_up_loads_the_model() -> None:
    engine = Engine(model="fake")
    assert engine.status().state == "unloaded"
    engine.warm_up().result(PATIENCE)
    assert engine.status().state == "ready"
    assert engine.encodes == 0, "only images count"
    engine.close()


def test_timing_is_in_milliseconds_and_adds_up() -> None:
    engine = Engine(predictor=FakePredictor(encode_seconds=0.05, decode_seconds=0.02))
    timing = engine.predict(Photo(1).source, CLICK).timing
    engine.close()
    assert timing.encode >= 50
    assert timing.decode >= 20
    assert timing.queue >= 0
    assert timing.total >= timing.queue + timing.encode + timing.decode
