"""The fold: the mask of a prompt as a pure function of the embedding and the prompt.

A person adds points one by one, and each answer refines the one before by feeding its logits back. Points can be moved,
removed, undone and reloaded too, so the answer must not depend on the way there. It is therefore computed from the
prompt alone: step through its points in order, decode each prefix with the logits of the step before. Steps are
remembered, so that adding a point costs one decode and removing the last one none.

    points   p1          p1 p2               p1 p2 p3
    decode   3 masks ──▶ choice's logits ──▶ its logits ──▶ one mask

Folds of several people run side by side, a step of each in one pass, where the predictor gains from that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from annotator.domain.mask import Mask
from annotator.domain.prompt import BACKGROUND, Box, Prompt
from annotator.engine import upscale
from annotator.engine.cache import ByteCache
from annotator.engine.candidates import best
from annotator.engine.predictor import BatchPredictor, Candidate, DecodeRequest, Embedding, LogitsArray, Predictor
from annotator.errors import AnnotatorError, BadPrompt

StepKey = tuple[str, Prompt, bool]
Candidates = tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Candidates of the whole prompt, from small to large where there are three, and the index of the one meant."""

    candidates: Candidates
    chosen: int


@dataclass(frozen=True, slots=True)
class Fold:
    """A prompt to answer.

    Attributes:
        key: says everything that the embedding depends on.
        multimask: three candidates or one; None: three for a point that stands alone, one otherwise. A mask alone is
            its own one answer.
        start: logits to refine with the whole prompt in one step, instead of stepping through it; None: step. `key`
            tells them apart too.
    """

    embedding: Embedding
    prompt: Prompt
    key: str
    multimask: bool | None = None
    start: LogitsArray | None = None


_Steps = Generator[tuple[StepKey, DecodeRequest], Candidates, Answer]


