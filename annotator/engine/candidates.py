"""What every predictor does with the masks its decoder returns."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from annotator.engine.predictor import Candidate, Embedding, LogitsArray

LIMIT = 32.0  # SAM 2 clamps the logits it feeds back to this range


def plain(logits: Any, score: Any) -> Candidate:
    """A candidate from a decoder's raw output: clamped, a copy of its own that nobody can write to."""
    array: LogitsArray = np.clip(np.asarray(logits, np.float32), -LIMIT, LIMIT)
    array.setflags(write=False)
    return Candidate(array, min(1.0, max(0.0, float(score))))


def by_area(candidates: Iterable[Candidate], embedding: Embedding) -> list[Candidate]:
    """Candidates from small to large within the image's part of the logits; ties keep their order."""
    rows, columns = (math.ceil(extent) for extent in embedding.frame)
    return sorted(candidates, key=lambda candidate: int((candidate.logits[:rows, :columns] > 0).sum()))


def best(candidates: list[Candidate]) -> int:
    """Index of the candidate with the highest score, the first of equals."""
    return max(range(len(candidates)), key=lambda index: candidates[index].score)
