"""SAM 2 through the `transformers` package: models that exist only in its format, from a folder or the hub."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from annotator.engine import devices
from annotator.engine.torch_predictor import SIDE, TorchPredictor, first_line
from annotator.engine.weights import sha256
from annotator.errors import ModelProblem

INSTALL = "pip install 'annotator[transformers]'"

# From the names in an official checkpoint to those of `Sam2Model`; the rules are applied in order.
RENAMES = (
    (r"^no_mem_embed$", "no_memory_embedding"),
    (r"^image_encoder\.trunk\.", "vision_encoder.backbone."),
    (r"^image_encoder\.neck\.convs\.(\d+)\.conv\.", r"vision_encoder.neck.convs.\1."),
    (
        r"^sam_prompt_encoder\.pe_layer\.positional_encoding_gaussian_matrix$",
        "shared_image_embedding.positional_embedding",
    ),
    (r"^sam_prompt_encoder\.mask_downscaling\.0\.", "prompt_encoder.mask_embed.conv1."),
    (r"^sam_prompt_encoder\.mask_downscaling\.1\.", "prompt_encoder.mask_embed.layer_norm1."),
    (r"^sam_prompt_encoder\.mask_downscaling\.3\.", "prompt_encoder.mask_embed.conv2."),
    (r"^sam_prompt_encoder\.mask_downscaling\.4\.", "prompt_encoder.mask_embed.layer_norm2."),
    (r"^sam_prompt_encoder\.mask_downscaling\.6\.", "prompt_encoder.mask_embed.conv3."),
    (r"^sam_(prompt_encoder|mask_decoder)\.", r"\1."),
    (r"\.patch_embed\.proj\.", ".patch_embed.projection."),
    (r"\.norm(\d)\.", r".layer_norm\1."),
    (r"\.norm_final_attn\.", ".layer_norm_final_attn."),
    (r"\.out_proj\.", ".o_proj."),
    (r"\.output_upscaling\.0\.", ".upscale_conv1."),
    (r"\.output_upscaling\.1\.", ".upscale_layer_norm."),
    (r"\.output_upscaling\.3\.", ".upscale_conv2."),
    (r"\.mlp\.layers\.0\.", ".mlp.proj_in."),
    (r"\.mlp\.layers\.1\.", ".mlp.proj_out."),
    (r"(_mlps\.\d|_head)\.layers\.0\.", r"\1.proj_in."),
    (r"(_mlps\.\d|_head)\.layers\.1\.", r"\1.layers.0."),
    (r"(_mlps\.\d|_head)\.layers\.2\.", r"\1.proj_out."),
)
PARTS = ("image_encoder.", "sam_prompt_encoder.", "sam_mask_decoder.", "no_mem_embed")
POINT = re.compile(r"^sam_prompt_encoder\.point_embeddings\.(\d)\.weight$")


class TransformersPredictor(TorchPredictor):
    """A `Sam2Model` of transformers.

    Args:
        source: a folder with `config.json` and weights, or an id on the Hugging Face hub.
        name: of the model in the registry.
        device, precision: see `TorchPredictor`.

    Raises:
        ModelProblem: transformers is missing, or the model is missing, damaged or of another kind.
    """

    def __init__(self, source: str | Path, *, name: str, device: str = "auto", precision: str = "auto") -> None:
        device = devices.resolve(device)
        network = _load(source)
        fingerprint = f"transformers-{_hash(source, network)}-{SIDE}"
        super().__init__(network, name=name, fingerprint=fingerprint, device=device, precision=precision)

    def _features(self, pixels: Any) -> Sequence[Any]:
        maps: Sequence[Any] = self._model.get_image_embeddings(pixels)
        return maps

    def _masks(
        self, maps: Sequence[Any], points: Any, labels: Any, fed: Any | None, multimask: bool
    ) -> tuple[Any, Any]:
        # One prompt an image: transformers counts prompts in a dimension of their own.
        answer = self._model(
            image_embeddings=list(maps),
            input_points=points[:, None] if labels.shape[1] else None,
            input_labels=labels[:, None] if labels.shape[1] else None,
            input_masks=fed,
            multimask_output=multimask,
        )
        return answer.pred_masks[:, 0], answer.iou_scores[:, 0]


def convert_state_dict(state: Mapping[str, Any]) -> dict[str, Any]:
    """The weights of an official SAM 2.1 checkpoint under the names of `transformers.Sam2Model`.

    What only video needs is left out. The correspondence is that of `convert_sam2_to_hf.py` in transformers.
    """
    import torch

    converted: dict[str, Any] = {}
    points: dict[int, Any] = {}
    for name, weight in state.items():
        if (match := POINT.match(name)) is not None:
            points[int(match[1])] = weight
        elif name.startswith(PARTS):
            for pattern, replacement in RENAMES:
                name = re.sub(pattern, replacement, name)
            converted[name] = weight
    converted["prompt_encoder.point_embed.weight"] = torch.cat([points[number] for number in sorted(points)])
    shared = converted["shared_image_embedding.positional_embedding"]
    converted["prompt_encoder.shared_embedding.positional_embedding"] = shared
    return converted


def _load(source: str | Path) -> Any:
    try:
        from transformers import Sam2Model
    except (ImportError, RuntimeError) as problem:
        raise ModelProblem(f"This model needs the package transformers ({problem}); run: {INSTALL}") from problem
    try:
        network, report = Sam2Model.from_pretrained(str(source), output_loading_info=True)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as problem:
        raise ModelProblem(
            f"The model {source} can't be read ({first_line(problem)}). It has to be a folder that transformers saved a"
            " Sam2Model to, or such a model's id on the hub."
        ) from problem
    missing = sorted(report["missing_keys"])
    if missing:
        raise ModelProblem(
            f"The model {source} lacks {len(missing)} weights of a Sam2Model ({missing[0]}, …); it is of another kind."
        )
    return network


def _hash(source: str | Path, network: Any) -> str:
    """Of the weights' files in a folder; of the revision on the hub."""
    files = sorted(Path(source).glob("*.safetensors"))
    revision = getattr(network.config, "_commit_hash", None)
    parts = [sha256(path) for path in files] or [f"{source}@{revision}"]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]
