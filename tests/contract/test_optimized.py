"""The CPU version of a SAM 2.1 checkpoint answers as the checkpoint does, and is never used half-made."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from annotator.domain.prompt import Box, Point, Prompt
from annotator.engine import optimize, trial
from annotator.engine.onnx_session import PLAIN, Runtime, runtimes
from annotator.engine.predictor import Candidate, Embedding, RGBArray
from annotator.errors import ModelProblem, StorageProblem

torch = pytest.importorskip("torch", reason="the optional package torch is not installed")
build_sam = pytest.importorskip("sam2.build_sam", reason="the optional package sam2 is not installed")
pytest.importorskip("onnx", reason="the optional package onnx is not installed")

from annotator.engine.sam2 import Sam2Predictor  # noqa: E402
from annotator.engine.sam2_onnx import Sam2OnnxPredictor  # noqa: E402

CONFIG = "configs/sam2.1/sam2.1_hiera_t.yaml"

PROMPTS = {
    "point": Prompt(points=(Point(300, 200),)),
    "points": Prompt(points=(Point(300, 200), Point(20, 30, 0), Point(350.5, 250.25))),
    "box": Prompt(box=Box(100, 50, 400, 300)),
    "box and points": Prompt(box=Box(100, 50, 400, 300), points=(Point(200, 200), Point(110, 60, 0))),
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as the official ones: the right shapes, random weights."""
    torch.manual_seed(0)
    model = build_sam.build_sam2(CONFIG, ckpt_path=None, device="cpu")
    with torch.no_grad():  # biases and scales begin at 0 and 1, where a forgotten one would not show
        for weight in model.parameters():
            if weight.ndim == 1:
                weight.add_(0.1 * torch.randn_like(weight))
        model.no_mem_embed.add_(torch.randn_like(model.no_mem_embed))
        model.image_encoder.trunk.pos_embed.add_(0.5 * torch.randn_like(model.image_encoder.trunk.pos_embed))
    path = tmp_path_factory.mktemp("checkpoints") / "sam2.1_hiera_tiny.pt"
    torch.save({"model": model.state_dict()}, path)
    return path


@pytest.fixture(scope="module")
def steps() -> list[str]:
    return []


@pytest.fixture(scope="module")
def folder(checkpoint: Path, steps: list[str]) -> Path:
    return optimize.optimize(checkpoint, name="tiny", config=CONFIG, progress=steps.append)


@pytest.fixture(scope="module")
def reference(checkpoint: Path) -> Sam2Predictor:
    return Sam2Predictor(checkpoint, name="tiny", config=CONFIG, device="cpu")


@pytest.fixture(scope="module")
def exact(folder: Path) -> Sam2OnnxPredictor:
    return Sam2OnnxPredictor(folder, name="tiny", fingerprint="same", runtime=PLAIN)


@pytest.fixture(scope="module")
def embedding(reference: Sam2Predictor) -> Embedding:
    return reference.encode(photo())


def photo() -> RGBArray:
    """Shapes of several sizes, 500 × 333: nothing that a factor of the network divides."""
    image = np.random.default_rng(3).integers(0, 90, (333, 500, 3), dtype=np.uint8)
    cv2.circle(image, (300, 200), 70, (230, 120, 60), -1, cv2.LINE_AA)
    cv2.rectangle(image, (40, 40), (140, 300), (40, 180, 220), -1)
    return image


def iou(left: Candidate, right: Candidate) -> float:
    union = int(((left.logits > 0) | (right.logits > 0)).sum())
    return int(((left.logits > 0) & (right.logits > 0)).sum()) / union if union else 1.0


