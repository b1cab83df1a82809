"""The decoder that is built in another order computes what SAM 2.1's own code computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from annotator.engine import decoder_graph

torch = pytest.importorskip("torch", reason="the optional package torch is not installed")
build_sam = pytest.importorskip("sam2.build_sam", reason="the optional package sam2 is not installed")
pytest.importorskip("onnx", reason="the optional package onnx is not installed")


@pytest.fixture(scope="module")
def network() -> Any:
    torch.manual_seed(0)
    model = build_sam.build_sam2("configs/sam2.1/sam2.1_hiera_t.yaml", ckpt_path=None, device="cpu").eval()
    with torch.no_grad():  # biases and scales begin at 0 and 1, where a forgotten one would not show
        for name, weight in model.named_parameters():
            if name.startswith("sam_") and weight.ndim == 1:
                weight.add_(0.2 * torch.randn_like(weight))
    return model


@pytest.fixture(scope="module")
def session(network: Any) -> Any:
    import onnxruntime

    weights = {
        name.removeprefix("sam_"): weight.numpy()
        for name, weight in network.state_dict().items()
        if name.startswith("sam_")
    }
    dense = network.sam_prompt_encoder.get_dense_pe()[0].detach().numpy()
    weights["image_pe"] = dense.reshape(256, -1).T
    model = decoder_graph.build(weights)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def some(seed: int, *shape: int) -> npt.NDArray[np.float16]:
    return (np.random.default_rng(seed).standard_normal(shape) * 0.3).astype(np.float16)


@pytest.mark.parametrize("points", [1, 2, 7, 20])
@pytest.mark.parametrize("masked", [False, True])
def test_all_masks_and_scores_are_the_same(network: Any, session: Any, points: int, masked: bool) -> None:
    chance = np.random.default_rng(points)
    coarse, middle, fine = some(1, 256, 64, 64), some(2, 64, 128, 128), some(3, 32, 256, 256)
    xy = chance.uniform(0, 1023, (1, points, 2)).astype(np.float32)
    labels = chance.choice([0, 1, 2, 3], (1, points)).astype(np.int32)
    mask = chance.normal(0, 5, (1, 1, 256, 256)).astype(np.float32)

    def tensor(array: npt.NDArray[Any]) -> Any:
        return torch.from_numpy(array.astype(np.float32))[None]

    with torch.inference_mode():
        sparse, dense = network.sam_prompt_encoder(
            points=(torch.from_numpy(xy), torch.from_numpy(labels)),
            boxes=None,
            masks=torch.from_numpy(mask) if masked else None,
        )
        wanted, wanted_scores, _, _ = network.sam_mask_decoder.predict_masks(
            image_embeddings=tensor(coarse),
            image_pe=network.sam_prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            repeat_image=False,
            high_res_features=[tensor(fine), tensor(middle)],
        )
    logits, scores = session.run(
        ["logits", "scores"],
        {
            "image_tokens": decoder_graph.places(coarse),
            "middle": decoder_graph.places(middle),
            "fine": decoder_graph.places(fine),
            "point_coords": np.concatenate([xy, np.zeros((1, 1, 2), np.float32)], axis=1),
            "point_labels": np.concatenate([labels, [[-1]]], axis=1).astype(np.float32),
            "mask_input": mask,
            "has_mask_input": np.array([masked], np.float32),
        },
    )
    np.testing.assert_allclose(logits, wanted.numpy(), atol=1e-4 * float(wanted.abs().max()))
    np.testing.assert_allclose(scores, wanted_scores.numpy(), atol=1e-5)
    assert float(wanted.std()) > 0.01, "the random network says something"