class Folder:
    """Folds prompts and remembers the steps.

    Args:
        budget: bytes of logits to remember (256 KiB a mask).

    Attributes:
        decodes: prompts decoded so far.
        passes: calls to a predictor so far; fewer where it decodes several prompts in one.
    """

    def __init__(self, *, budget: int = 128 << 20) -> None:
        self.decodes = 0
        self.passes = 0
        self._steps: ByteCache[StepKey, Candidates] = ByteCache(budget)

    def fold(self, predictor: Predictor, fold: Fold) -> Answer:
        """Answer a prompt.

        Raises:
            BadPrompt: nothing in the prompt says where the object is.
            ModelProblem: the predictor failed.
        """
        (outcome,) = self.fold_many(predictor, [fold])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def fold_many(self, predictor: Predictor, folds: Sequence[Fold]) -> list[Answer | Exception]:
        """Answer prompts side by side; each gets its answer or its own error, and what it would get alone."""
        outcomes: dict[int, Answer | Exception] = {}
        waiting: dict[int, tuple[_Steps, StepKey, DecodeRequest]] = {}

        def go_on(number: int, steps: _Steps, candidates: Candidates | Exception | None) -> None:
            try:
                if isinstance(candidates, Exception):
                    raise candidates
                waiting[number] = (steps, *(next(steps) if candidates is None else steps.send(candidates)))
            except StopIteration as end:
                outcomes[number] = end.value
            except Exception as problem:  # belongs to whoever asked for this fold
                outcomes[number] = problem

        for number, fold in enumerate(folds):
            go_on(number, self._folded(fold), None)
        while waiting:
            round_, waiting = waiting, {}
            asked = {key: request for _, key, request in round_.values()}
            answers = dict(zip(asked, self._decoded(predictor, list(asked.values())), strict=True))
            for key, answer in answers.items():
                if not isinstance(answer, Exception):
                    self._steps.put(key, answer, nbytes=sum(candidate.logits.nbytes for candidate in answer))
            for number, (steps, key, _) in round_.items():
                go_on(number, steps, answers[key])
        return [outcomes[number] for number in range(len(folds))]

    def clear(self) -> None:
        """Forget all steps."""
        self._steps.clear()

    def _folded(self, fold: Fold) -> _Steps:
        """One fold, step by step: yields what is to be decoded, gets the candidates."""
        prompt = fold.prompt
        if fold.start is not None:
            candidates = yield from self._step(fold, prompt, None, fold.start, False)
            return Answer(candidates, 0)
        prefixes = list(_decodable(prompt))
        if not prefixes:
            raise BadPrompt("there are only background points; add a foreground point or a box", field="points")
        choice: int | None = None
        logits: LogitsArray | None = None
        for step in prefixes[:-1]:
            candidates = yield from self._step(fold, step, choice, logits, step.is_ambiguous)
            index = _index(candidates, prompt.choice)
            logits = candidates[index].logits
            # The best is the best whether it was picked or left to the score: one memory for both.
            choice = index if step.is_ambiguous else choice
        several = prefixes[-1].is_ambiguous if fold.multimask is None else fold.multimask
        candidates = yield from self._step(fold, prefixes[-1], choice, logits, several)
        # The choice is about the first answer; later ones, if several were asked for, are left to the score.
        return Answer(candidates, _index(candidates, prompt.choice if len(prefixes) == 1 else None))

    def _step(
        self, fold: Fold, prompt: Prompt, choice: int | None, logits: LogitsArray | None, multimask: bool
    ) -> Generator[tuple[StepKey, DecodeRequest], Candidates, Candidates]:
        key = (fold.key, replace(prompt, choice=choice), multimask)
        known = self._steps.get(key)
        if known is not None:
            return known
        if prompt.mask is None:
            return (yield key, DecodeRequest(fold.embedding, prompt, logits, multimask))
        # Nothing said about a given mask yet: it is the answer. Else the model gets its extent as a box beside its
        # logits: from the logits alone MobileSAM loses the object (measured on 25 DAVIS photos whose true mask had a
        # blob added, mean IoU after one click on it 0.55 without the box and 0.89 with it).
        if logits is None:
            logits = upscale.from_mask(prompt.mask, fold.embedding)
        if not prompt.points and prompt.box is None:
            return (Candidate(logits, 1.0),)
        asked = prompt if prompt.box is not None else replace(prompt, box=_extent(prompt.mask, prompt))
        return (yield key, DecodeRequest(fold.embedding, asked, logits, multimask))

    def _decoded(self, predictor: Predictor, requests: Sequence[DecodeRequest]) -> list[Candidates | Exception]:
        self.decodes += len(requests)
        if len(requests) > 1 and isinstance(predictor, BatchPredictor):
            self.passes += 1
            # Should the pass fail, each is tried alone, so that one person's failure stays theirs.
            with contextlib.suppress(AnnotatorError):
                return [tuple(candidates) for candidates in predictor.decode_batch(requests)]
        return [self._alone(predictor, request) for request in requests]

    def _alone(self, predictor: Predictor, request: DecodeRequest) -> Candidates | Exception:
        self.passes += 1
        try:
            answer = predictor.decode(
                request.embedding, request.prompt, logits=request.logits, multimask=request.multimask
            )
        except Exception as problem:  # belongs to whoever asked
            return problem
        return tuple(answer)


def _extent(mask: Mask, prompt: Prompt) -> Box | None:
    """The box around the mask and the foreground points, which say that the object is larger than the mask."""
    x, y, width, height = mask.bbox
    if width == 0:
        return None
    wanted = [point for point in prompt.points if point.label != BACKGROUND]
    across, down = [x, x + width, *(point.x for point in wanted)], [y, y + height, *(point.y for point in wanted)]
    return Box(min(across), min(down), max(across), max(down))


def _decodable(prompt: Prompt) -> Iterator[Prompt]:
    """Prefixes of the prompt from the first that says where the object is to the whole prompt.

    A box or a mask says so by itself. Without one, background points before the first foreground point mean nothing
    alone and are decoded together with it.
    """
    first = 0
    if prompt.box is None and prompt.mask is None:
        first = next(
            (n for n, point in enumerate(prompt.points, 1) if point.label != BACKGROUND), len(prompt.points) + 1
        )
    for count in range(first, len(prompt.points) + 1):
        yield replace(prompt.prefix(count), choice=None)


def _index(candidates: Candidates, choice: int | None) -> int:
    if len(candidates) == 1:
        return 0
    return choice if choice is not None and choice < len(candidates) else best(list(candidates))
