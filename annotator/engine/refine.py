"""The fold: the mask of a prompt as a pure function of the embedding and the prompt.

A person adds points one by one, and each answer refines the one before by feeding its logits back. Points can be moved,
removed, undone and reloaded too, so the answer must not depend on the way there. It is therefore computed from the
prompt alone: step through its points in order, decode each prefix with the logits of the step before. Steps are
remembered, so that adding a point costs one decode and removing the last one none.

    points   p1          p1 p2               p1 p2 p3
    decode   3 masks ──▶ choice's logits ──▶ its logits ──▶ one mask
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from annotator.domain.mask import Mask
from annotator.domain.prompt import BACKGROUND, Box, Prompt
from annotator.engine import upscale
from annotator.engine.cache import ByteCache
from annotator.engine.candidates import best
from annotator.engine.predictor import Candidate, Embedding, LogitsArray, Predictor
from annotator.errors import BadPrompt

StepKey = tuple[str, Prompt, bool]
Candidates = tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Candidates of the whole prompt, from small to large where there are three, and the index of the one meant."""

    candidates: Candidates
    chosen: int


class Folder:
    """Folds prompts and remembers the steps.

    Args:
        budget: bytes of logits to remember (256 KiB a mask).

    Attributes:
        decodes: calls to a predictor's `decode` so far.
    """

    def __init__(self, *, budget: int = 128 << 20) -> None:
        self.decodes = 0
        self._steps: ByteCache[StepKey, Candidates] = ByteCache(budget)

    def fold(
        self, predictor: Predictor, embedding: Embedding, prompt: Prompt, *, key: str, multimask: bool | None = None
    ) -> Answer:
        """Answer a prompt.

        Args:
            key: says everything that the embedding depends on.
            multimask: three candidates or one; None: three for a point that stands alone, one otherwise. A mask alone
                is its own one answer.

        Raises:
            BadPrompt: nothing in the prompt says where the object is.
        """
        prefixes = list(_decodable(prompt))
        if not prefixes:
            raise BadPrompt("there are only background points; add a foreground point or a box", field="points")
        choice: int | None = None
        logits: LogitsArray | None = None
        for step in prefixes[:-1]:
            candidates = self._step(predictor, embedding, step, choice, logits, key, step.is_ambiguous)
            index = _index(candidates, prompt.choice)
            logits = candidates[index].logits
            # The best is the best whether it was picked or left to the score: one memory for both.
            choice = index if step.is_ambiguous else choice
        several = prefixes[-1].is_ambiguous if multimask is None else multimask
        candidates = self._step(predictor, embedding, prefixes[-1], choice, logits, key, several)
        # The choice is about the first answer; later ones, if several were asked for, are left to the score.
        return Answer(candidates, _index(candidates, prompt.choice if len(prefixes) == 1 else None))

    def clear(self) -> None:
        """Forget all steps."""
        self._steps.clear()

    def _step(
        self,
        predictor: Predictor,
        embedding: Embedding,
        prompt: Prompt,
        choice: int | None,
        logits: LogitsArray | None,
        key: str,
        multimask: bool,
    ) -> Candidates:
        step = (key, replace(prompt, choice=choice), multimask)
        known = self._steps.get(step)
        if known is not None:
            return known
        if prompt.mask is not None:
            candidates = self._refined(predictor, embedding, prompt, prompt.mask, logits, multimask)
        else:
            candidates = self._decoded(predictor, embedding, prompt, logits, multimask)
        self._steps.put(step, candidates, nbytes=sum(candidate.logits.nbytes for candidate in candidates))
        return candidates

    def _refined(
        self,
        predictor: Predictor,
        embedding: Embedding,
        prompt: Prompt,
        mask: Mask,
        logits: LogitsArray | None,
        multimask: bool,
    ) -> Candidates:
        """Refine a mask given by the user.

        Nothing said about it yet: it is the answer. Else the model gets its extent as a box beside its logits: from the
        logits alone MobileSAM loses the object (measured on 25 DAVIS photos whose true mask had a blob added, mean IoU
        after one click on it 0.55 without the box and 0.89 with it).
        """
        if logits is None:
            logits = upscale.from_mask(mask, embedding)
        if not prompt.points and prompt.box is None:
            return (Candidate(logits, 1.0),)
        asked = prompt if prompt.box is not None else replace(prompt, box=_extent(mask, prompt))
        return self._decoded(predictor, embedding, asked, logits, multimask)

    def _decoded(
        self,
        predictor: Predictor,
        embedding: Embedding,
        prompt: Prompt,
        logits: LogitsArray | None,
        multimask: bool,
    ) -> Candidates:
        self.decodes += 1
        return tuple(predictor.decode(embedding, prompt, logits=logits, multimask=multimask))


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
