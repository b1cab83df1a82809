"""The plain way to use a model: a program that calls its library directly. What annotator is compared with."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from annotator.engine import devices
from annotator.engine.registry import ModelConfig, Registry

RGBArray = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]

SIDE = 1024
MEAN = np.array([123.675, 116.28, 103.53], np.float32)
STD = np.array([58.395, 57.12, 57.375], np.float32)


class Plain(Protocol):
    """A predictor that keeps one image in itself."""

    @property
    def title(self) -> str:
        """What it is called, for people."""

    def set_image(self, pixels: RGBArray) -> None:
        """Take an (H, W, 3) RGB image; returns when the device has finished."""

    def click(self, x: float, y: float) -> BoolArray:
        """The best (H, W) mask for a foreground point in image pixels."""


class PlainSam2:
    """`SAM2ImagePredictor` as the README of SAM 2 uses it: bfloat16 autocast on CUDA, fp32 elsewhere.

    Args:
        weights: checkpoint in the official format.
        config: name of the network's configuration inside the `sam2` package.
        device: `cpu`, `cuda`, `cuda:1`, `mps`.
    """

    title = "SAM2ImagePredictor"

    def __init__(self, weights: Path, *, config: str, device: str) -> None:
        import torch
        from sam2.build_sam import build_sam2
        from sam2.sam2_image_predictor import SAM2ImagePredictor

        self._torch: Any = torch
        self._device = device
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # sam2 scripts its transforms, which newer PyTorch dislikes
            self._predictor: Any = SAM2ImagePredictor(build_sam2(config, str(weights), device=device))

    def set_image(self, pixels: RGBArray) -> None:
        """See Plain."""
        with self._running():
            self._predictor.set_image(pixels)
        if self._device.startswith("cuda"):
            self._torch.cuda.synchronize(self._device)
        elif self._device == "mps":
            self._torch.mps.synchronize()

    def click(self, x: float, y: float) -> BoolArray:
        """See Plain."""
        with self._running():
            masks, scores, _ = self._predictor.predict(
                point_coords=np.array([[x, y]], np.float32), point_labels=np.array([1]), multimask_output=True
            )
        best: BoolArray = masks[int(np.argmax(scores))] > 0
        return best

    def _running(self) -> contextlib.AbstractContextManager[Any]:
        torch = self._torch
        stack = contextlib.ExitStack()
        stack.enter_context(torch.inference_mode())
        if self._device.startswith("cuda"):
            stack.enter_context(torch.autocast("cuda", dtype=torch.bfloat16))
        return stack


class PlainMobileSam:
    """The two files of MobileSAM in onnxruntime with its default options, and SAM's steps around them in numpy.

    Scaling, padding and upscaling follow `SamPredictor` (Kirillov et al. 2023); only the best mask is upscaled.

    Args:
        folder: holds `encoder.onnx` and `decoder.onnx`.
    """

    title = "onnxruntime directly"

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        providers = ["CPUExecutionProvider"]
        self._encoder: Any = onnxruntime.InferenceSession(folder / "encoder.onnx", providers=providers)
        self._decoder: Any = onnxruntime.InferenceSession(folder / "decoder.onnx", providers=providers)
        self._embedding: Any = None
        self._size = (0, 0)
        self._scale = 1.0

    def set_image(self, pixels: RGBArray) -> None:
        """See Plain."""
        height, width = self._size = pixels.shape[:2]
        self._scale = SIDE / max(height, width)
        rows, columns = round(height * self._scale), round(width * self._scale)
        scaled = cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_LINEAR)
        padded = np.zeros((1, 3, SIDE, SIDE), np.float32)
        padded[0, :, :rows, :columns] = ((scaled - MEAN) / STD).transpose(2, 0, 1)
        (features,) = self._encoder.run(None, {self._encoder.get_inputs()[0].name: padded})
        self._embedding = np.ascontiguousarray(features[0].reshape(features.shape[1], -1).T, dtype=np.float16)

    def click(self, x: float, y: float) -> BoolArray:
        """See Plain."""
        feeds = {
            "image_tokens": self._embedding,
            "point_coords": np.array([[[x * self._scale, y * self._scale], [0, 0]]], np.float32),
            "point_labels": np.array([[1, -1]], np.float32),
            "mask_input": np.zeros((1, 1, 256, 256), np.float32),
            "has_mask_input": np.zeros(1, np.float32),
        }
        masks, scores = self._decoder.run(None, feeds)
        best = masks[0, 1 + int(np.argmax(scores[0, 1:]))]
        height, width = self._size
        large = cv2.resize(best, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        inside = large[: round(height * self._scale), : round(width * self._scale)]
        mask: BoolArray = cv2.resize(inside, (width, height), interpolation=cv2.INTER_LINEAR) > 0
        return mask


def plain(registry: Registry, config: ModelConfig, device: str) -> tuple[Plain | None, str]:
    """The plain way to use a model, or None and a sentence that says why there is none.

    Raises:
        ModelProblem, BadSetting: the device can't be used.
    """
    if config.kind == "onnx":
        return PlainMobileSam(registry.path(config.files[0]).parent), ""
    if config.kind != "sam2":
        return None, f"Nothing to compare with: there is no plain predictor for models of kind {config.kind}."
    resolved = devices.resolve(device)
    try:
        return PlainSam2(registry.path(config.files[0]), config=str(config.config), device=resolved), ""
    except ImportError as problem:
        return None, f"Nothing to compare with: sam2 can't be imported ({problem}); run: {devices.INSTALL}"
