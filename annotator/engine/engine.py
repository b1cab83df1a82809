"""The engine room's front door: prompts on images in, masks out. Everything here may be called from any thread."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from annotator.domain.prompt import Prompt
from annotator.engine import upscale
from annotator.engine.cache import ByteCache
from annotator.engine.loading import Models
from annotator.engine.predictor import Candidate, Embedding, Predictor
from annotator.engine.refine import Answer, Folder
from annotator.engine.values import EmbedResult, EngineStatus, ImageSource, ImageState, Prediction, ScoredMask, Timing
from annotator.engine.worker import Job, Priority, Worker
from annotator.errors import BadPrompt, ImageProblem

REMEMBERED_FAILURES = 1000


@dataclass(frozen=True, slots=True)
class _Reply:
    """What comes back from the worker's thread; masks are upscaled on the thread of whoever asked."""

    model: str
    embedding: Embedding
    answer: Answer
    encode_ms: float
    decode_ms: float


class Engine:
    """Predictors, embeddings and the thread they run on, as one.

    Args:
        model: name in the registry of the model that answers when none is named.
        device: `auto`, `cpu`, `cuda`, `mps`.
        cache_bytes: budget for embeddings; an eighth of it again for the logits of prompts.
        checkpoints: folder with downloaded weights.
        predictor: a predictor to use instead of loading `model`.
        queue: requests that may wait at once.

    Attributes:
        model: name of the default model.
        encodes: images encoded so far.

    Raises:
        NotFound: there is no model of that name.
    """

    def __init__(
        self,
        *,
        model: str = "mobile_sam",
        device: str = "auto",
        cache_bytes: int = 1 << 30,
        checkpoints: Path | None = None,
        predictor: Predictor | None = None,
        queue: int = 64,
    ) -> None:
        self.model = model if predictor is None else predictor.name
        self.encodes = 0
        self._models = Models(device=device, checkpoints=checkpoints, given=predictor)
        self._models.require(self.model)
        self._embeddings: ByteCache[str, Embedding] = ByteCache(cache_bytes)
        self._folder = Folder(budget=cache_bytes // 8)
        self._failed: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()
        self._worker = Worker(limit=queue)

    @property
    def device(self) -> str:
        """Where the default model runs; what was asked for while it is not loaded."""
        return self._models.device(self.model)

    @property
    def decodes(self) -> int:
        """Prompts decoded so far."""
        return self._folder.decodes

    def predict(
        self,
        source: ImageSource,
        prompt: Prompt,
        *,
        multimask: bool | None = None,
        model: str | None = None,
        client: str | None = None,
        seq: int | None = None,
        hover: bool = False,
        timeout: float = 60.0,
    ) -> Prediction:
        """Candidates for a prompt, the chosen one in the image's size and the others in low resolution.

        Args:
            multimask: three candidates or one; None: three for a point that stands alone.
            client, seq: a request with a higher number takes the place of the same client's older ones.
            hover: a preview; clicks go first.
            timeout: seconds.

        Raises:
            BadPrompt: the prompt does not fit the image.
            NotFound: there is no such model.
            ModelProblem: the model can't be loaded or run.
            ImageProblem: the pixels can't be had.
            Superseded: a newer request took its place.
            Busy: too much is waiting, or it took too long.
        """
        start = time.perf_counter()
        job = self._job(source, prompt, multimask, model, Priority.HOVER if hover else Priority.CLICK)
        job.client, job.seq = client, seq
        reply = self._worker.wait(job, timeout=timeout)
        chosen = reply.answer.chosen
        masks = tuple(
            _full(candidate, reply.embedding, prompt) if index == chosen else _low(candidate, reply.embedding)
            for index, candidate in enumerate(reply.answer.candidates)
        )
        total = (time.perf_counter() - start) * 1000
        return Prediction(reply.model, masks, chosen, Timing(job.waited, reply.encode_ms, reply.decode_ms, total))

    def mask(
        self,
        source: ImageSource,
        prompt: Prompt,
        candidate: int | None = None,
        *,
        model: str | None = None,
        timeout: float = 60.0,
    ) -> ScoredMask:
        """The mask that `predict` shows for a prompt, in the image's size: the chosen candidate or the one given.

        Raises:
            BadPrompt: the prompt does not fit the image, or the answer has no such candidate.
            ModelProblem, ImageProblem, NotFound, Busy: see `predict`.
        """
        reply = self._worker.wait(self._job(source, prompt, None, model, Priority.CLICK), timeout=timeout)
        index = reply.answer.chosen if candidate is None else candidate
        if not 0 <= index < len(reply.answer.candidates):
            raise BadPrompt(
                f"candidate {index} does not exist; the answer has {len(reply.answer.candidates)}", field="candidate"
            )
        return _full(reply.answer.candidates[index], reply.embedding, prompt)

    def embed(
        self,
        source: ImageSource,
        *,
        model: str | None = None,
        priority: Literal["open", "prefetch"] = "open",
        timeout: float = 120.0,
    ) -> EmbedResult:
        """Wait until prompts on the image are quick; harmless to repeat.

        Raises:
            ModelProblem, ImageProblem, NotFound, Busy: see `predict`.
        """
        start = time.perf_counter()
        name = self._named(model)
        predictor = self._models.peek(name)
        encoded = False
        if predictor is None or self._embeddings.get(_key(source, predictor)) is None:
            level = Priority.PREFETCH if priority == "prefetch" else Priority.OPEN
            job: Job[bool] = Job(lambda job: self._embedding(self._models.get(name), source)[1] > 0, level, source.key)
            encoded = self._worker.wait(job, timeout=timeout)
        return EmbedResult(encoded, (time.perf_counter() - start) * 1000)

    def image_state(self, key: str) -> ImageState:
        """How far the image with this key is, for the default model."""
        predictor, running = self._models.peek(self.model), self._worker.running
        if predictor is not None and _key_of(key, predictor) in self._embeddings:
            return "ready"
        if running is not None and running.image == key:
            return "encoding"
        if any(job.image == key for job in self._worker.waiting()):
            return "queued"
        return "failed" if key in self._failed else "unknown"

    def status(self) -> EngineStatus:
        """The engine at a glance; never waits for the device."""
        waiting, running = self._worker.waiting(), self._worker.running
        with self._lock:
            failed = list(self._failed)
        met = {job.image for job in (*waiting, *([running] if running else ())) if job.image} | set(failed)
        predictor = self._models.peek(self.model)
        if predictor is not None:
            suffix = _key_of("", predictor)
            met |= {key.removesuffix(suffix) for key in self._embeddings.order() if key.endswith(suffix)}
        return EngineStatus(
            model=self.model,
            device=self.device,
            state=self._models.state(self.model),
            problem=self._models.problem(self.model),
            waiting=len(waiting),
            running=int(running is not None),
            images={key: self.image_state(key) for key in sorted(met)},
        )

    def warm_up(self) -> Future[None]:
        """Load the default model in the background, so that the first image does not pay for it.

        A model that can't be loaded shows in `status`; the returned future has the error too.
        """
        return self._worker.submit(Job(lambda job: self._warm(), Priority.OPEN))

    def close(self) -> None:
        """Fail what waits with Busy, let the running job end, free the memory."""
        self._worker.close()
        self._embeddings.clear()
        self._folder.clear()

    def _named(self, model: str | None) -> str:
        if model is not None and model != self.model:
            self._models.require(model)
        return model or self.model

    def _job(
        self, source: ImageSource, prompt: Prompt, multimask: bool | None, model: str | None, priority: Priority
    ) -> Job[_Reply]:
        prompt.require_answerable(width=source.width, height=source.height)
        name = self._named(model)
        return Job(lambda job: self._reply(job, source, prompt, multimask, name), priority, source.key)

    # Below: on the worker's thread.

    def _warm(self) -> None:
        self._models.get(self.model)

    def _reply(
        self, job: Job[_Reply], source: ImageSource, prompt: Prompt, multimask: bool | None, model: str
    ) -> _Reply:
        predictor = self._models.get(model)
        embedding, encode_ms = self._embedding(predictor, source)
        job.require_fresh()
        start = time.perf_counter()
        key = _key(source, predictor)
        answer = self._folder.fold(predictor, embedding, prompt, key=key, multimask=multimask)
        return _Reply(model, embedding, answer, encode_ms, (time.perf_counter() - start) * 1000)

    def _embedding(self, predictor: Predictor, source: ImageSource) -> tuple[Embedding, float]:
        """The embedding, and the milliseconds that loading and encoding the image took (0 if it was there)."""
        key = _key(source, predictor)
        known = self._embeddings.get(key)
        if known is not None:
            return known, 0.0
        start = time.perf_counter()
        try:
            image = source.load()
            if image.shape != (source.height, source.width, 3):
                raise ImageProblem(
                    f"The image is {image.shape[1]}×{image.shape[0]} pixels now but was {source.width}×{source.height};"
                    " its file was changed. Add it to the project again."
                )
            embedding = predictor.encode(image)
        except Exception as problem:  # noted for `status` and passed on
            self._remember_failure(source.key, str(problem))
            raise
        self.encodes += 1
        self._embeddings.put(key, embedding, nbytes=embedding.nbytes)
        with self._lock:
            self._failed.pop(source.key, None)
        return embedding, (time.perf_counter() - start) * 1000

    def _remember_failure(self, key: str, message: str) -> None:
        with self._lock:
            self._failed[key] = message
            while len(self._failed) > REMEMBERED_FAILURES:
                self._failed.popitem(last=False)


def _key(source: ImageSource, predictor: Predictor) -> str:
    return _key_of(source.key, predictor)


def _key_of(key: str, predictor: Predictor) -> str:
    """All that an embedding depends on: the picture, the model's weights and precision, the part of the picture."""
    return f"{key}|{predictor.fingerprint}|full"


def _full(candidate: Candidate, embedding: Embedding, prompt: Prompt) -> ScoredMask:
    if prompt.mask is not None and not prompt.points and prompt.box is None:
        mask = prompt.mask  # as it came: low resolution would blur what nobody asked to change
    else:
        mask = upscale.to_mask(candidate.logits, embedding)
    return ScoredMask(mask, candidate.score, mask.area, mask.bbox, True)


def _low(candidate: Candidate, embedding: Embedding) -> ScoredMask:
    mask, area, bbox = upscale.to_low_res(candidate.logits, embedding)
    return ScoredMask(mask, candidate.score, area, bbox, False)