def test_the_features_are_those_of_the_checkpoint(embedding: Embedding, exact: Sam2OnnxPredictor) -> None:
    wanted, got = embedding, exact.encode(photo())
    assert (got.height, got.width, got.frame, got.via) == (wanted.height, wanted.width, wanted.frame, wanted.via)
    assert got.arrays.keys() == wanted.arrays.keys()
    for name, array in wanted.arrays.items():
        assert got.arrays[name].shape == array.shape
        assert got.arrays[name].dtype == np.float16
        assert got.arrays[name].flags.c_contiguous
        spread = float(np.float32(array).std())
        np.testing.assert_allclose(np.float32(got.arrays[name]), np.float32(array), atol=0.02 * spread, rtol=0.01)


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS.keys())
@pytest.mark.parametrize("multimask", [True, False])
@pytest.mark.parametrize("fed_back", [False, True])
def test_one_embedding_gives_both_the_same_masks(
    reference: Sam2Predictor,
    exact: Sam2OnnxPredictor,
    embedding: Embedding,
    prompt: Prompt,
    multimask: bool,
    fed_back: bool,
) -> None:
    logits = reference.decode(embedding, PROMPTS["box"])[0].logits if fed_back else None
    wanted = reference.decode(embedding, prompt, logits=logits, multimask=multimask)
    got = exact.decode(embedding, prompt, logits=logits, multimask=multimask)
    assert len(got) == len(wanted)
    for left, right in zip(got, wanted, strict=True):
        assert iou(left, right) > 0.999
        np.testing.assert_allclose(left.logits, right.logits, atol=2e-3 * float(np.abs(right.logits).max()))
        assert left.score == pytest.approx(right.score, abs=1e-4)


def test_a_mask_alone_is_refined_as_the_checkpoint_does(
    reference: Sam2Predictor, exact: Sam2OnnxPredictor, embedding: Embedding
) -> None:
    logits = reference.decode(embedding, PROMPTS["box"])[0].logits
    (wanted,) = reference.decode(embedding, Prompt(), logits=logits)
    (got,) = exact.decode(embedding, Prompt(), logits=logits)
    assert iou(got, wanted) > 0.999


@pytest.mark.parametrize("runtime", runtimes(), ids=str)
def test_every_runtime_here_keeps_the_masks(
    folder: Path, reference: Sam2Predictor, embedding: Embedding, runtime: Runtime
) -> None:
    predictor = Sam2OnnxPredictor(folder, name="tiny", fingerprint="same", runtime=runtime)
    ours = predictor.encode(photo())
    ious = [
        iou(left, right)
        for prompt in PROMPTS.values()
        for left, right in zip(
            predictor.decode(ours, prompt, multimask=True),
            reference.decode(embedding, prompt, multimask=True),
            strict=True,
        )
    ]
    assert np.mean(ious) >= 0.99


def test_encoding_and_decoding_at_once_changes_nothing(exact: Sam2OnnxPredictor, embedding: Embedding) -> None:
    second = np.ascontiguousarray(photo()[:, ::-1])
    alone = [exact.decode(embedding, prompt)[0].logits for prompt in PROMPTS.values()]
    wanted = exact.encode(second).arrays["image"]
    found: list[Any] = []
    encoder = threading.Thread(target=lambda: found.append(exact.encode(second).arrays["image"]))
    encoder.start()
    while encoder.is_alive():
        exact.release()  # so that arranging the maps is part of what runs at once
        for prompt, logits in zip(PROMPTS.values(), alone, strict=True):
            assert np.array_equal(exact.decode(embedding, prompt)[0].logits, logits)
    encoder.join()
    assert np.array_equal(found[0], wanted)


def test_the_folder_says_what_it_was_made_of_and_the_steps_are_told(
    checkpoint: Path, folder: Path, steps: list[str]
) -> None:
    assert folder == optimize.optimized_folder(checkpoint)
    assert folder.parent == checkpoint.parent
    assert optimize.is_optimized(checkpoint)
    note = json.loads((folder / optimize.NOTE).read_text())
    assert note["iou"] >= 0.99
    assert steps[0] == "Reading the checkpoint"
    assert steps[-1].startswith("Ready: ")
    # Smaller than the checkpoint, and nothing else left beside it.
    assert sum(path.stat().st_size for path in folder.iterdir()) < checkpoint.stat().st_size
    names = {path.name for path in checkpoint.parent.iterdir() if not path.name.endswith((".lock", ".json"))}
    assert names == {checkpoint.name, folder.name}


def test_made_once_it_is_not_made_again(checkpoint: Path, folder: Path) -> None:
    told: list[str] = []
    before = (folder / "encoder.onnx").stat().st_mtime_ns
    assert optimize.optimize(checkpoint, name="tiny", config=CONFIG, progress=told.append) == folder
    assert (folder / "encoder.onnx").stat().st_mtime_ns == before
    assert told == []


