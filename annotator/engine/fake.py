"""A predictor without weights: quick, deterministic, different for each image. For tests and for building the UI."""

from __future__ import annotations

import hashlib
import time

import numpy as np
import numpy.typing as npt

from annotator.domain.prompt import BACKGROUND, Box, Point, Prompt
from annotator.engine.candidates import by_area, plain
from annotator.engine.predictor import Candidate, Embedding, LogitsArray, RGBArray
from annotator.errors import BadPrompt

LOW = 256
SCORES = (0.72, 0.91, 0.84)  # part, object, whole: the object is the best guess


class FakePredictor:
    """Discs around foreground points, holes around background points, an ellipse in the box.

    The outlines waver in a way that depends on the image's pixels, so that a mask of another image is never mistaken
    for the right one.

    Args:
        encode_seconds, decode_seconds: how long each call pretends to work.

    Attributes:
        encodes, decodes: calls so far.
    """

    name = "fake"
    device = "cpu"
    fingerprint = "fake-1"

    def __init__(self, *, encode_seconds: float = 0.0, decode_seconds: float = 0.0) -> None:
        self.encode_seconds = encode_seconds
        self.decode_seconds = decode_seconds
        self.encodes = 0
        self.decodes = 0

    def encode(self, image: RGBArray) -> Embedding:
        """Remember the image's size and a hash of its pixels."""
        self.encodes += 1
        time.sleep(self.encode_seconds)
        height, width = image.shape[:2]
        digest = hashlib.sha256(f"{width}x{height}".encode() + np.ascontiguousarray(image).tobytes()).digest()
        arrays = {"hash": np.frombuffer(digest, np.uint8).astype(np.float16)}
        scale = LOW / max(height, width)
        return Embedding(self.name, height, width, arrays, (height * scale, width * scale))

    def decode(
        self, embedding: Embedding, prompt: Prompt, *, logits: LogitsArray | None = None, multimask: bool = False
    ) -> list[Candidate]:
        """Masks for a prompt; see `Predictor.decode`."""
        self.decodes += 1
        time.sleep(self.decode_seconds)
        if logits is None and not prompt.points and prompt.box is None:
            raise BadPrompt("the prompt is empty; give a point, a box or a mask", field="points")
        canvas = _Canvas(embedding)
        if multimask:
            sizes = zip((0.05, 0.11, 0.2), SCORES, strict=True)
            return by_area([plain(canvas.paint(prompt, logits, size), score) for size, score in sizes], embedding)
        return [plain(canvas.paint(prompt, logits, 0.11), 0.9 if logits is None else 0.95)]

    def release(self) -> None:
        """Nothing is held."""


class _Canvas:
    """Signed shapes on the low-resolution grid: positive inside, in logits pixels."""

    def __init__(self, embedding: Embedding) -> None:
        self.scale = LOW / max(embedding.height, embedding.width)
        self.phases = embedding.arrays["hash"].astype(np.float32) / 256
        self.y, self.x = np.mgrid[0:LOW, 0:LOW].astype(np.float32) + np.float32(0.5)

    def paint(self, prompt: Prompt, logits: LogitsArray | None, size: float) -> npt.NDArray[np.float32]:
        field = np.full((LOW, LOW), -16, np.float32) if logits is None else logits
        if prompt.box is not None:
            field = np.maximum(field, self._ellipse(prompt.box))
        for point in prompt.points:
            if point.label == BACKGROUND:
                field = np.minimum(field, -self._disc(point, 0.06))
            else:
                field = np.maximum(field, self._disc(point, size))
        return field

    def _disc(self, point: Point, size: float) -> npt.NDArray[np.float32]:
        dx, dy = self.x - point.x * self.scale, self.y - point.y * self.scale
        # Never below a pixel and a half: the point itself must be on the right side of the outline.
        disc: npt.NDArray[np.float32] = np.maximum(size * LOW * self._waver(np.arctan2(dy, dx)), 1.5) - np.hypot(dx, dy)
        return disc

    def _ellipse(self, box: Box) -> npt.NDArray[np.float32]:
        x0, y0, x1, y1 = (value * self.scale for value in (box.x0, box.y0, box.x1, box.y1))
        half_x, half_y = max((x1 - x0) / 2, 0.75), max((y1 - y0) / 2, 0.75)
        dx, dy = (self.x - (x0 + x1) / 2) / half_x, (self.y - (y0 + y1) / 2) / half_y
        reach = np.minimum(self._waver(np.arctan2(dy, dx)), 1.0)
        shape: npt.NDArray[np.float32] = (reach - np.hypot(dx, dy)) * min(half_x, half_y)
        return shape

    def _waver(self, angle: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        radius: npt.NDArray[np.float32] = 0.8 + 0.15 * self.phases[0] * np.ones_like(angle)
        for order in range(1, 8):
            amplitude = 0.02 + 0.03 * self.phases[order]
            radius += amplitude * np.sin(order * angle + 2 * np.pi * self.phases[order + 8])
        return radius
