"""From a candidate's logits to the mask that people see."""

from __future__ import annotations

from annotator.domain.mask import Mask
from annotator.domain.prompt import Prompt
from annotator.engine import upscale
from annotator.engine.local import limited
from annotator.engine.predictor import Candidate, Embedding
from annotator.engine.values import ScoredMask


def full(candidate: Candidate, embedding: Embedding, prompt: Prompt) -> ScoredMask:
    """A candidate as the answer to a prompt, in the image's size."""
    if prompt.mask is not None and not prompt.points and prompt.box is None:
        mask = prompt.mask  # as it came: low resolution would blur what nobody asked to change
    else:
        mask = local(upscale.to_mask(candidate.logits, embedding), prompt)
    return ScoredMask(mask, candidate.score, mask.area, mask.bbox, True)


def local(mask: Mask, prompt: Prompt) -> Mask:
    """The answer, as far as it changes a given mask where it was asked to."""
    if not prompt.local or prompt.mask is None or prompt.box is not None:
        return mask
    return limited(prompt.mask, mask, prompt.points)


def low(candidate: Candidate, embedding: Embedding) -> ScoredMask:
    """A candidate that was not chosen, in the model's resolution; area and extent are the image's."""
    mask, area, bbox = upscale.to_low_res(candidate.logits, embedding)
    return ScoredMask(mask, candidate.score, area, bbox, False)
