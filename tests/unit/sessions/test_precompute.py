"""Embedding a folder ahead: each image once in its life, whatever happens in between."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from annotator.config import Settings
from annotator.domain.prompt import Point, Prompt
from annotator.engine import Engine
from annotator.engine import disk as disk_module
from annotator.engine.disk import DiskCache
from annotator.engine.fake import FakePredictor
from annotator.engine.predictor import Embedding, RGBArray
from annotator.errors import BadSetting, ModelProblem, NotFound, StorageProblem
from annotator.sessions import precompute as module
from annotator.sessions.precompute import PrecomputeReport, precompute
from annotator.sessions.service import Service
from tests.conftest import photo


class Told:
    """What a progress bar would have shown."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.counts: list[tuple[int, int]] = []

    def step(self, text: str) -> None:
        self.steps.append(text)
        self.counts.clear()

    def update(self, done: int, total: int) -> None:
        self.counts.append((done, total))


class Failing(FakePredictor):
    """Fails when it is asked for an image in `bad`, by the order of asking."""

    def __init__(self, bad: range | list[int]) -> None:
        super().__init__()
        self.asked = 0
        self.bad = bad

    def encode(self, image: RGBArray) -> Embedding:
        self.asked += 1
        if self.asked in self.bad:
            raise ModelProblem("The device was lost.")
        return super().encode(image)


