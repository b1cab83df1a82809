"""Making the CPU version of a SAM 2.1 checkpoint: the same network as two ONNX graphs, several times faster there."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.engine import decoder_graph, encoder_graph, trial
from annotator.engine.graph import halved
from annotator.engine.predictor import LogitsArray
from annotator.engine.sam2 import Sam2Predictor
from annotator.engine.sam2_onnx import SIDE, Sam2OnnxPredictor
from annotator.engine.weights import sha256
from annotator.errors import ModelProblem, StorageProblem

__all__ = ["is_optimized", "optimize", "optimized_folder"]

FORMAT = 1  # counted up when folders made before can't be used any more
NOTE = "made.json"
ROOM = 1.2  # bytes of the folder for each byte of the checkpoint, at most


def optimized_folder(weights: Path) -> Path:
    """Where the CPU version of a checkpoint is, or will be: beside it."""
    return weights.with_name(f"{weights.name}.cpu")


def is_optimized(weights: Path) -> bool:
    """Whether the CPU version is there and was made of the checkpoint as it is now. Quick: nothing large is read."""
    try:
        note = json.loads((optimized_folder(weights) / NOTE).read_text(encoding="utf-8"))
        found = weights.stat()
        same = [note["bytes"], note["changed"]] == [found.st_size, found.st_mtime_ns]
        return bool(note["format"] == FORMAT and (same or note["sha256"] == sha256(weights)))
    except (OSError, ValueError, KeyError, TypeError, ModelProblem):
        return False


def optimize(weights: Path, *, name: str, config: str, progress: Callable[[str], None]) -> Path:
    """Make the CPU version of a checkpoint and return its folder.

    It is made beside its final place and moved there when its masks on a drawn picture agree with the checkpoint's
    (mean IoU ≥ 0.99): a folder that is there is whole. Two programs don't make it twice.

    Args:
        weights: an official-format checkpoint of SAM 2.1.
        name: of the model in the registry.
        config: name of the network's configuration inside the `sam2` package.
        progress: called with a short sentence at each step.

    Raises:
        ModelProblem: torch, sam2 or onnx is missing, the checkpoint is damaged, or the masks differ.
        StorageProblem: the folder can't be written, or the disk is full.
    """
    target = optimized_folder(weights)
    with _storing(target), _alone(target, progress):
        if is_optimized(weights):  # made by another program meanwhile
            return target
        _require_room(weights)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
            made = Path(scratch) / "cpu"
            made.mkdir()
            _make(weights, made, name=name, config=config, progress=progress)
            shutil.rmtree(target, ignore_errors=True)
            made.replace(target)
    return target


def _make(weights: Path, folder: Path, *, name: str, config: str, progress: Callable[[str], None]) -> None:
    onnx = _import_onnx()
    progress("Reading the checkpoint")
    stamp = weights.stat()
    digest = sha256(weights)
    reference = Sam2Predictor(weights, name=name, config=config, device="cpu")
    progress("Writing the encoder")
    arrays = _arrays(reference)
    encoder = encoder_graph.build(arrays, _blocks(reference))
    _save(encoder, folder / "encoder.onnx")
    del encoder
    progress("Writing the decoder")
    own = {key.removeprefix("sam_"): array for key, array in arrays.items() if key.startswith("sam_")}
    _save(decoder_graph.build({**own, "image_pe": arrays["image_pe"]}), folder / "decoder.onnx")
    progress("Asking the checkpoint for masks to compare with")
    wanted: LogitsArray = trial.masks(reference)
    del reference, arrays, own
    trial.keep(folder, wanted)
    progress("Comparing the masks")
    runtime = Sam2OnnxPredictor(folder, name=name, fingerprint="trial").runtime
    note = {
        "format": FORMAT,
        "sha256": digest,
        "bytes": stamp.st_size,
        "changed": stamp.st_mtime_ns,
        "config": config,
        "onnx": onnx.__version__,
        "runtime": runtime.identity,
        "iou": trial.noted(folder / trial.NOTES, runtime.identity),
    }
    (folder / NOTE).write_text(json.dumps(note, indent=1), encoding="utf-8")
    progress(f"Ready: {runtime.library} in {runtime.precision}, mean IoU {note['iou']:.4f} with the checkpoint")


def _arrays(reference: Sam2Predictor) -> dict[str, npt.NDArray[np.float32]]:
    """The weights by name, and what the network computes from some of them once and for all."""
    network, torch = reference._model, reference._torch
    side = SIDE // encoder_graph.STEP
    with torch.inference_mode():
        arrays = {name: tensor.float().numpy() for name, tensor in network.state_dict().items()}
        places = network.image_encoder.trunk._get_pos_embed((side, side))  # (1, side, side, C)
        dense = network.sam_prompt_encoder.get_dense_pe()[0]
    if network.image_size != SIDE:
        raise ModelProblem(f"{reference.name} takes pictures of {network.image_size} pixels; only {SIDE} can be used.")
    arrays["places"] = places[0].reshape(side * side, -1).numpy()
    arrays["image_pe"] = dense.reshape(len(dense), -1).T.numpy()
    if not network.directly_add_no_mem_embed:
        arrays["no_mem_embed"] = np.zeros_like(arrays["no_mem_embed"])
    return arrays


def _blocks(reference: Sam2Predictor) -> list[encoder_graph.Block]:
    return [
        encoder_graph.Block(block.attn.num_heads, block.window_size, block.q_stride is not None)
        for block in reference._model.image_encoder.trunk.blocks
    ]


def _save(model: Any, path: Path) -> None:
    path.write_bytes(halved(model).SerializeToString())


def _import_onnx() -> Any:
    try:
        import onnx
    except ImportError as problem:
        raise ModelProblem(
            f"Making the CPU version needs the package onnx ({problem}); run: pip install 'annotator[sam2]'"
        ) from problem
    return onnx


def _require_room(weights: Path) -> None:
    needed = int(weights.stat().st_size * ROOM)
    free = shutil.disk_usage(weights.parent).free
    if free < needed:
        raise StorageProblem(
            f"The CPU version needs {needed / 1e6:,.0f} MB in {weights.parent}, where {free / 1e6:,.0f} MB are free;"
            " make room there."
        )


@contextlib.contextmanager
def _storing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise StorageProblem(
            f"The CPU version can't be written to {target} ({problem.strerror or problem});"
            " make room there and allow writing."
        ) from problem


@contextlib.contextmanager
def _alone(target: Path, progress: Callable[[str], None]) -> Iterator[None]:
    """Wait while another program makes the same folder."""
    import filelock

    lock = filelock.FileLock(target.with_name(f".{target.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        progress("Waiting for another program that prepares the same model")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
