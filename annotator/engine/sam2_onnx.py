"""SAM 2.1 on a CPU from the folder that `annotator.engine.optimize` makes of a checkpoint."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.domain.prompt import Prompt
from annotator.engine import trial
from annotator.engine.candidates import best, by_area
from annotator.engine.decoder_graph import four, places
from annotator.engine.onnx_session import PLAIN, Runtime, Session, open_session, runtimes
from annotator.engine.pixels import resize
from annotator.engine.predictor import Candidate, Embedding, LogitsArray, RGBArray
from annotator.errors import BadPrompt, ModelProblem

SIDE = 1024  # pixels of the encoder's square input
LOW = 256  # pixels of the decoder's square logits
# The network's own rule for a prompt that asks for one mask (`MaskDecoder._dynamic_multimask_via_stability`).
DELTA, STABLE = 0.05, 0.98
KEPT = 8  # embeddings whose maps are kept as the decoder reads them, 8 MiB each
REMEDY = "remove its folder, it is made again"

Maps = dict[str, npt.NDArray[np.float16]]


class Sam2OnnxPredictor:
    """SAM 2.1 (Ravi et al. 2024) on onnxruntime or OpenVINO; its embeddings are those of `Sam2Predictor`.

    The fastest runtime here whose masks agree with those of the checkpoint is used for the encoder. Whether they do is
    tried once for each runtime and processor and noted in the folder. The decoder always computes in fp32.

    Args:
        folder: holds `encoder.onnx`, `decoder.onnx` and `trial.npz`.
        name: of the model in the registry.
        fingerprint: see `Predictor`.
        runtime: use this one, untried; None: the fastest that agrees.
        exact: only runtimes that compute in fp32.
        threads: threads of one run; None: one a core.

    Raises:
        ModelProblem: a file is missing or damaged, or no runtime gives the checkpoint's masks.
    """

    device = "cpu"

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        fingerprint: str,
        runtime: Runtime | None = None,
        exact: bool = False,
        threads: int | None = None,
    ) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self._threads = threads
        self._known = _Known()
        self._decoder = self._open(folder / "decoder.onnx", PLAIN)
        self._encoder, self.runtime = (
            self._fastest(folder, exact) if runtime is None else (self._open(folder / "encoder.onnx", runtime), runtime)
        )

    def encode(self, image: RGBArray) -> Embedding:
        """Embed an (H, W, 3) RGB image, squashed to the network's square input."""
        height, width = image.shape[:2]
        maps = self._encoder.run({"pixels": resize(image, height=SIDE, width=SIDE)})
        arrays = {name: maps[name][0].astype(np.float16) for name in ("high_0", "high_1", "image")}
        embedding = Embedding(self.name, height, width, arrays, (float(LOW), float(LOW)))
        self._known.maps(embedding)
        return embedding

    def decode(
        self, embedding: Embedding, prompt: Prompt, *, logits: LogitsArray | None = None, multimask: bool = False
    ) -> list[Candidate]:
        """Masks for a prompt; see `Predictor.decode`. The best of three answers a point alone, as for SAM."""
        if logits is None and not prompt.points and prompt.box is None:
            raise BadPrompt("the prompt is empty; give a point, a box or a mask", field="points")
        coordinates, labels = _points(embedding, prompt)
        candidates = four(self._decoder, self._known.maps(embedding), coordinates, labels, logits)
        if multimask:
            return by_area(candidates[1:], embedding)
        lone = logits is None and prompt.is_ambiguous
        if not lone and _stability(candidates[0].logits) >= STABLE:
            return candidates[:1]
        return [candidates[1 + best(candidates[1:])]]

    def release(self) -> None:
        """Forget the copies of embeddings."""
        self._known.clear()

    def _open(self, path: Path, runtime: Runtime) -> Session:
        try:
            content = path.read_bytes()
        except OSError as problem:
            raise ModelProblem(f"The model file {path} can't be read ({problem.strerror}); {REMEDY}.") from problem
        return open_session(content, what=str(path), remedy=REMEDY, runtime=runtime, threads=self._threads)

    def _fastest(self, folder: Path, exact: bool) -> tuple[Session, Runtime]:
        """The first runtime that agrees with the masks in the folder; what was tried before is not tried again."""
        notes, problems = folder / trial.NOTES, []
        for runtime in runtimes(exact=exact):
            iou = trial.noted(notes, runtime.identity)
            try:
                if iou is None or iou >= trial.ENOUGH:
                    self._encoder = self._open(folder / "encoder.onnx", runtime)
                if iou is None:
                    iou = trial.agreement(trial.masks(self) > 0, trial.kept(folder))
                    trial.note(notes, runtime.identity, iou)
            except ModelProblem as problem:
                problems.append(f"{runtime.library}: {problem.message}")
                continue
            if iou >= trial.ENOUGH:
                return self._encoder, runtime
            problems.append(f"{runtime.identity}: IoU {iou:.3f}")
        raise ModelProblem(
            f"The CPU version of {self.name} does not give the checkpoint's masks ({'; '.join(problems)});"
            f" it is not used. Try a newer onnxruntime, or remove {folder}."
        )


class _Known:
    """The maps of the last embeddings as the decoder reads them: arranging them takes as long as decoding.

    May be used from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, tuple[weakref.ref[Any], Maps]] = OrderedDict()

    def maps(self, embedding: Embedding) -> Maps:
        source = embedding.arrays["image"]
        with self._lock:
            kept = self._kept.get(id(source))
            if kept is not None and kept[0]() is source:
                self._kept.move_to_end(id(source))
                return kept[1]
        made = {
            "image_tokens": places(source),
            "middle": places(embedding.arrays["high_1"]),
            "fine": places(embedding.arrays["high_0"]),
        }
        with self._lock:
            self._kept[id(source)] = weakref.ref(source), made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


def _points(embedding: Embedding, prompt: Prompt) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """(1, N, 2) coordinates in the encoder's input and (1, N) labels: the box as two corners, points, padding."""
    box = prompt.box
    xy = [] if box is None else [(box.x0, box.y0), (box.x1, box.y1)]
    labels = [] if box is None else [2, 3]
    xy += [(point.x, point.y) for point in prompt.points]
    labels += [point.label for point in prompt.points]
    if not xy:  # a mask alone: the network gets no points, not even padding
        return np.zeros((1, 0, 2), np.float32), np.zeros((1, 0), np.float32)
    scale = np.array([SIDE / embedding.width, SIDE / embedding.height])
    # The network adds half a pixel because SAM counts pixels by their centres; ours are already continuous.
    coordinates = np.append(np.array(xy, np.float64) * scale - 0.5, [[0.0, 0.0]], axis=0)
    return coordinates[None].astype(np.float32), np.array([[*labels, -1]], np.float32)


def _stability(logits: LogitsArray) -> float:
    """How little a mask depends on the threshold: its area a little above over that a little below."""
    below = int((logits > -DELTA).sum())
    return int((logits > DELTA).sum()) / below if below else 1.0
