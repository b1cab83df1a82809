"""Embedding all images of a project ahead of the work, for instance overnight on a machine with a GPU.

What is on disk is the progress: whatever stops it, the next run goes on after the last image that was kept.
"""

from __future__ import annotations

import math
import shutil
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from annotator.config import Settings
from annotator.domain.project import Image
from annotator.engine import Engine, ImageSource
from annotator.engine.disk import DiskCache
from annotator.engine.embeddings import key_of
from annotator.engine.predictor import Predictor, RGBArray
from annotator.errors import BadSetting, Busy, ImageProblem, ModelProblem, StorageProblem
from annotator.sessions.census import GONE
from annotator.sessions.folders import data_folder, registry_of
from annotator.sessions.service import Service

DECODERS = 4
"""Images decoded while the model is busy with one: a GPU is quicker than the decoding of a photo."""
LARGE_PIXELS = 25_000_000
"""Images with more pixels are decoded when it is their turn: four of them would take too much memory."""
GIVE_UP_AFTER = 3
"""Images in a row that the model, not the file, failed on."""
EMBED_SECONDS = 600.0
KEEP_SECONDS = 60.0
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Failure:
    """An image that could not be embedded, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class PrecomputeReport:
    """What a run has done.

    Attributes:
        embedded, already, left: images made now, there before, and not looked at because of the limit.
        failed: images that can't be embedded.
        nbytes: size of all embeddings of the project on disk.
        seconds: spent on embedding, without the loading of the model.
        notice: what people should know about how the model ran.
    """

    model: str
    folder: Path
    embedded: int
    already: int
    left: int
    failed: tuple[Failure, ...]
    nbytes: int
    seconds: float
    notice: str | None


class Progress(Protocol):
    """Hears how far it is."""

    def step(self, text: str) -> None:
        """What it is busy with before the first image."""

    def update(self, done: int, total: int) -> None:
        """`done` of `total` images are finished."""


def precompute(
    folder: Path,
    settings: Settings,
    *,
    limit: int | None = None,
    budget: int | None = None,
    progress: Progress,
    engine: Callable[[DiskCache], Engine] | None = None,
) -> PrecomputeReport:
    """Embed every image of a folder whose embedding is not on disk yet.

    Args:
        limit: images to embed at most.
        budget: bytes that the embeddings of this folder may take on disk from now on; None: as the settings say.
        engine: makes the engine; None: the one that the settings describe.

    Raises:
        BadSetting: the budget is too small for the project.
        StorageProblem: the disk is too small, or the folder can't be written.
        ModelProblem: the model can't be loaded, or fails again and again.
        NotFound: there is no such folder or model.
    """
    disk = _disk(folder, settings, budget)
    made = engine(disk) if engine is not None else _engine(settings, disk)
    service = Service.open(folder, settings, engine=made)
    try:
        predictor = _loaded(made, progress)
        progress.step("Looking through the folder")
        service.library.scan(progress.update)
        progress.step("Embedding")
        return _Run(service, disk, predictor, progress).all(limit)
    finally:
        service.close()


def _disk(folder: Path, settings: Settings, budget: int | None) -> DiskCache:
    if settings.disk_cache_mb == 0:
        raise BadSetting(
            "Embeddings are not kept on disk because the setting disk_cache_mb is 0; set it higher.",
            field="disk_cache_mb",
        )
    disk = DiskCache(data_folder(folder, settings) / "cache" / "embeddings", settings.disk_cache_mb << 20)
    if budget is not None and folder.is_dir():
        try:
            disk.reserve(budget)
        except OSError as error:
            raise StorageProblem(
                f"{str(disk.folder)!r} can't be written: {error.strerror}. Make it writable or give another --data-dir."
            ) from error
    return disk


def _engine(settings: Settings, disk: DiskCache) -> Engine:
    return Engine(
        model=settings.model,
        device=settings.device,
        precision=settings.precision,
        cache_bytes=64 << 20,  # each image is met once
        registry=registry_of(settings),
        disk=disk,
    )


def _loaded(engine: Engine, progress: Progress) -> Predictor:
    """The engine's model; its steps are told while it loads."""
    loading = engine.warm_up()
    while True:
        steps = [model.step for model in engine.models() if model.name == engine.model and model.step]
        progress.step(steps[0] if steps else f"Loading {engine.model}")
        try:
            return loading.result(timeout=0.5)
        except FutureTimeout:
            if loading.done():
                return loading.result()


