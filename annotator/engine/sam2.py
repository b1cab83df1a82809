"""SAM 2.1 through the `sam2` package, with nothing of an image kept in the predictor."""

from __future__ import annotations

import contextlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from annotator.domain.prompt import Prompt
from annotator.engine import devices
from annotator.engine.candidates import by_area, plain
from annotator.engine.pixels import resize
from annotator.engine.predictor import Candidate, Embedding, LogitsArray, RGBArray
from annotator.engine.weights import sha256
from annotator.errors import BadPrompt, ModelProblem, OutOfMemory

LOW = 256  # pixels of the decoder's square logits
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
LEVELS = ("high_0", "high_1", "image")  # the encoder's three feature maps, from fine to coarse


class Sam2Predictor:
    """SAM 2.1 (Ravi et al. 2024): the steps of `SAM2ImagePredictor`, with the features handed out as a value.

    Computes in fp32 on the CPU and in bfloat16 where the GPU has it.

    Args:
        weights: an official-format checkpoint, `{"model": state_dict}`.
        name: of the model in the registry.
        config: name of the network's configuration inside the `sam2` package.
        device: `auto`, `cpu`, `cuda` (or `cuda:1`), `mps`.
        precision: `auto`, `fp32`, `bf16`, `fp16`; other than `auto` and `fp32` on CUDA only.

    Raises:
        ModelProblem: torch or sam2 is missing, the device is not there, or the file is missing, damaged or of another
            network; the message says the remedy.
    """

    def __init__(self, weights: Path, *, name: str, config: str, device: str = "auto", precision: str = "auto") -> None:
        self.name = name
        self._torch = _import_torch()
        self.device = devices.resolve(device)
        self._precision = devices.precision(self.device, precision)
        self._model = _build(self._torch, config, weights).to(self.device).eval()
        self.fingerprint = f"sam2-{sha256(weights)[:16]}-{self._model.image_size}"

    def encode(self, image: RGBArray) -> Embedding:
        """Embed an (H, W, 3) RGB image, squashed to the network's square input."""
        height, width = image.shape[:2]
        side = int(self._model.image_size)
        torch = self._torch
        small = torch.from_numpy(resize(image, height=side, width=side)).to(self.device)
        mean, std = (torch.tensor(values, device=self.device).view(3, 1, 1) for values in (MEAN, STD))
        pixels = (small.permute(2, 0, 1).float() / 255 - mean) / std
        with self._running():
            backbone = self._model.forward_image(pixels[None])
            _, features, _, sizes = self._model._prepare_backbone_features(backbone)
            if self._model.directly_add_no_mem_embed:
                features[-1] = features[-1] + self._model.no_mem_embed
            maps = [level.permute(1, 2, 0).reshape(1, -1, *size) for level, size in zip(features, sizes, strict=True)]
            arrays = {name: level.half().cpu().numpy() for name, level in zip(LEVELS, maps, strict=True)}
        return Embedding(self.name, height, width, arrays, (float(LOW), float(LOW)))

    def decode(
        self, embedding: Embedding, prompt: Prompt, *, logits: LogitsArray | None = None, multimask: bool = False
    ) -> list[Candidate]:
        """Masks for a prompt; see `Predictor.decode`. The best of three answers a point alone, as for SAM."""
        if logits is None and not prompt.points and prompt.box is None:
            raise BadPrompt("the prompt is empty; give a point, a box or a mask", field="points")
        lone = logits is None and prompt.is_ambiguous
        with self._running():
            masks, scores = self._decode(embedding, prompt, logits, multimask or lone)
            candidates = [plain(mask, score) for mask, score in zip(masks.cpu().numpy(), scores.tolist(), strict=True)]
        if multimask:
            return by_area(candidates, embedding)
        return [max(candidates, key=lambda candidate: candidate.score)]

    def release(self) -> None:
        """Give back what the device's allocator keeps."""
        if self.device.startswith("cuda"):
            self._torch.cuda.empty_cache()

    def _decode(
        self, embedding: Embedding, prompt: Prompt, logits: LogitsArray | None, multimask: bool
    ) -> tuple[Any, Any]:
        encoder = self._model.sam_prompt_encoder
        fine, middle, coarse = (
            self._torch.from_numpy(embedding.arrays[name]).to(self.device).float() for name in LEVELS
        )
        fed = None if logits is None else self._torch.from_numpy(logits.copy())[None, None].to(self.device)
        sparse, dense = encoder(points=self._points(embedding, prompt), boxes=None, masks=fed)
        masks, scores, _, _ = self._model.sam_mask_decoder(
            image_embeddings=coarse,
            image_pe=encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=multimask,
            repeat_image=False,
            high_res_features=[fine, middle],
        )
        return masks[0].float(), scores[0].float()

    def _points(self, embedding: Embedding, prompt: Prompt) -> tuple[Any, Any] | None:
        """(1, N, 2) coordinates in the network's input and (1, N) labels; the box comes first, as two corners."""
        box = prompt.box
        xy = [] if box is None else [(box.x0, box.y0), (box.x1, box.y1)]
        labels = [] if box is None else [2, 3]
        xy += [(point.x, point.y) for point in prompt.points]
        labels += [point.label for point in prompt.points]
        if not xy:
            return None
        scale = np.array([self._model.image_size / embedding.width, self._model.image_size / embedding.height])
        # The network adds half a pixel because SAM counts pixels by their centres; ours are already continuous.
        coordinates = (np.array(xy) * scale - 0.5).astype(np.float32)
        torch = self._torch
        return (
            torch.from_numpy(coordinates)[None].to(self.device),
            torch.tensor([labels], dtype=torch.int, device=self.device),
        )

    @contextlib.contextmanager
    def _running(self) -> Any:
        torch = self._torch
        kind = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self._precision)
        half = contextlib.nullcontext() if kind is None else torch.autocast("cuda", dtype=kind)
        try:
            with torch.inference_mode(), half:
                yield
        except torch.OutOfMemoryError as problem:
            raise OutOfMemory(
                f"{self.name} ran out of memory on {self.device}; close other programs there, or use a smaller model."
            ) from problem


def _import_torch() -> Any:
    try:
        import sam2  # noqa: F401
        import torch
    except (ImportError, RuntimeError) as problem:  # sam2 raises RuntimeError beside a checkout of itself
        raise ModelProblem(
            f"SAM 2 needs the packages torch and sam2 ({problem}); run: pip install 'annotator[sam2]'"
        ) from problem
    return torch


def _build(torch: Any, config: str, weights: Path) -> Any:
    """The network with the checkpoint's weights, on the CPU."""
    try:
        from sam2.build_sam import build_sam2

        checkpoint = torch.load(weights, map_location="cpu", weights_only=True)
        model = build_sam2(config, ckpt_path=None, device="cpu")
        model.load_state_dict(checkpoint["model"])
    except FileNotFoundError as problem:
        raise ModelProblem(f"The weights {weights} are not there; download them or give the right folder.") from problem
    except (ImportError, OSError) as problem:
        raise ModelProblem(f"The weights {weights} can't be read ({problem}).") from problem
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError) as problem:
        raise ModelProblem(
            f"{weights.name} is not a checkpoint of {Path(config).stem} ({_first_line(problem)});"
            " it is damaged or of another model. Download it again."
        ) from problem
    return model


def _first_line(problem: BaseException) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0][:120]