class Interrupted(FakePredictor):
    """The person presses Ctrl+C, or the machine is switched off, after some images."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def encode(self, image: RGBArray) -> Embedding:
        if self.encodes == self.after:
            raise KeyboardInterrupt
        return super().encode(image)


Run = Callable[..., PrecomputeReport]


@pytest.fixture
def run(folder: Path) -> Run:
    def start(predictor: FakePredictor, *, place: Path = folder, mb: int = 64, **options: object) -> PrecomputeReport:
        return precompute(
            place,
            Settings.load(author="ann", disk_cache_mb=mb),
            engine=lambda disk: Engine(predictor=predictor, disk=disk),
            **{"progress": Told(), **options},  # type: ignore[arg-type]
        )

    return start


def test_every_image_is_embedded_once(folder: Path, run: Run) -> None:
    shutil.copy(folder / "a.png", folder / "copy of a.png")  # the same bytes need no second embedding
    predictor, told = FakePredictor(), Told()
    report = run(predictor, progress=told)
    assert (report.embedded, report.already, report.failed, report.left) == (3, 1, (), 0)
    assert (predictor.encodes, report.model) == (3, "fake")
    assert report.folder == folder / ".annotator" / "cache" / "embeddings"
    assert report.nbytes == sum(path.stat().st_size for path in report.folder.rglob("*.safetensors"))
    assert told.steps[-2:] == ["Looking through the folder", "Embedding"]
    assert told.counts == [(0, 3), (1, 3), (2, 3), (3, 3)]

    again = run(predictor)
    assert (again.embedded, again.already) == (0, 4)
    assert predictor.encodes == 3


def test_the_server_finds_what_was_precomputed_and_encodes_nothing(folder: Path, run: Run) -> None:
    run(FakePredictor())
    predictor = FakePredictor()
    disk = DiskCache(folder / ".annotator" / "cache" / "embeddings", 64 << 20)
    service = Service.open(folder, Settings.load(), engine=Engine(predictor=predictor, disk=disk))
    try:
        images = service.list_images(status=None, query=None, limit=10, cursor=None).items
        for image in images:
            service.predict(image_id=image.id, prompt=Prompt(points=(Point(40, 30),)))
        assert len(images) == 3
        assert predictor.encodes == 0
    finally:
        service.close()


@pytest.mark.parametrize("after", [0, 1, 2])
def test_killed_and_started_again_it_encodes_nothing_twice(run: Run, after: int) -> None:
    first = Interrupted(after)
    with pytest.raises(KeyboardInterrupt):
        run(first)
    second = FakePredictor()
    report = run(second)
    assert first.encodes == after
    assert second.encodes == 3 - after
    assert (report.embedded, report.already) == (3 - after, after)


def test_a_limit_leaves_the_rest_for_the_next_run(run: Run) -> None:
    predictor = FakePredictor()
    first, second = run(predictor, limit=2), run(predictor, limit=2)
    assert (first.embedded, first.left) == (2, 1)
    assert (second.embedded, second.already, second.left) == (1, 2, 0)
    assert predictor.encodes == 3


def test_broken_images_are_named_with_the_reason_and_do_not_stop_it(folder: Path, run: Run) -> None:
    whole = (folder / "b.png").read_bytes()
    (folder / "c.png").write_bytes(whole[: len(whole) // 2])  # its header is fine
    (folder / "d.png").write_bytes(b"not a picture")
    report = run(FakePredictor())
    assert report.embedded == 3
    assert {failure.name for failure in report.failed} == {"c.png", "d.png"}
    assert all(failure.reason for failure in report.failed)
    again = run(FakePredictor())
    assert (again.embedded, len(again.failed)) == (0, 2)


def test_files_that_are_gone_are_not_called_broken(folder: Path, run: Run) -> None:
    run(FakePredictor())
    (folder / "b.png").unlink()
    report = run(FakePredictor())
    assert (report.already, report.failed) == (2, ())


def test_a_model_that_fails_now_and_then_costs_those_images_only(folder: Path, run: Run) -> None:
    for seed in range(3, 8):
        photo(folder / f"more {seed}.png", seed=seed)
    report = run(Failing([2, 3, 5, 6]))
    assert report.embedded == 4
    assert [failure.reason for failure in report.failed] == ["The device was lost."] * 4


def test_a_model_that_fails_again_and_again_ends_it(folder: Path, run: Run) -> None:
    for seed in range(3, 8):
        photo(folder / f"more {seed}.png", seed=seed)
    predictor = Failing(range(3, 100))
    with pytest.raises(ModelProblem, match="device was lost"):
        run(predictor)
    assert predictor.asked == 5


class Large(FakePredictor):
    """Embeddings of 1 MiB."""

    def encode(self, image: RGBArray) -> Embedding:
        small = super().encode(image)
        arrays = {**small.arrays, "rest": np.zeros(1 << 19, np.float16)}
        return Embedding(small.model, small.height, small.width, arrays, small.frame)


def test_a_budget_that_is_too_small_is_said_after_one_image_and_can_be_raised_for_the_folder(run: Run) -> None:
    predictor = Large()
    with pytest.raises(BadSetting, match=r"--budget-mb 4") as refused:
        run(predictor, mb=2)
    assert refused.value.field == "budget-mb"
    assert predictor.encodes == 1
    report = run(predictor, mb=2, budget=4 << 20)
    assert (report.embedded, report.already) == (2, 1)

    server = DiskCache(report.folder, 2 << 20)  # which knows nothing of the flag
    server.put("one more", FakePredictor().encode(np.zeros((8, 8, 3), np.uint8)))
    again = run(predictor, mb=2)
    assert again.already == 3


def test_a_full_disk_is_said_before_it_is_full(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    predictor = Large()
    with pytest.raises(StorageProblem, match=r"take 0\.0 GB but 0\.0 GB are free|Make room"):
        run(predictor)
    assert predictor.encodes == 1


def test_a_disk_that_can_t_be_written_ends_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk_module.os, "replace", full)
    predictor = FakePredictor()
    with pytest.raises(StorageProblem, match="No space left"):
        run(predictor)
    assert predictor.encodes == 1


def test_an_embedding_larger_than_the_whole_budget_is_said(run: Run) -> None:
    with pytest.raises(StorageProblem, match="disk_cache_mb"):
        run(Large(), mb=1)


def test_where_nothing_is_kept_on_disk_it_does_not_begin(run: Run) -> None:
    with pytest.raises(BadSetting, match="disk_cache_mb is 0"):
        run(FakePredictor(), mb=0)


def test_a_folder_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        run(FakePredictor(), place=tmp_path / "nowhere", budget=1 << 30)
    assert not (tmp_path / "nowhere").exists()


def test_images_are_decoded_while_the_model_works_but_only_a_few(folder: Path, run: Run) -> None:
    for seed in range(3, 15):
        photo(folder / f"more {seed}.png", seed=seed)
    decoded: list[str] = []
    decode = Service.open  # the service's library is what decodes

    ahead: list[int] = []

    class Counting(FakePredictor):
        def encode(self, image: RGBArray) -> Embedding:
            ahead.append(len(decoded) - self.encodes)
            return super().encode(image)

    def opened(*arguments: object, **options: object) -> Service:
        service = decode(*arguments, **options)  # type: ignore[arg-type]
        pixels = service.library._pixels
        service.library._pixels = lambda image: decoded.append(image.name) or pixels(image)  # type: ignore
        return service

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.Service, "open", opened)
        report = run(Counting())
    assert report.embedded == 15
    assert len(decoded) == 15
    assert max(ahead) <= module.DECODERS + 2
