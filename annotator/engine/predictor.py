"""The one contract between the annotator and a segmentation model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from annotator.domain.prompt import Prompt

RGBArray = npt.NDArray[np.uint8]
LogitsArray = npt.NDArray[np.float32]
FeaturesArray = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Embedding:
    """The encoder's output for one image and one model, a value: nothing else is needed to decode a prompt.

    Attributes:
        model: name of the model that made it.
        height, width: size of the image in pixels (display orientation).
        arrays: the model's own tensors by name, in half precision on the CPU: a mask must not depend on whether its
            embedding was just made, came from memory or from disk.
        frame: (height, width) of the part of the low-resolution logits that shows the image, in logits pixels,
            from the top left corner; the rest is padding.
        via: side in pixels of the square frame that the logits are upscaled to before the image's size (SAM 1: 1024);
            None: straight to the image's size.
    """

    model: str
    height: int
    width: int
    arrays: Mapping[str, FeaturesArray]
    frame: tuple[float, float]
    via: int | None = None

    @property
    def nbytes(self) -> int:
        """Memory held by the tensors, in bytes."""
        return sum(int(array.nbytes) for array in self.arrays.values())


@dataclass(frozen=True, slots=True)
class Candidate:
    """One mask proposed for a prompt.

    Attributes:
        logits: (256, 256) float32 in the model's low-resolution frame; above 0 is foreground.
        score: the model's own estimate of the mask's IoU with the object meant, clamped to 0..1.
    """

    logits: LogitsArray
    score: float


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """What `Predictor.decode` is asked, as one value: several can be decoded together."""

    embedding: Embedding
    prompt: Prompt
    logits: LogitsArray | None = None
    multimask: bool = False


@runtime_checkable
class Predictor(Protocol):
    """A segmentation model, stateless to its caller.

    `encode` is called from one thread at a time and `decode` from one thread at a time, but the two may run at once: a
    click must not wait for somebody else's image.

    Both raise OutOfMemory when the device has not enough memory left, and ModelProblem for any other failure of it.
    """

    @property
    def name(self) -> str:
        """Name in the registry, e.g. `mobile_sam`."""

    @property
    def device(self) -> str:
        """Where it runs: `cpu`, `cuda`, `mps`."""

    @property
    def fingerprint(self) -> str:
        """Hash of the weights and the encoder's size: with the image, all that an embedding depends on.

        Not the device, the runtime or the precision, whose differences are below what a mask shows: what a GPU made
        overnight serves a laptop.
        """

    def encode(self, image: RGBArray) -> Embedding:
        """Embed an (H, W, 3) RGB image."""

    def decode(
        self, embedding: Embedding, prompt: Prompt, *, logits: LogitsArray | None = None, multimask: bool = False
    ) -> list[Candidate]:
        """Masks for a prompt.

        Args:
            embedding: a value that `encode` of the same model returned.
            prompt: points and box in image pixels; its `mask` is ignored here (see `logits`).
            logits: (256, 256) logits of the mask to refine.
            multimask: three candidates from small to large (part, object, whole) instead of one.

        Raises:
            BadPrompt: the prompt is empty and there are no logits.
        """

    def release(self) -> None:
        """Give back the device memory that can be had again (copies of embeddings, what an allocator keeps)."""


@runtime_checkable
class BatchPredictor(Predictor, Protocol):
    """A predictor that decodes several prompts in one pass."""

    @property
    def batch(self) -> int:
        """Prompts in one pass at most; 1 where a pass of several takes as long as one after the other."""

    def decode_batch(self, requests: Sequence[DecodeRequest]) -> list[list[Candidate]]:
        """For each request what `decode` answers.

        Raises:
            BadPrompt: one of them is empty and has no logits.
        """


def batch_of(predictor: Predictor) -> int:
    """Prompts that a predictor decodes in one pass at most."""
    return predictor.batch if isinstance(predictor, BatchPredictor) else 1
