"""SAM 2.1 in PyTorch: the same masks as its own predictor, through both packages, in batches and from two threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from annotator.domain.prompt import Box, Point, Prompt
from annotator.engine.predictor import Candidate, DecodeRequest, Embedding
from annotator.engine.sam2 import Sam2Predictor
from annotator.engine.transformers import TransformersPredictor, convert_state_dict
from annotator.errors import ModelProblem

torch = pytest.importorskip("torch", reason="the optional package torch is not installed")
build_sam = pytest.importorskip("sam2.build_sam", reason="the optional package sam2 is not installed")
transformers = pytest.importorskip("transformers", reason="the optional package transformers is not installed")

CONFIG = "configs/sam2.1/sam2.1_hiera_t.yaml"
PROMPTS = [
    Prompt(points=(Point(200, 150),)),
    Prompt(points=(Point(200, 150), Point(260, 170), Point(20, 20, 0))),
    Prompt(box=Box(80, 60, 300, 260)),
    Prompt(points=(Point(150, 150),), box=Box(80, 60, 300, 260)),
]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as the official ones, random but lively: its masks are neither empty nor full."""
    torch.manual_seed(3)
    network = build_sam.build_sam2(CONFIG, ckpt_path=None, device="cpu")
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if weight.ndim == 1 and name.startswith(("sam_", "image_encoder")):
                weight.add_(0.1 * torch.randn_like(weight))
    path = tmp_path_factory.mktemp("checkpoints") / "random.pt"
    torch.save({"model": network.state_dict()}, path)
    return path


@pytest.fixture(scope="module")
def ours(weights: Path) -> Sam2Predictor:
    return Sam2Predictor(weights, name="random", config=CONFIG, device="cpu")


@pytest.fixture(scope="module")
def converted(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> TransformersPredictor:
    """The same weights as transformers keeps them, in a folder."""
    network = transformers.Sam2Model(transformers.Sam2Config())
    network.load_state_dict(convert_state_dict(torch.load(weights, weights_only=True)["model"]))
    folder = tmp_path_factory.mktemp("transformers")
    network.save_pretrained(folder)
    return TransformersPredictor(folder, name="converted", device="cpu")


@pytest.fixture(scope="module")
def image() -> npt.NDArray[np.uint8]:
    """Smooth shapes with some grain: something to see at every scale."""
    height, width = 300, 400
    y, x = np.mgrid[:height, :width]
    channels = [np.sin(x / (20 + 9 * n)) * np.cos(y / (31 - 7 * n)) for n in range(3)]
    grain = np.random.default_rng(0).normal(0, 0.1, (height, width, 3))
    return np.clip((np.stack(channels, 2) + grain) * 90 + 128, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def embedding(ours: Sam2Predictor, image: npt.NDArray[np.uint8]) -> Embedding:
    return ours.encode(image)


def iou(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> float:
    both, either = (left > 0) & (right > 0), (left > 0) | (right > 0)
    return float(both.sum() / either.sum()) if either.any() else 1.0


def require_alike(left: list[Candidate], right: list[Candidate], *, least: float) -> None:
    assert len(left) == len(right)
    for one, other in zip(left, right, strict=True):
        assert iou(one.logits, other.logits) >= least
        assert one.score == pytest.approx(other.score, abs=0.01)


def test_the_random_network_says_something(ours: Sam2Predictor, embedding: Embedding) -> None:
    for prompt in PROMPTS:
        for candidate in ours.decode(embedding, prompt, multimask=True):
            assert 0.01 < float((candidate.logits > 0).mean()) < 0.99


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:FutureWarning")  # what sam2 resizes images with
def test_the_masks_are_those_of_the_packages_own_predictor(
    ours: Sam2Predictor, embedding: Embedding, weights: Path, image: npt.NDArray[np.uint8]
) -> None:
    from sam2.sam2_image_predictor import SAM2ImagePredictor

    network = build_sam.build_sam2(CONFIG, ckpt_path=None, device="cpu")
    network.load_state_dict(torch.load(weights, weights_only=True)["model"])
    raw = SAM2ImagePredictor(network)
    with torch.inference_mode():
        raw.set_image(image)
        for prompt in PROMPTS:
            box = None if prompt.box is None else np.array([prompt.box.x0, prompt.box.y0, prompt.box.x1, prompt.box.y1])
            xy = np.array([(point.x, point.y) for point in prompt.points]) if prompt.points else None
            labels = np.array([point.label for point in prompt.points]) if prompt.points else None
            _, _, low = raw.predict(xy, labels, box=box, multimask_output=True)
            mine = ours.decode(embedding, prompt, multimask=True)
            # Ours are sorted by area, are half a pixel of 1024 apart and come from another resizing of the photo.
            for candidate in mine:
                assert max(iou(candidate.logits, one) for one in low) > 0.97


def test_transformers_gives_the_same_masks_from_the_same_weights(
    ours: Sam2Predictor, converted: TransformersPredictor, image: npt.NDArray[np.uint8], embedding: Embedding
) -> None:
    other = converted.encode(image)
    for name, features in embedding.arrays.items():
        np.testing.assert_allclose(other.arrays[name], features, atol=0.02)
    for prompt in PROMPTS:
        first = ours.decode(embedding, prompt, multimask=True)
        require_alike(first, converted.decode(other, prompt, multimask=True), least=0.99)
        fed = first[1].logits
        refined = ours.decode(embedding, prompt, logits=fed)
        require_alike(refined, converted.decode(other, prompt, logits=fed), least=0.99)


@pytest.mark.parametrize("which", ["ours", "converted"])
def test_prompts_decoded_together_get_the_masks_they_get_alone(
    which: str, request: pytest.FixtureRequest, image: npt.NDArray[np.uint8]
) -> None:
    predictor = request.getfixturevalue(which)
    embeddings = [predictor.encode(image), predictor.encode(image[:, ::-1])]
    fed = predictor.decode(embeddings[0], PROMPTS[0])[0].logits
    requests = [
        DecodeRequest(embedding, prompt, logits, multimask)
        for embedding in embeddings
        for prompt in PROMPTS
        for logits in (None, fed)
        for multimask in (False, True)
    ]
    together = predictor.decode_batch(requests)
    for one, answer in zip(requests, together, strict=True):
        alone = predictor.decode(one.embedding, one.prompt, logits=one.logits, multimask=one.multimask)
        require_alike(answer, alone, least=0.999)


def test_encoding_and_decoding_at_once_changes_nothing(ours: Sam2Predictor, image: npt.NDArray[np.uint8]) -> None:
    """The encoder and the decoder have a thread each."""
    embedding = ours.encode(image)
    expected = [ours.decode(embedding, prompt, multimask=True) for prompt in PROMPTS]
    with ThreadPoolExecutor(2) as threads:
        encoding = threads.submit(lambda: [ours.encode(image) for _ in range(2)])
        decoding = threads.submit(lambda: [ours.decode(embedding, prompt, multimask=True) for prompt in PROMPTS * 5])
        for again in encoding.result():
            assert all(np.array_equal(again.arrays[name], embedding.arrays[name]) for name in embedding.arrays)
        for number, answer in enumerate(decoding.result()):
            for one, other in zip(answer, expected[number % len(PROMPTS)], strict=True):
                assert np.array_equal(one.logits, other.logits)


def test_a_folder_that_holds_no_such_model_says_what_it_has_to_be(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match="a folder that transformers saved"):
        TransformersPredictor(tmp_path, name="nothing", device="cpu")
