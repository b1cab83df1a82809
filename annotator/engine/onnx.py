"""MobileSAM: the embedded default model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from platformdirs import user_cache_path

from annotator.domain.prompt import Prompt
from annotator.engine import trial
from annotator.engine.candidates import by_area
from annotator.engine.decoder_graph import four, places
from annotator.engine.onnx_session import PLAIN, Runtime, Session, open_session, runtimes
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
        threads: threads of one run; None: one a core.
        runtime: of the encoder; None: OpenVINO in bfloat16 where both are there and give onnxruntime's masks (which is
            tried once for each processor), else onnxruntime.
        exact: only runtimes that compute in fp32.

    Raises:
        ModelProblem: onnxruntime is missing, or a file is missing or damaged.
    """

    name = "mobile_sam"
    device = "cpu"

    def __init__(
        self,
        folder: Path,
        *,
        sha256: Mapping[str, str] | None = None,
        threads: int | None = None,
        runtime: Runtime | None = None,
        exact: bool = False,
    ) -> None:
        encoder, decoder = (_read(folder / name, (sha256 or {}).get(name)) for name in ("encoder.onnx", "decoder.onnx"))
        self.fingerprint = f"mobile_sam-{hashlib.sha256(encoder).hexdigest()[:16]}-{SIDE}-places"
        self._threads = threads
        self._decoder = self._open(folder / "decoder.onnx", decoder, PLAIN)
        self._encoder = self._open(folder / "encoder.onnx", encoder, runtime or PLAIN)
        self.runtime = runtime or PLAIN
        if runtime is None and not exact:
            self.runtime = self._faster(folder / "encoder.onnx", encoder) or PLAIN

    def encode(self, image: RGBArray) -> Embedding:
        """Embed an (H, W, 3) RGB image, scaled to a longest side of 1024 and padded bottom and right."""
        height, width = image.shape[:2]
        rows, columns = _scaled(height, width)
        padded = np.zeros((1, 3, SIDE, SIDE), np.float32)
        normalised = (resize(image, height=rows, width=columns) - MEAN) / STD
        padded[0, :, :rows, :columns] = normalised.transpose(2, 0, 1)
        (features,) = self._encoder.run({"input": padded}).values()
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
        maps = {"image_tokens": embedding.arrays["places"]}
        candidates = four(self._decoder, maps, coordinates, labels, logits)
        if multimask:
            return by_area(candidates[1:], embedding)
        if logits is None and prompt.is_ambiguous:
            return [max(candidates[1:], key=lambda candidate: candidate.score)]
        return candidates[:1]

    def release(self) -> None:
        """Nothing is held beside the weights."""

    def _open(self, path: Path, content: bytes, runtime: Runtime) -> Session:
        return open_session(content, what=path.name, remedy=REMEDY, runtime=runtime, threads=self._threads)

    def _faster(self, path: Path, content: bytes) -> Runtime | None:
        """Take bfloat16 for the encoder if it is here and agrees; in fp32 OpenVINO is not worth its memory."""
        runtime = next((runtime for runtime in runtimes() if runtime.precision == "bf16"), None)
        if runtime is None:
            return None
        notes = user_cache_path("annotator") / trial.NOTES
        identity = f"{self.fingerprint} {runtime.identity}"
        exact, iou = self._encoder, trial.noted(notes, identity)
        wanted = trial.masks(self) > 0 if iou is None else None
        try:
            self._encoder = self._open(path, content, runtime)
            if wanted is not None:
                iou = trial.agreement(trial.masks(self) > 0, wanted)
                trial.note(notes, identity, iou)
        except ModelProblem:  # it was a try: onnxruntime runs
            iou = None
        if iou is None or iou < trial.ENOUGH:
            self._encoder = exact
            return None
        return runtime


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
