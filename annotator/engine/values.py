"""What goes into the engine and what comes out: values, nothing that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from annotator.domain.mask import Mask
from annotator.engine.predictor import RGBArray

ImageState = Literal["unknown", "queued", "encoding", "ready", "failed"]
Region = tuple[int, int, int, int]
"""(x0, y0, x1, y1) of a part of an image in its pixels, the ends not included."""
ModelState = Literal["unloaded", "loading", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class ImageSource:
    """An image as the engine sees it: its identity, its size, and how to get its pixels if they are needed at all.

    Attributes:
        key: hash of what the pixels are decoded from; two images with one key are one image.
        width, height: size in pixels, display orientation.
        load: returns the (height, width, 3) RGB pixels; called on the engine's thread, once per encoding.
        region: which part of the image `key` this is; None: all of it.
    """

    key: str
    width: int
    height: int
    load: Callable[[], RGBArray]
    region: Region | None = None

    @property
    def part(self) -> str:
        """The region as it stands in a key."""
        return "full" if self.region is None else ",".join(map(str, self.region))


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds spent waiting for the device, encoding, decoding, and from request to answer."""

    queue: float
    encode: float
    decode: float
    total: float


@dataclass(frozen=True, slots=True)
class ScoredMask:
    """A candidate as a mask.

    Attributes:
        mask: of the image's size if `full`, else a low-resolution one that covers the whole image.
        score: the model's estimate of the IoU with the object meant, 0..1.
        area, bbox: in image pixels, `bbox` as (x, y, width, height); estimates unless `full`.
    """

    mask: Mask
    score: float
    area: int
    bbox: tuple[int, int, int, int]
    full: bool


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer to a prompt: one candidate, or three from small to large; `chosen` is the index of the one shown.

    Attributes:
        crop: the region whose closer look gave the chosen mask; None: the whole image's answer.
    """

    model: str
    candidates: tuple[ScoredMask, ...]
    chosen: int
    timing: Timing
    crop: Region | None = None


@dataclass(frozen=True, slots=True)
class EmbedResult:
    """Whether this request had to encode (False: it was there already), and the milliseconds it took."""

    encoded: bool
    ms: float


@dataclass(frozen=True, slots=True)
class EngineFigures:
    """What the engine has done so far, and what it holds now.

    Attributes:
        waiting, running: number of jobs now.
        memory, disk, encodes: embeddings that came from each tier, or were made.
        decodes: prompts decoded.
        embedding_bytes: memory that embeddings take now.
        restarts: threads that hung or died and were replaced.
    """

    waiting: int
    running: int
    memory: int
    disk: int
    encodes: int
    decodes: int
    embedding_bytes: int
    restarts: int


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model of the registry at a glance.

    Attributes:
        name, title, parameters: what it is; `parameters` counts its weights.
        present: whether its weights are here.
        device: where it runs, or what was asked for while it is not loaded.
        state: how far it is; `step` says what loading it is busy with, `problem` why it failed.
        notice: what people should know about how it runs.
        default: whether it answers when none is named.
    """

    name: str
    title: str
    parameters: int
    present: bool
    device: str
    state: ModelState
    step: str | None
    problem: str | None
    notice: str | None
    default: bool


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The engine at a glance.

    Attributes:
        model, device: the default model and where it runs.
        state: of the default model; `problem` says why when it is `failed`.
        waiting, running: number of jobs.
        restarts: threads that hung or died and were replaced.
        images: state by image key, for images that the engine has met and not forgotten, default model only.
    """

    model: str
    device: str
    state: ModelState
    problem: str | None
    waiting: int
    running: int
    restarts: int = 0
    images: Mapping[str, ImageState] = field(default_factory=dict)
