"""The engine room's front door: prompts on images in, masks out. Everything here may be called from any thread.

predict ──▶ Models (loaded?) ──▶ Embeddings (memory, disk, encode lane) ──▶ decode lane (fold) ──▶ upscale
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal, TypeVar

from annotator.domain.prompt import Prompt
from annotator.engine import crop, showing, upscale
from annotator.engine.embeddings import Ask, DiskTier, Embeddings, key_of
from annotator.engine.jobs import Job, Priority, Shared
from annotator.engine.lanes import Lanes
from annotator.engine.loading import Models
from annotator.engine.predictor import Embedding, Predictor, batch_of
from annotator.engine.refine import Answer, Fold, Folder
from annotator.engine.registry import Registry
from annotator.engine.values import (
    EmbedResult,
    EngineFigures,
    EngineStatus,
    ImageSource,
    ImageState,
    ModelStatus,
    Prediction,
    Region,
    ScoredMask,
    Timing,
)
from annotator.errors import BadPrompt, OutOfMemory

Result = TypeVar("Result")

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class _Reply:
    """What comes back from the lanes; masks are upscaled on the thread of whoever asked. Times are milliseconds."""

    embedding: Embedding
    answer: Answer
    waited: float
    encode_ms: float
    decode_ms: float


@dataclass(frozen=True, slots=True)
class _Shown:
    """The mask that people see, the region it comes from, and the milliseconds waited, encoding and decoding."""

    mask: ScoredMask
    crop: Region | None
    spent: tuple[float, float, float]


class Engine:
    """Predictors, embeddings and the threads they run on, as one.

    Args:
        model: name in the registry of the model that answers when none is named; `auto`: the best that is present.
        device: `auto`, `cpu`, `cuda`, `mps`.
        precision: `auto`, `fp32`, `bf16`, `fp16`.
        cache_bytes: budget for embeddings; an eighth of it again for the logits of prompts.
        registry: which models there are; None: those that come with annotator.
        disk: where embeddings outlive the process; None: nowhere.
        predictor: a predictor to use instead of loading `model`.
        queue: requests that may wait at once.
        patience: seconds after which an encode and a decode count as hanging.

    Attributes:
        model: name of the default model.

    Raises:
        NotFound: there is no model of that name.
    """

    def __init__(
        self,
        *,
        model: str = AUTO,
        device: str = "auto",
        precision: str = "auto",
        cache_bytes: int = 1 << 30,
        registry: Registry | None = None,
        disk: DiskTier | None = None,
        predictor: Predictor | None = None,
        queue: int = 64,
        patience: tuple[float, float] = (300.0, 60.0),
    ) -> None:
        self._registry = registry or Registry()
        self._models = Models(registry=self._registry, device=device, precision=precision, given=predictor)
        if predictor is not None:
            self.model = predictor.name
        else:
            self.model = self._registry.best(device) if model == AUTO else model
        self._models.require(self.model)
        self._lanes = Lanes(limit=queue, restarted=self._models.renew, patience=patience)
        self._embeddings = Embeddings(lanes=self._lanes, budget=cache_bytes, disk=disk)
        self._folder = Folder(budget=cache_bytes // 8)

    @property
    def device(self) -> str:
        """Where the default model runs; what was asked for while it is not loaded."""
        return self._models.device(self.model)

    @property
    def encodes(self) -> int:
        """Images encoded so far."""
        return self._embeddings.encodes

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
        person: str | None = None,
        hover: bool = False,
        timeout: float = 60.0,
    ) -> Prediction:
        """Candidates for a prompt, the chosen one in the image's size and the others in low resolution.

        Args:
            multimask: three candidates or one; None: three for a point that stands alone.
            client, seq: a request with a higher number takes the place of the same client's older ones.
            person: who asks; people who ask at once are answered in turns.
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
        ask = Ask(Priority.HOVER if hover else Priority.CLICK, time.monotonic() + timeout, client, seq, person)
        name = self._named(model)
        reply = self._reply(source, prompt, multimask, name, ask)
        chosen = reply.answer.chosen
        shown = self._shown(source, prompt, reply, chosen, name, ask)
        masks = tuple(
            shown.mask if index == chosen else showing.low(candidate, reply.embedding)
            for index, candidate in enumerate(reply.answer.candidates)
        )
        total = (time.perf_counter() - start) * 1000
        return Prediction(name, masks, chosen, Timing(*shown.spent, total), shown.crop)

    def mask(
        self,
        source: ImageSource,
        prompt: Prompt,
        candidate: int | None = None,
        *,
        model: str | None = None,
        person: str | None = None,
        timeout: float = 60.0,
    ) -> ScoredMask:
        """The mask that `predict` shows for a prompt, in the image's size: the chosen candidate or the one given.

        Raises:
            BadPrompt: the prompt does not fit the image, or the answer has no such candidate.
            ModelProblem, ImageProblem, NotFound, Busy: see `predict`.
        """
        ask = Ask(Priority.CLICK, time.monotonic() + timeout, person=person)
        name = self._named(model)
        reply = self._reply(source, prompt, None, name, ask)
        index = reply.answer.chosen if candidate is None else candidate
        if not 0 <= index < len(reply.answer.candidates):
            raise BadPrompt(
                f"candidate {index} does not exist; the answer has {len(reply.answer.candidates)}", field="candidate"
            )
        return self._shown(source, prompt, reply, index, name, ask).mask

    def embed(
        self,
        source: ImageSource,
        *,
        model: str | None = None,
        priority: Literal["open", "prefetch"] = "open",
        client: str | None = None,
        seq: int | None = None,
        person: str | None = None,
        timeout: float = 120.0,
    ) -> EmbedResult:
        """Wait until prompts on the image are quick; harmless to repeat.

        Args:
            client, seq: a request with a higher number takes the place of the same client's older ones: whoever opens
                another image does not wait for the one they left.
            person: see `predict`.

        Raises:
            ModelProblem, ImageProblem, NotFound, Superseded, Busy: see `predict`.
        """
        start = time.perf_counter()
        level = Priority.PREFETCH if priority == "prefetch" else Priority.OPEN
        ask = Ask(level, time.monotonic() + timeout, client, seq, person)
        found = self._running(self._named(model), ask, lambda predictor: self._embeddings.get(predictor, source, ask))
        return EmbedResult(found.encode_ms > 0, (time.perf_counter() - start) * 1000)

    def image_state(self, key: str, *, model: str | None = None) -> ImageState:
        """How far the image with this key is."""
        return self._embeddings.state(self._models.peek(model or self.model), key)

    def ahead(self, key: str) -> int:
        """How many jobs come before the one that the image with this key waits for."""
        return self._embeddings.ahead(key)

    def status(self) -> EngineStatus:
        """The engine at a glance; never waits for a device."""
        predictor = self._models.peek(self.model)
        return EngineStatus(
            model=self.model,
            device=self.device,
            state=self._models.state(self.model),
            problem=self._models.problem(self.model),
            waiting=len(self._lanes.waiting()),
            running=len(self._lanes.running()),
            restarts=self._lanes.restarts,
            images={key: self.image_state(key) for key in sorted(self._embeddings.met(predictor))},
        )

    def figures(self) -> EngineFigures:
        """What it has done so far, and what it holds now; never waits for a device."""
        return EngineFigures(
            waiting=len(self._lanes.waiting()),
            running=len(self._lanes.running()),
            memory=self._embeddings.from_memory,
            disk=self._embeddings.from_disk,
            encodes=self.encodes,
            decodes=self.decodes,
            embedding_bytes=self._embeddings.nbytes,
            restarts=self._lanes.restarts,
        )

    def models(self) -> list[ModelStatus]:
        """All models of the registry, and how far each is."""
        return [
            ModelStatus(
                name=name,
                title=config.title,
                parameters=config.parameters,
                present=self._registry.is_present(config),
                device=self._models.device(name),
                state=self._models.state(name),
                step=self._models.step(name),
                problem=self._models.problem(name),
                notice=self._models.notice(name),
                default=name == self.model,
            )
            for name, config in self._registry.models().items()
        ]

    def notice(self, model: str | None = None) -> str | None:
        """What people should know about how a model runs, e.g. that it had to move to the CPU."""
        return self._models.notice(model or self.model)

    def load(self, model: str) -> Future[Predictor]:
        """Load a model in the background; see `models` for how far it is.

        Raises:
            NotFound: there is none of that name.
        """
        return self._models.load(self._named(model))

    def warm_up(self) -> Future[Predictor]:
        """Load the default model in the background, so that the first image does not pay for it.

        A model that can't be loaded shows in `status`; the returned future has the error too.
        """
        return self._models.load(self.model)

    def close(self) -> None:
        """Fail what waits with Busy, let the running jobs end, free the memory."""
        self._lanes.close()
        self._embeddings.close()
        self._folder.clear()

    def _named(self, model: str | None) -> str:
        if model is not None and model != self.model:
            self._models.require(model)
        return model or self.model

    def _reply(self, source: ImageSource, prompt: Prompt, multimask: bool | None, name: str, ask: Ask) -> _Reply:
        prompt.require_answerable(width=source.width, height=source.height)
        asked = crop.without(prompt)
        return self._answered(source, name, ask, lambda embedding, key: Fold(embedding, asked, key, multimask))

    def _shown(self, source: ImageSource, prompt: Prompt, reply: _Reply, index: int, name: str, ask: Ask) -> _Shown:
        """One candidate in the image's size, after a closer look where the prompt asks for one; see `crop`."""
        candidate = reply.answer.candidates[index]
        whole = showing.full(candidate, reply.embedding, prompt)
        region = crop.region_of(prompt, whole.mask)
        spent = reply.waited, reply.encode_ms, reply.decode_ms
        if region is None:
            return _Shown(whole, None, spent)
        far = upscale.field(candidate.logits, reply.embedding, region)
        asked = crop.prompt_in(region, prompt, whole.mask)

        def fold(embedding: Embedding, key: str) -> Fold:
            start = crop.seed(far, embedding)
            return Fold(embedding, asked, f"{key}|{crop.key_of_seed(start)}", start=start)

        closer = self._answered(crop.source_of(source, region), name, ask, fold)
        spent = spent[0] + closer.waited, spent[1] + closer.encode_ms, spent[2] + closer.decode_ms
        (answer,) = closer.answer.candidates
        near = upscale.field(answer.logits, closer.embedding, (0, 0, far.shape[1], far.shape[0]))
        mask = showing.local(crop.pasted(whole.mask, far, near, region), prompt)
        if not crop.agrees(mask, whole.mask, prompt):
            return _Shown(whole, None, spent)
        return _Shown(ScoredMask(mask, answer.score, mask.area, mask.bbox, True), region, spent)

    def _answered(self, source: ImageSource, name: str, ask: Ask, fold_of: Callable[[Embedding, str], Fold]) -> _Reply:
        def answer(predictor: Predictor) -> _Reply:
            found = self._embeddings.get(predictor, source, ask)
            fold = fold_of(found.embedding, key_of(source.key, predictor, source.part))
            shared = Shared(id(predictor), batch_of(predictor), lambda folds: self._folded(predictor, folds), fold)
            job: Job[tuple[Answer, float]] = ask.job(shared, source.key)
            folded, decode_ms = self._lanes.of(predictor.device).decode.wait(job, timeout=ask.left())
            return _Reply(found.embedding, folded, found.waited + job.waited, found.encode_ms, decode_ms)

        return self._running(name, ask, answer)

    def _folded(self, predictor: Predictor, folds: list[Fold]) -> list[tuple[Answer, float] | Exception]:
        """On the decoder's thread: answers and the milliseconds they took together."""
        start = time.perf_counter()
        outcomes = self._folder.fold_many(predictor, folds)
        took = (time.perf_counter() - start) * 1000
        return [outcome if isinstance(outcome, Exception) else (outcome, took) for outcome in outcomes]

    def _running(self, name: str, ask: Ask, work: Callable[[Predictor], Result]) -> Result:
        """Do something with a model; a full device is emptied once, then the model moves to the CPU."""
        predictor = self._models.get(name, timeout=ask.left())
        try:
            return work(predictor)
        except OutOfMemory:
            for loaded in self._models.loaded():
                loaded.release()
        try:
            return work(predictor)
        except OutOfMemory as problem:
            return work(self._models.fall_back(name, problem))
