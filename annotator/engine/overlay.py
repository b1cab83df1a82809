"""Embeddings of two folders as one: what is made goes into the first, the second is only read."""

from __future__ import annotations

from dataclasses import dataclass

from annotator.engine.embeddings import DiskTier
from annotator.engine.predictor import Embedding


@dataclass(frozen=True, slots=True)
class Overlay:
    """A disk tier over another one.

    Attributes:
        own: where embeddings are kept.
        below: where others have kept theirs.
    """

    own: DiskTier
    below: DiskTier

    def get(self, key: str) -> Embedding | None:
        """The embedding, from wherever it is; None where there is none."""
        return self.own.get(key) or self.below.get(key)

    def put(self, key: str, embedding: Embedding) -> None:
        """Keep an embedding."""
        self.own.put(key, embedding)

    def has(self, key: str) -> bool:
        """Whether it is there, without reading it."""
        return self.own.has(key) or self.below.has(key)
