"""The engine room: models, embeddings, and the thread they run on. `Engine` is its front door."""

from annotator.engine.engine import Engine
from annotator.engine.fake import FakePredictor
from annotator.engine.registry import Registry
from annotator.engine.values import (
    EmbedResult,
    EngineStatus,
    ImageSource,
    ImageState,
    ModelState,
    ModelStatus,
    Prediction,
    ScoredMask,
    Timing,
)

__all__ = [
    "EmbedResult",
    "Engine",
    "EngineStatus",
    "FakePredictor",
    "ImageSource",
    "ImageState",
    "ModelState",
    "ModelStatus",
    "Prediction",
    "Registry",
    "ScoredMask",
    "Timing",
]
