"""MobileSAM on onnxruntime: the embedded default model."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.domain.prompt import Prompt
from annotator.engine.candidates import by_area, plain
from annotator.engine.decoder_graph import places
from annotator.engine.pixels import resize
from annotator.engine.predictor import Candidate, Embedding, LogitsArray, RGBArray
from annotator.errors import BadPrompt, ModelProblem

SIDE = 1024  # pixels of the encoder's square input
LOW = 256  # pixels of the decoder's square logits
MEAN = np.array([123.675, 116.28, 103.53], np.float32)
STD = np.array([58.395, 57.12, 57.375], np.float32)
REMEDY = "reinstall annotator, or run scripts/build_mobile_sam.py in a checkout"


class MobileSamPredictor:
    """Segment Anything with MobileSAM's encoder, stateless (Kirillov et al. 2023, Zhang et al. 2023).

    Args:
        folder: holds `encoder.onnx` and `decoder.onnx`.
        sha256: expected hashes by file name; None: unchecked.
        threads: threads of one run; None: one a physical core.

    Raises:
        ModelProblem: onnxruntime is missing, or a file is missing or damaged.
    """

    name = "mobile_sam"
    device = "cpu"

    def __init__(self, folder: Path, *, sha256: Mapping[str, str] | None = None, threads: int | None = None) -> None:
        contents = {name: _read(folder / name, (sha256 or {}).get(name)) for name in ("encoder.onnx", "decoder.onnx")}
        self.fingerprint = f"mobile_sam-{hashlib.sha256(contents['encoder.onnx']).hexdigest()[:16]}-{SIDE}-places"
        self._encoder = _session(folder / "encoder.onnx", contents["encoder.onnx"], threads)
        self._decoder = _session(folder / "decoder.onnx", contents["decoder.onnx"], threads)

    def encode(self, image: RGBArray) -> Embedding:
        """Embed an (H, W, 3) RGB image, scaled to a longest side of 1024 and padded bottom and right."""
        height, width = image.shape[:2]
        rows, columns = _scaled(height, width)
        padded = np.zeros((1, 3, SIDE, SIDE), np.float32)
        normalised = (resize(image, height=rows, width=columns) - MEAN) / STD
        padded[0, :, :rows, :columns] = normalised.transpose(2, 0, 1)
        (features,) = _run(self._encoder, {self._encoder.get_inputs()[0].name: padded})
        frame = rows * LOW / SIDE, columns * LOW / SIDE
        arrays = {"places": places(features[0].astype(np.float16))}
        return Embedding(self.name, height, width, arrays, frame, via=SIDE)

    def decode(
        self, embedding: Embedding, prompt: Prompt, *, logits: LogitsArray | None = None, multimask: bool = False
    ) -> list[Candidate]:
        """Masks for a prompt; see `Predictor.decode`.

        Of the decoder's four masks the first is made for clear prompts and the other three for ambiguous ones. A point
        alone is ambiguous, so the best scored of the three answers it even when one mask is asked for, as in SAM's own
        ONNX export.
        """
        if logits is None and not prompt.points and prompt.box is None:
            raise BadPrompt("the prompt is empty; give a point, a box or a mask", field="points")
        coordinates, labels = _points(embedding, prompt)
        feeds = {
            "image_tokens": embedding.arrays["places"],
            "point_coords": coordinates,
            "point_labels": labels,
            "mask_input": np.zeros((1, 1, LOW, LOW), np.float32) if logits is None else logits[None, None],
            "has_mask_input": np.array([logits is not None], np.float32),
        }
        masks, scores = _run(self._decoder, feeds)
        candidates = [plain(mask, score) for mask, score in zip(masks[0], scores[0], strict=True)]
        if multimask:
            return by_area(candidates[1:], embedding)
        if logits is None and prompt.is_ambiguous:
            return [max(candidates[1:], key=lambda candidate: candidate.score)]
        return candidates[:1]

    def release(self) -> None:
        """Nothing is held beside the weights."""


def _scaled(height: int, width: int) -> tuple[int, int]:
    """Size of the image in the encoder's input (`ResizeLongestSide.get_preprocess_shape` , never 0)."""
    scale = SIDE / max(height, width)
    return max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))


def _points(embedding: Embedding, prompt: Prompt) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """(1, N, 2) coordinates in the encoder's input and (1, N) labels, a box as two corners, else a padding point."""
    corners = [] if prompt.box is None else [prompt.box.x0, prompt.box.y0, prompt.box.x1, prompt.box.y1]
    xy = [(point.x, point.y) for point in prompt.points] + list(zip(corners[0::2], corners[1::2], strict=True))
    labels = [point.label for point in prompt.points] + ([2, 3] if corners else [-1])
    if not corners:
        xy.append((0.0, 0.0))
    rows, columns = _scaled(embedding.height, embedding.width)
    scale = np.array([columns / embedding.width, rows / embedding.height])
    # The network adds half a pixel because SAM counts pixels by their centres; ours are already continuous.
    coordinates = np.array(xy, np.float64) * scale - 0.5
    return coordinates[None].astype(np.float32), np.array([labels], np.float32)


def _read(path: Path, sha256: str | None) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise ModelProblem(f"The model file {path.name} can't be read ({problem.strerror}); {REMEDY}.") from problem
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise ModelProblem(f"The model file {path.name} is damaged (its SHA-256 differs); {REMEDY}.")
    return content


def _session(path: Path, content: bytes, threads: int | None) -> Any:
    try:
        import onnxruntime
    except ImportError as problem:
        raise ModelProblem(f"onnxruntime can't be imported ({problem}); run: pip install onnxruntime") from problem
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Said, because by default onnxruntime ties its threads to cores, where they wait for the web server.
    options.intra_op_num_threads = threads or os.cpu_count() or 1
    options.inter_op_num_threads = 1
    # Threads that spin while they wait take the cores from the web server that has to answer.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except _failures() as problem:
        raise ModelProblem(
            f"The model file {path.name} is not a model that onnxruntime can load; {REMEDY}."
        ) from problem


def _run(session: Any, feeds: dict[str, npt.NDArray[Any]]) -> list[Any]:
    try:
        outputs: list[Any] = session.run(None, feeds)
    except _failures() as problem:
        raise ModelProblem(f"The model failed to run: {problem}") from problem
    return outputs


def _failures() -> tuple[type[Exception], ...]:
    """What onnxruntime raises: its own classes, which share no base but Exception, and RuntimeError."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [value for value in vars(state).values() if isinstance(value, type) and issubclass(value, Exception)]
    return (*own, RuntimeError)
