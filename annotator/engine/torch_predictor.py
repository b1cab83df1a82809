"""What SAM 2 in PyTorch needs wherever its network comes from: devices, precision, features as a value, batches."""

from __future__ import annotations

import contextlib
import threading
import weakref
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from annotator.domain.prompt import Prompt
from annotator.engine import devices
from annotator.engine.candidates import by_area, plain
from annotator.engine.pixels import resize
from annotator.engine.predictor import Candidate, DecodeRequest, Embedding, LogitsArray, RGBArray
from annotator.errors import BadPrompt, ModelProblem, OutOfMemory

SIDE = 1024  # pixels of the network's square input
LOW = 256  # pixels of the decoder's square logits
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
LEVELS = ("high_0", "high_1", "image")  # the encoder's three feature maps, from fine to coarse
UPLOADS = 8  # embeddings kept on the device, 16 MiB each
BATCH = 8  # prompts in a pass on a GPU, where small work leaves most of it idle


class TorchPredictor(ABC):
    """SAM 2.1 (Ravi et al. 2024) in PyTorch: the steps of `SAM2ImagePredictor`, with features handed out as a value.

    Computes in fp32 on the CPU and MPS, on CUDA in bfloat16 where the GPU has it and else in fp16.

    Args:
        network: the module, on the CPU, with its weights.
        name: of the model in the registry.
        fingerprint: see `Predictor`.
        device: `auto`, `cpu`, `cuda` (or `cuda:1`), `mps`.
        precision: `auto`, `fp32`, `bf16`, `fp16`; other than `auto` and `fp32` on CUDA only.

    Raises:
        ModelProblem: the device is not there or lacks the precision.
        OutOfMemory: the device has not enough memory for the weights.
    """

    def __init__(self, network: Any, *, name: str, fingerprint: str, device: str, precision: str) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.device = devices.resolve(device)
        self._torch = devices.import_torch()
        self._kind = _kind(self._torch, devices.precision(self.device, precision))
        self._uploads: OrderedDict[int, tuple[weakref.ref[Any], list[Any]]] = OrderedDict()
        self._lock = threading.Lock()
        self.batch = BATCH if self.device.startswith("cuda") else 1
        if self.device.startswith("cuda"):
            self._torch.set_float32_matmul_precision("high")  # TF32 where something is left in fp32
        with self._running():
            self._model = network.to(self.device).eval()
            mean, std = (self._torch.tensor(values, device=self.device).view(3, 1, 1) for values in (MEAN, STD))
            self._mean, self._std = mean, std

    @abstractmethod
    def _features(self, pixels: Any) -> Sequence[Any]:
        """(1, C, S, S) maps from fine to coarse of (1, 3, 1024, 1024) normalised pixels."""

    @abstractmethod
    def _masks(
        self, maps: Sequence[Any], points: Any, labels: Any, fed: Any | None, multimask: bool
    ) -> tuple[Any, Any]:
        """(B, M, 256, 256) logits and (B, M) scores.

        Args:
            maps: as `_features` makes them, for B prompts.
            points: (B, N, 2) in pixels of the input, counted from the centre of the first; labels: (B, N).
            fed: (B, 1, 256, 256) logits to refine.
        """

    def encode(self, image: RGBArray) -> Embedding:
        """Embed an (H, W, 3) RGB image, squashed to the network's square input."""
        height, width = image.shape[:2]
        small = self._upload(resize(image, height=SIDE, width=SIDE))
        with self._running():
            pixels = (small.permute(2, 0, 1).float() / 255 - self._mean) / self._std
            maps = self._features(pixels[None])
            arrays = {name: level[0].half().cpu().numpy() for name, level in zip(LEVELS, maps, strict=True)}
        return Embedding(self.name, height, width, arrays, (float(LOW), float(LOW)))

    def decode(
        self, embedding: Embedding, prompt: Prompt, *, logits: LogitsArray | None = None, multimask: bool = False
    ) -> list[Candidate]:
        """Masks for a prompt; see `Predictor.decode`. The best of three answers a point alone, as for SAM."""
        return self.decode_batch([DecodeRequest(embedding, prompt, logits, multimask)])[0]

    def decode_batch(self, requests: Sequence[DecodeRequest]) -> list[list[Candidate]]:
        """Masks for several prompts, those alike in one pass; see `Predictor.decode`.

        Alike are prompts with the same number of points: a padding point more would change what the tokens see.
        """
        groups: dict[tuple[int, bool, bool], list[int]] = {}
        for number, request in enumerate(requests):
            if request.logits is None and not request.prompt.points and request.prompt.box is None:
                raise BadPrompt("the prompt is empty; give a point, a box or a mask", field="points")
            alike = (len(_labels(request.prompt)), request.logits is not None, _asks_three(request))
            groups.setdefault(alike, []).append(number)
        answers: dict[int, list[Candidate]] = {}
        for numbers in groups.values():
            answers.update(zip(numbers, self._pass([requests[number] for number in numbers]), strict=True))
        return [answers[number] for number in range(len(requests))]

    def release(self) -> None:
        """Give back copies of embeddings on the device and what its allocator keeps."""
        with self._lock:
            self._uploads.clear()
        if self.device.startswith("cuda"):
            self._torch.cuda.empty_cache()

    def _pass(self, requests: Sequence[DecodeRequest]) -> Iterator[list[Candidate]]:
        torch = self._torch
        first = requests[0]
        with self._running():
            uploaded = [self._on_device(request.embedding) for request in requests]
            maps = [torch.cat(levels).float() for levels in zip(*uploaded, strict=True)]
            points = self._upload(np.stack([_coordinates(request) for request in requests]))
            labels = self._upload(np.array([_labels(request.prompt) for request in requests], np.int32))
            fed = None
            if first.logits is not None:
                given = [request.logits for request in requests if request.logits is not None]
                fed = self._upload(np.stack(given)[:, None])
            logits, scores = self._masks(maps, points, labels, fed, _asks_three(first))
            masks, values = logits.float().cpu().numpy(), scores.float().cpu().numpy()
        for request, own, marks in zip(requests, masks, values, strict=True):
            candidates = [plain(mask, score) for mask, score in zip(own, marks, strict=True)]
            if request.multimask:
                yield by_area(candidates, request.embedding)
            else:
                yield [max(candidates, key=lambda candidate: candidate.score)]

    def _on_device(self, embedding: Embedding) -> list[Any]:
        """The embedding's maps on the device, (1, C, S, S) each; those used last stay there."""
        if self.device == "cpu":
            return [self._torch.from_numpy(embedding.arrays[name])[None] for name in LEVELS]
        fine = embedding.arrays[LEVELS[0]]  # its array stands for the embedding: values can't be referred to weakly
        with self._lock:
            known = self._uploads.get(id(fine))
            if known is not None and known[0]() is fine:
                self._uploads.move_to_end(id(fine))
                return known[1]
        maps = [self._upload(embedding.arrays[name])[None] for name in LEVELS]
        with self._lock:
            self._uploads[id(fine)] = (weakref.ref(fine), maps)
            while len(self._uploads) > UPLOADS:
                self._uploads.popitem(last=False)
        return maps

    def _upload(self, array: Any) -> Any:
        tensor = self._torch.from_numpy(np.ascontiguousarray(array))
        if not self.device.startswith("cuda"):
            return tensor.to(self.device)
        return tensor.pin_memory().to(self.device, non_blocking=True)

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        torch = self._torch
        half = contextlib.nullcontext() if self._kind is None else torch.autocast("cuda", dtype=self._kind)
        try:
            with torch.inference_mode(), half:
                yield
        except torch.OutOfMemoryError as problem:
            raise OutOfMemory(
                f"{self.name} ran out of memory on {self.device}; close other programs there, or use a smaller model."
            ) from problem
        except RuntimeError as problem:
            raise ModelProblem(
                f"{self.name} failed on {self.device}: {first_line(problem)}. Run `annotator doctor`."
            ) from problem


def first_line(problem: BaseException) -> str:
    """What an error of PyTorch says first; the rest is for its developers."""
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0][:120].rstrip(".")


def _kind(torch: Any, precision: str) -> Any | None:
    return {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)


def _asks_three(request: DecodeRequest) -> bool:
    return request.multimask or (request.logits is None and request.prompt.is_ambiguous)


def _labels(prompt: Prompt) -> list[int]:
    """The box comes first, as two corners; the network pads by itself."""
    corners = [] if prompt.box is None else [2, 3]
    return corners + [point.label for point in prompt.points]


def _coordinates(request: DecodeRequest) -> Any:
    """(N, 2) in the network's input.

    It adds half a pixel because SAM counts pixels by their centres; ours are already continuous.
    """
    box, embedding = request.prompt.box, request.embedding
    xy = [] if box is None else [(box.x0, box.y0), (box.x1, box.y1)]
    xy += [(point.x, point.y) for point in request.prompt.points]
    scale = np.array([SIDE / embedding.width, SIDE / embedding.height])
    return (np.array(xy, np.float64).reshape(-1, 2) * scale - 0.5).astype(np.float32)
