"""Embeddings by image and model: in memory, below that on disk, else made by the model, once however many ask."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from annotator.engine.cache import ByteCache
from annotator.engine.jobs import Job, Priority, Result, Shared
from annotator.engine.lanes import Lanes
from annotator.engine.predictor import Embedding, Predictor, RGBArray
from annotator.engine.values import ImageSource, ImageState
from annotator.errors import ImageProblem

REMEMBERED_FAILURES = 1000
WAITING_FOR_DISK = 8
"""Embeddings that may wait to be written, 8 MiB each."""


class DiskTier(Protocol):
    """Where embeddings outlive the process; see `annotator.engine.disk`."""

    def get(self, key: str) -> Embedding | None:
        """The embedding, or None."""

    def put(self, key: str, embedding: Embedding) -> None:
        """Keep an embedding."""

    def has(self, key: str) -> bool:
        """Whether it is there, without reading it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """How urgent a request is, whose it is (see `Job`), and when it is too late (seconds of `time.monotonic`)."""

    priority: Priority
    until: float
    client: str | None = None
    seq: int | None = None
    person: str | None = None

    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.until - time.monotonic())

    def job(self, run: Callable[[Job[Result]], Result] | Shared[Any, Result], image: str) -> Job[Result]:
        """What a lane is to do for it."""
        return Job(run, self.priority, image, self.client, self.seq, self.person)


@dataclass(frozen=True, slots=True)
class Found:
    """An embedding, and the milliseconds spent waiting for the encoder and encoding (0 if it was there)."""

    embedding: Embedding
    waited: float = 0.0
    encode_ms: float = 0.0


class Embeddings:
    """The tiers of embeddings.

    Args:
        lanes: where the encoders run.
        budget: bytes of memory.
        disk: the tier below the memory; None: there is none.

    Attributes:
        encodes: images encoded so far.
        from_memory, from_disk: how often one was found there.
    """

    def __init__(self, *, lanes: Lanes, budget: int, disk: DiskTier | None = None) -> None:
        self.encodes = self.from_memory = self.from_disk = 0
        self._lanes = lanes
        self._memory: ByteCache[str, Embedding] = ByteCache(budget)
        self._disk = disk
        self._writer = ThreadPoolExecutor(1, "embeddings")  # nobody's click waits for a disk
        self._unwritten = threading.Semaphore(WAITING_FOR_DISK)
        self._writing: dict[str, Embedding] = {}  # known, should the memory forget them before the disk has them
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, str] = OrderedDict()

    def get(self, predictor: Predictor, source: ImageSource, ask: Ask) -> Found:
        """The embedding of an image.

        Raises:
            ImageProblem: the pixels can't be had.
            OutOfMemory, ModelProblem: the encoder failed.
            Superseded, Busy: see `Worker.wait`.
        """
        key = key_of(source.key, predictor, source.part)
        known = self._known(key)
        if known is not None:
            return Found(known)
        job: Job[Found] = ask.job(lambda job: self._encoded(key, predictor, source), source.key)
        found = self._lanes.of(predictor.device).encode.wait(job, timeout=ask.left())
        job.require_fresh()
        return Found(found.embedding, job.waited, found.encode_ms)

    def has(self, predictor: Predictor, key: str) -> bool:
        """Whether the embedding of the image with this key needs no encoder."""
        known = key_of(key, predictor)
        return known in self._memory or known in self._writing or (self._disk is not None and self._disk.has(known))

    def state(self, predictor: Predictor | None, key: str) -> ImageState:
        """How far the image with this key is, for a model."""
        if predictor is not None and self.has(predictor, key):
            return "ready"
        if any(job.image == key for job in self._lanes.running()):
            return "encoding"
        if any(job.image == key for job in self._lanes.waiting()):
            return "queued"
        return "failed" if key in self._failed else "unknown"

    def ahead(self, key: str) -> int:
        """How many jobs come before the one that the image with this key waits for."""
        waiting = self._lanes.waiting()
        mine = min((job.order for job in waiting if job.image == key), default=None)
        return 0 if mine is None else len(self._lanes.running()) + sum(job.order < mine for job in waiting)

    def met(self, predictor: Predictor | None) -> set[str]:
        """Keys of the images in memory, under way, or failed."""
        keys = {job.image for job in (*self._lanes.waiting(), *self._lanes.running()) if job.image}
        with self._lock:
            keys |= set(self._failed)
        if predictor is not None:
            suffix = key_of("", predictor)
            keys |= {key.removesuffix(suffix) for key in self._memory.order() if key.endswith(suffix)}
        return keys

    @property
    def nbytes(self) -> int:
        """Memory taken, in bytes."""
        return self._memory.nbytes

    def close(self) -> None:
        """Finish writing to the disk and free the memory."""
        self._writer.shutdown(wait=True)
        self._memory.clear()

    def _known(self, key: str) -> Embedding | None:
        known = self._memory.get(key) or self._writing.get(key)
        if known is not None:
            self.from_memory += 1
        elif self._disk is not None:
            known = self._disk.get(key)
            if known is not None:
                self.from_disk += 1
                self._memory.put(key, known, nbytes=known.nbytes)
        return known

    def _encoded(self, key: str, predictor: Predictor, source: ImageSource) -> Found:
        """On the encoder's thread: whoever came first has made it, or it is made now."""
        known = self._known(key)
        if known is not None:
            return Found(known)
        start = time.perf_counter()
        try:
            embedding = predictor.encode(_pixels(source))
        except Exception as problem:  # noted for `state` and passed on
            self._remember_failure(source.key, str(problem))
            raise
        self.encodes += 1
        self._memory.put(key, embedding, nbytes=embedding.nbytes)
        if self._disk is not None:
            self._unwritten.acquire()  # an encoder faster than the disk waits, or its work would fill the memory
            self._writing[key] = embedding
            self._writer.submit(self._write, self._disk, key, embedding)
        with self._lock:
            self._failed.pop(source.key, None)
        return Found(embedding, encode_ms=(time.perf_counter() - start) * 1000)

    def _write(self, disk: DiskTier, key: str, embedding: Embedding) -> None:
        try:
            disk.put(key, embedding)
        finally:
            self._writing.pop(key, None)
            self._unwritten.release()

    def _remember_failure(self, key: str, message: str) -> None:
        with self._lock:
            self._failed[key] = message
            while len(self._failed) > REMEMBERED_FAILURES:
                self._failed.popitem(last=False)


def key_of(image_key: str, predictor: Predictor, part: str = "full") -> str:
    """All that an embedding depends on: the picture, the model's weights, the part of the picture (`x0,y0,x1,y1`)."""
    return f"{image_key}|{predictor.fingerprint}|{part}"


def _pixels(source: ImageSource) -> RGBArray:
    image = source.load()
    if image.shape != (source.height, source.width, 3):
        raise ImageProblem(
            f"The image is {image.shape[1]}×{image.shape[0]} pixels now but was {source.width}×{source.height};"
            " its file was changed. Add it to the project again."
        )
    return image
