"""SAM 2.1 through the `sam2` package."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from annotator.engine import devices
from annotator.engine.torch_predictor import SIDE, TorchPredictor, first_line
from annotator.engine.weights import sha256
from annotator.errors import ModelProblem


class Sam2Predictor(TorchPredictor):
    """An official-format checkpoint, `{"model": state_dict}`.

    Args:
        weights: the checkpoint.
        name: of the model in the registry.
        config: name of the network's configuration inside the `sam2` package.
        device, precision: see `TorchPredictor`.

    Raises:
        ModelProblem: torch or sam2 is missing, the device is not there, or the file is missing, damaged or of another
            network; the message says the remedy.
    """

    def __init__(self, weights: Path, *, name: str, config: str, device: str = "auto", precision: str = "auto") -> None:
        torch, device = _import_torch(), devices.resolve(device)  # first: reading the weights takes seconds
        network = _build(torch, config, weights)
        fingerprint = f"sam2-{sha256(weights)[:16]}-{SIDE}"
        super().__init__(network, name=name, fingerprint=fingerprint, device=device, precision=precision)

    def _features(self, pixels: Any) -> Sequence[Any]:
        _, features, _, sizes = self._model._prepare_backbone_features(self._model.forward_image(pixels))
        if self._model.directly_add_no_mem_embed:
            features[-1] = features[-1] + self._model.no_mem_embed
        return [level.permute(1, 2, 0).reshape(1, -1, *size) for level, size in zip(features, sizes, strict=True)]

    def _masks(
        self, maps: Sequence[Any], points: Any, labels: Any, fed: Any | None, multimask: bool
    ) -> tuple[Any, Any]:
        encoder = self._model.sam_prompt_encoder
        sparse, dense = encoder(points=(points, labels) if labels.shape[1] else None, boxes=None, masks=fed)
        fine, middle, coarse = maps
        masks, scores, _, _ = self._model.sam_mask_decoder(
            image_embeddings=coarse,
            image_pe=encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=multimask,
            repeat_image=False,
            high_res_features=[fine, middle],
        )
        return masks, scores


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
            f"{weights.name} is not a checkpoint of {Path(config).stem} ({first_line(problem)});"
            " it is damaged or of another model. Download it again."
        ) from problem
    return model