class _Run:
    """One pass over the images of a project."""

    def __init__(self, service: Service, disk: DiskCache, predictor: Predictor, progress: Progress) -> None:
        self._service = service
        self._engine = service.engine
        self._disk = disk
        self._predictor = predictor
        self._progress = progress
        self._failed: list[Failure] = []
        self._embedded = 0
        self._troubles = 0  # of the model, in a row
        self._unkept: str | None = None

    def all(self, limit: int | None) -> PrecomputeReport:
        missing, already = self._look()
        todo = missing if limit is None else missing[:limit]
        start = time.monotonic()
        self._progress.update(0, len(todo))
        with closing(_decoded_ahead(todo)) as images:
            for number, (name, source) in enumerate(images, 1):
                self._one(name, source, len(todo) - number)
                self._progress.update(number, len(todo))
        self._require_kept(None)
        return PrecomputeReport(
            model=self._engine.model,
            folder=self._disk.folder,
            embedded=self._embedded,
            already=already,
            left=len(missing) - len(todo),
            failed=tuple(self._failed),
            nbytes=self._disk.nbytes,
            seconds=time.monotonic() - start,
            notice=self._engine.notice(),
        )

    def _look(self) -> tuple[list[tuple[str, ImageSource]], int]:
        """Names and sources of the images to embed, and the number of those that need not be; notes the broken ones."""
        missing: list[tuple[str, ImageSource]] = []
        met: set[str] = set()
        already = 0
        for image in self._images():
            if image.problem is not None:
                self._failed.append(Failure(image.name, image.problem))
            elif image.source_hash in met or self._disk.has(key_of(image.source_hash, self._predictor)):
                already += 1
            else:
                met.add(image.source_hash)
                missing.append((image.name, self._service.library.source(image)))
        return missing, already

    def _images(self) -> Iterator[Image]:
        cursor = None
        while True:
            page = self._service.list_images(status=None, query=None, limit=PAGE, cursor=cursor)
            yield from (image for image in page.items if image.problem != GONE)
            cursor = page.cursor
            if cursor is None:
                return

    def _one(self, name: str, source: ImageSource, more: int) -> None:
        try:
            self._engine.embed(source, timeout=EMBED_SECONDS)
        except ImageProblem as problem:
            self._failed.append(Failure(name, problem.message))
            return
        except (ModelProblem, Busy) as problem:
            self._failed.append(Failure(name, problem.message))
            self._troubles += 1
            if self._troubles == GIVE_UP_AFTER:
                raise
            return
        self._embedded += 1
        self._troubles = 0
        key = key_of(source.key, self._predictor)
        self._require_kept(key)
        if self._embedded == 1:
            self._require_kept(None)
            self._require_room(self._disk.path(key).stat().st_size, more)

    def _require_kept(self, key: str | None) -> None:
        """Wait until the embedding before this one is on disk: at most one waits for the disk while the model works."""
        before, self._unkept = self._unkept, key
        end = time.monotonic() + KEEP_SECONDS
        while before is not None and not self._disk.has(before):
            if self._disk.problem is not None or time.monotonic() > end:
                raise StorageProblem(
                    self._disk.problem
                    or f"An embedding was not written to {str(self._disk.folder)!r} within a minute;"
                    " the disk is too slow or another process empties the folder."
                )
            time.sleep(0.002)

    def _require_room(self, size: int, more: int) -> None:
        """Check that all will find room, so that the last ones never drive out the first.

        Args:
            size: bytes on disk of one embedding.
            more: embeddings to come.
        """
        kept, budget = self._disk.nbytes, self._disk.budget
        need = kept + size * more
        if need > budget:
            raise BadSetting(
                f"The embeddings of this project take {need / 1e9:.1f} GB on disk ({more + 1} × {size / 1e6:.1f} MB to"
                f" make, {(kept - size) / 1e9:.1f} GB there) but {budget / 1e9:.1f} GB may be used. Allow it for this"
                f" folder with --budget-mb {math.ceil(need * 1.06 / 2**20)}, or embed fewer with --limit.",
                field="budget-mb",
            )
        free = shutil.disk_usage(self._disk.folder).free
        if size * more > free:
            raise StorageProblem(
                f"The embeddings to make take {size * more / 1e9:.1f} GB but {free / 1e9:.1f} GB are free at"
                f" {str(self._disk.folder)!r}. Make room, give another --data-dir, or embed fewer with --limit."
            )


def _decoded_ahead(todo: Sequence[tuple[str, ImageSource]]) -> Generator[tuple[str, ImageSource], None, None]:
    """The same images, the next few of them decoded on other threads."""
    with ThreadPoolExecutor(DECODERS, "decode") as pool:
        coming: deque[tuple[str, ImageSource, Future[RGBArray] | None]] = deque()
        try:
            for name, source in todo:
                large = source.width * source.height > LARGE_PIXELS
                coming.append((name, source, None if large else pool.submit(source.load)))
                if len(coming) > DECODERS:
                    yield _ready(*coming.popleft())
            while coming:
                yield _ready(*coming.popleft())
        finally:
            for _, _, future in coming:
                if future is not None:
                    future.cancel()


def _ready(name: str, source: ImageSource, future: Future[RGBArray] | None) -> tuple[str, ImageSource]:
    return name, source if future is None else replace(source, load=future.result)
