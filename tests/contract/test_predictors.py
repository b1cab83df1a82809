"""What every predictor promises, whatever model is behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from annotator.domain.mask import Mask
from annotator.domain.prompt import Box, Point, Prompt
from annotator.engine import Registry, upscale
from annotator.engine.predictor import Candidate, Embedding, Predictor, RGBArray
from annotator.errors import BadPrompt


@pytest.fixture(scope="module", params=["fake", "mobile_sam", "sam2.1_tiny", "sam2.1_tiny_cpu", "transformers"])
def predictor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Predictor]:
    folder = tmp_path_factory.mktemp("models")
    if request.param == "sam2.1_tiny":
        from annotator.engine.sam2 import Sam2Predictor

        random_checkpoint(folder / "random.pt")
        yield Sam2Predictor(folder / "random.pt", name=request.param, config=TINY, device="cpu")
    elif request.param == "sam2.1_tiny_cpu":
        from annotator.engine.optimize import optimize
        from annotator.engine.sam2_onnx import Sam2OnnxPredictor

        random_checkpoint(folder / "random.pt")
        made = optimize(folder / "random.pt", name="tiny", config=TINY, progress=lambda step: None)
        yield Sam2OnnxPredictor(made, name=request.param, fingerprint="tiny")
    elif request.param == "transformers":
        transformers = pytest.importorskip("transformers", reason="the optional package transformers is not installed")
        from annotator.engine.transformers import TransformersPredictor

        transformers.Sam2Model(transformers.Sam2Config()).save_pretrained(folder)
        yield TransformersPredictor(folder, name=request.param, device="cpu")
    else:
        yield Registry().load(request.param, "cpu")


TINY = "configs/sam2.1/sam2.1_hiera_t.yaml"


def random_checkpoint(path: Path) -> None:
    """A file as the official ones: the right shapes, random weights."""
    pytest.importorskip("sam2", reason="the optional package sam2 is not installed")
    import torch
    from sam2.build_sam import build_sam2

    torch.manual_seed(0)
    model = build_sam2(TINY, ckpt_path=None, device="cpu")
    torch.save({"model": model.state_dict()}, path)


def disc(*, width: int = 320, height: int = 240, x: int = 160, y: int = 120, radius: int = 50) -> RGBArray:
    """A red disc on a blue ground: nothing that a segmentation model could miss."""
    image = np.empty((height, width, 3), np.uint8)
    image[:] = (40, 60, 150)
    cv2.circle(image, (x, y), radius, (220, 40, 30), -1, cv2.LINE_AA)
    return image


@pytest.fixture(scope="module")
def embedding(predictor: Predictor) -> Embedding:
    return predictor.encode(disc())


CENTRE = Prompt(points=(Point(160.5, 120.5),))
PROMPTS = [
    CENTRE,
    Prompt(points=(Point(160, 120), Point(150, 100), Point(20, 20, 0))),
    Prompt(box=Box(105, 65, 215, 175)),
    Prompt(points=(Point(160, 120),), box=Box(105, 65, 215, 175)),
]


def same(left: list[Candidate], right: list[Candidate]) -> bool:
    return len(left) == len(right) and all(
        a.score == b.score and np.array_equal(a.logits, b.logits) for a, b in zip(left, right, strict=True)
    )


def test_it_says_what_it_is(predictor: Predictor) -> None:
    assert isinstance(predictor, Predictor)
    assert predictor.name
    assert predictor.device == "cpu"
    assert predictor.fingerprint


def test_an_embedding_knows_its_image_and_its_size_in_memory(predictor: Predictor, embedding: Embedding) -> None:
    assert (embedding.model, embedding.height, embedding.width) == (predictor.name, 240, 320)
    assert embedding.nbytes == sum(int(array.nbytes) for array in embedding.arrays.values()) > 0
    assert all(0 < extent <= 256 for extent in embedding.frame)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_one_mask_where_one_is_asked_for(predictor: Predictor, embedding: Embedding, prompt: Prompt) -> None:
    (candidate,) = predictor.decode(embedding, prompt)
    check(candidate)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_three_masks_from_small_to_large(predictor: Predictor, embedding: Embedding, prompt: Prompt) -> None:
    candidates = predictor.decode(embedding, prompt, multimask=True)
    assert len(candidates) == 3
    for candidate in candidates:
        check(candidate)
    rows, columns = (int(np.ceil(extent)) for extent in embedding.frame)
    areas = [int((candidate.logits[:rows, :columns] > 0).sum()) for candidate in candidates]
    assert areas == sorted(areas)


def check(candidate: Candidate) -> None:
    assert candidate.logits.shape == (256, 256)
    assert candidate.logits.dtype == np.float32
    assert np.isfinite(candidate.logits).all()
    assert 0.0 <= candidate.score <= 1.0


@pytest.mark.parametrize("predictor", ["mobile_sam", "sam2.1_tiny", "sam2.1_tiny_cpu", "transformers"], indirect=True)
def test_the_answer_to_a_lone_point_is_the_best_of_the_three(predictor: Predictor, embedding: Embedding) -> None:
    three = predictor.decode(embedding, CENTRE, multimask=True)
    assert same(predictor.decode(embedding, CENTRE), [max(three, key=lambda candidate: candidate.score)])


def test_the_same_again_gives_the_same(predictor: Predictor, embedding: Embedding) -> None:
    again = predictor.encode(disc())
    for prompt in PROMPTS:
        assert same(predictor.decode(embedding, prompt), predictor.decode(again, prompt))


def test_an_image_in_between_leaves_no_trace(predictor: Predictor) -> None:
    first, other = disc(), disc(x=90, radius=30)
    embedding = predictor.encode(first)
    before = predictor.decode(embedding, CENTRE, multimask=True)
    elsewhere = predictor.decode(predictor.encode(other), CENTRE, multimask=True)
    assert same(before, predictor.decode(embedding, CENTRE, multimask=True))
    assert not same(before, elsewhere)


def test_logits_of_an_answer_can_be_fed_back(predictor: Predictor, embedding: Embedding) -> None:
    (first,) = predictor.decode(embedding, CENTRE)
    copy = first.logits.copy()
    further = Prompt(points=(*CENTRE.points, Point(30, 30, 0)))
    (second,) = predictor.decode(embedding, further, logits=first.logits)
    check(second)
    assert np.array_equal(first.logits, copy), "the logits fed in were changed"
    (alone,) = predictor.decode(embedding, Prompt(), logits=first.logits)
    check(alone)


def test_logits_matter(predictor: Predictor, embedding: Embedding) -> None:
    left = upscale.from_mask(Mask.from_array(np.indices((240, 320))[1] < 100), embedding)
    right = upscale.from_mask(Mask.from_array(np.indices((240, 320))[1] > 220), embedding)
    further = Prompt(points=(*CENTRE.points, Point(30, 30, 0)))
    assert not same(
        predictor.decode(embedding, further, logits=left), predictor.decode(embedding, further, logits=right)
    )


def test_nothing_to_go_by_is_refused(predictor: Predictor, embedding: Embedding) -> None:
    with pytest.raises(BadPrompt, match="empty"):
        predictor.decode(embedding, Prompt())


@pytest.mark.parametrize(("height", "width"), [(1, 500), (3000, 20), (1, 1)])
def test_thin_images_work(predictor: Predictor, height: int, width: int) -> None:
    image = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    embedding = predictor.encode(image)
    prompt = Prompt(points=(Point(width / 2, height / 2),), box=Box(0, 0, width, height))
    (candidate,) = predictor.decode(embedding, prompt)
    check(candidate)
    mask = upscale.to_mask(candidate.logits, embedding)
    assert (mask.height, mask.width) == (height, width)


def test_an_image_that_is_not_contiguous_is_the_same_image(predictor: Predictor) -> None:
    image = disc()
    flipped = np.ascontiguousarray(image[:, ::-1])[:, ::-1]
    straight = predictor.decode(predictor.encode(image), CENTRE)
    assert same(straight, predictor.decode(predictor.encode(flipped), CENTRE))


@pytest.mark.parametrize("predictor", ["fake", "mobile_sam"], indirect=True)  # random weights see nothing
@pytest.mark.parametrize(("x", "y"), [(160, 120), (70, 60), (260, 180)])
@pytest.mark.parametrize("by", ["point", "box"])
def test_the_mask_is_where_the_prompt_is(predictor: Predictor, x: int, y: int, by: str) -> None:
    embedding = predictor.encode(disc(x=x, y=y, radius=40))
    prompt = (
        Prompt(points=(Point(x + 0.5, y + 0.5),)) if by == "point" else Prompt(box=Box(x - 42, y - 42, x + 43, y + 43))
    )
    (candidate,) = predictor.decode(embedding, prompt)
    mask = upscale.to_mask(candidate.logits, embedding)
    left, top, width, height = mask.bbox
    assert mask.to_array()[y, x]
    assert left + width / 2 == pytest.approx(x + 0.5, abs=12)
    assert top + height / 2 == pytest.approx(y + 0.5, abs=12)


@pytest.mark.parametrize("predictor", ["mobile_sam"], indirect=True)
@pytest.mark.parametrize(
    ("size", "floor"), [((320, 240), 0.95), ((240, 320), 0.95), ((1600, 1200), 0.95), ((2100, 90), 0.85)]
)
def test_the_embedded_model_finds_a_disc(predictor: Predictor, size: tuple[int, int], floor: float) -> None:
    width, height = size
    radius = min(size) // 4
    image = disc(width=width, height=height, x=width // 3, y=height // 2, radius=radius)
    truth = np.zeros((height, width), np.uint8)
    cv2.circle(truth, (width // 3, height // 2), radius, 1, -1)
    embedding = predictor.encode(image)
    (candidate,) = predictor.decode(embedding, Prompt(points=(Point(width // 3 + 0.5, height // 2 + 0.5),)))
    mask = upscale.to_mask(candidate.logits, embedding)
    assert mask.iou(Mask.from_array(truth)) > floor
    left, top, across, down = mask.bbox
    half_a_logit = max(size) / 512
    assert left + across / 2 == pytest.approx(width // 3 + 0.5, abs=half_a_logit + 1)
    assert top + down / 2 == pytest.approx(height // 2 + 0.5, abs=half_a_logit + 1)


@pytest.mark.parametrize("predictor", ["mobile_sam"], indirect=True)
def test_a_clear_object_comes_back_as_itself_through_the_mask_prompt(predictor: Predictor) -> None:
    embedding = predictor.encode(disc())
    truth = Mask.from_array(disc()[..., 0] > 130)
    x, y, width, height = truth.bbox
    extent = Prompt(box=Box(x, y, x + width, y + height))
    (candidate,) = predictor.decode(embedding, extent, logits=upscale.from_mask(truth, embedding))
    assert upscale.to_mask(candidate.logits, embedding).iou(truth) > 0.95