def test_a_touched_checkpoint_is_the_same_and_a_changed_one_is_not(
    checkpoint: Path, folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / checkpoint.name
    os.link(checkpoint, copy)
    there = optimize.optimized_folder(copy)
    there.mkdir()
    (there / optimize.NOTE).write_bytes((folder / optimize.NOTE).read_bytes())
    os.utime(copy, ns=(1, 1))
    assert optimize.is_optimized(copy)
    copy.unlink()
    copy.write_bytes(b"another checkpoint")
    assert not optimize.is_optimized(copy)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", None])
def test_a_damaged_or_missing_note_means_not_there(checkpoint: Path, tmp_path: Path, content: bytes | None) -> None:
    copy = tmp_path / "other.pt"
    os.link(checkpoint, copy)
    optimize.optimized_folder(copy).mkdir()
    if content is not None:
        (optimize.optimized_folder(copy) / optimize.NOTE).write_bytes(content)
    assert not optimize.is_optimized(copy)


@pytest.fixture
def half_made(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    def fail(problem: Exception) -> None:
        def keep(*_: object) -> None:
            raise problem

        monkeypatch.setattr(trial, "keep", keep)
        monkeypatch.setattr(trial, "masks", lambda _: np.zeros((1, 3, 256, 256), np.float32))

    return fail


def test_what_is_cut_short_leaves_nothing(
    checkpoint: Path, tmp_path: Path, half_made: Callable[[Exception], None]
) -> None:
    copy = tmp_path / checkpoint.name
    os.link(checkpoint, copy)
    half_made(OSError(28, "No space left on device"))
    with pytest.raises(StorageProblem, match="No space left"):
        optimize.optimize(copy, name="tiny", config=CONFIG, progress=lambda _: None)
    assert not optimize.is_optimized(copy)
    assert {path.name for path in tmp_path.iterdir() if not path.name.endswith((".lock", ".json"))} == {copy.name}


def test_another_network_s_masks_are_refused_by_every_runtime(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "cpu"
    other.mkdir()
    for name in ("encoder.onnx", "decoder.onnx"):
        os.link(folder / name, other / name)
    wanted = np.zeros((7, 3, 256, 256), np.float32)
    wanted[..., :40, :40] = 1
    trial.keep(other, wanted - 0.5)
    with pytest.raises(ModelProblem, match=r"does not give the checkpoint's masks.*onnxruntime.*IoU"):
        Sam2OnnxPredictor(other, name="tiny", fingerprint="same")
    notes = json.loads((other / trial.NOTES).read_text())
    assert set(notes) == {runtime.identity for runtime in runtimes()}
    assert all(iou < trial.ENOUGH for iou in notes.values())


def test_a_runtime_is_tried_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Sam2OnnxPredictor(folder, name="tiny", fingerprint="same")
    tried: list[str] = []
    monkeypatch.setattr(trial, "masks", lambda _: tried.append("again"))
    Sam2OnnxPredictor(folder, name="tiny", fingerprint="same")
    assert tried == []


def test_a_missing_graph_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "decoder.onnx").write_bytes(b"not a graph")
    with pytest.raises(ModelProblem, match=r"decoder\.onnx is not a model that onnxruntime can load"):
        Sam2OnnxPredictor(tmp_path, name="tiny", fingerprint="same")
    (tmp_path / "decoder.onnx").unlink()
    with pytest.raises(ModelProblem, match=r"decoder\.onnx can't be read"):
        Sam2OnnxPredictor(tmp_path, name="tiny", fingerprint="same")


def test_without_onnx_it_says_what_to_install(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / checkpoint.name
    os.link(checkpoint, copy)
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ModelProblem, match=r"annotator\[sam2\]"):
        optimize.optimize(copy, name="tiny", config=CONFIG, progress=lambda _: None)


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.pt"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(ModelProblem, match=r"broken\.pt"):
        optimize.optimize(path, name="tiny", config=CONFIG, progress=lambda _: None)
    assert not optimize.optimized_folder(path).exists()
