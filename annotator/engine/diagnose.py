"""What works here and what does not, as findings: the facts of `annotator doctor`."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

import annotator
from annotator.domain.mask import Mask
from annotator.domain.prompt import Point, Prompt
from annotator.engine import devices, upscale, weights
from annotator.engine.predictor import Predictor, RGBArray
from annotator.engine.registry import ModelConfig, Registry
from annotator.errors import AnnotatorError, BadSetting, ModelProblem

State = Literal["ok", "note", "problem"]

REQUIRED = ("numpy", "onnxruntime", "gradio")
OPTIONAL = {
    "torch": "for SAM 2.1: pip install 'annotator[sam2]'",
    "sam2": "for SAM 2.1: pip install 'annotator[sam2]'",
    "transformers": "for models saved by transformers: pip install 'annotator[transformers]'",
    "openvino": "for faster encoding on CPUs: pip install 'annotator[openvino]'",
}
DISTRIBUTIONS = {"sam2": ("sam2", "SAM-2")}  # the second is what a checkout of SAM 2 installs itself as
NEEDED = {"sam2": ("torch", "sam2"), "transformers": ("torch", "transformers"), "onnx": ("onnxruntime",), "fake": ()}
AGREEMENT = 0.9  # IoU with the drawn disc that a test mask has to reach


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        section: `versions`, `devices`, `models`, `folders` or `test`.
        what: what was looked at.
        state: `problem` if something that would be used is broken, `note` if something optional is missing.
        detail: what was found.
        remedy: what to do about it, a sentence or a command; empty where there is nothing to do.
    """

    section: str
    what: str
    state: State
    detail: str
    remedy: str = ""


def examine(
    registry: Registry,
    *,
    model: str = "auto",
    device: str = "auto",
    precision: str = "auto",
    folders: Sequence[tuple[str, Path]] = (),
    progress: Callable[[str], None] = lambda step: None,
) -> Iterator[Finding]:
    """Look at everything, one finding after the other.

    Args:
        model, device, precision: as the settings have them.
        folders: what a folder is for, and the folder that has to be writable.
        progress: called with what takes a while.

    Raises:
        BadSetting: a description of a model can't be read.
    """
    yield from versions()
    progress("Looking at the devices")
    yield from accelerators(device, precision)
    default = _default(registry, model, device)
    for config in registry.models().values():
        progress(f"Checking {config.title}")
        yield checkpoint(registry, config, used=config.name == default)
    for title, folder in (("downloaded weights", registry.checkpoints), *folders):
        yield writable(title, folder)
    progress("Making a test mask")
    yield trial(registry, default, device, precision, progress=progress)


def versions() -> Iterator[Finding]:
    """Python, annotator and the packages that matter."""
    yield Finding(
        "versions", "python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    )
    yield Finding("versions", "annotator", "ok", annotator.__version__)
    for name in (*REQUIRED, *OPTIONAL):
        version = _version(name)
        if version is None and name in OPTIONAL:
            yield Finding("versions", name, "note", "not installed", OPTIONAL[name])
        elif version is None:
            yield Finding("versions", name, "problem", "not installed", f"Run: pip install {name}")
        else:
            yield _importable(name, version)


def _importable(name: str, version: str) -> Finding:
    """Whether a package that is installed works: those of SAM 2 are the ones that often don't."""
    try:
        if name == "torch":
            build = devices.import_torch().version.cuda
            version = f"{version}, built for CUDA {build}" if build else version
        elif name == "sam2":
            importlib.import_module("sam2.build_sam")
    except ModelProblem as problem:
        return Finding("versions", name, "problem", version, problem.message)
    except (ImportError, OSError, RuntimeError) as problem:
        reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        remedy = "Start annotator outside of checkouts of sam2, or run: pip install --force-reinstall sam2"
        return Finding("versions", name, "problem", f"{version}, but it can't be imported ({reason})", remedy)
    return Finding("versions", name, "ok", version)


def accelerators(device: str, precision: str) -> Iterator[Finding]:
    """The devices of the machine, and the one that the settings choose."""
    for info in devices.describe():
        if info.problem is not None:
            # Without SAM 2 a GPU that can't be used would not be used in any case.
            state: State = "problem" if _installed("sam2") or device not in ("auto", "cpu") else "note"
            yield Finding("devices", info.name, state, info.title, info.problem)
            continue
        memory = "" if info.memory is None else f", {info.memory / 2**30:.1f} GiB"
        free = "" if info.free is None else f" ({info.free / 2**30:.1f} GiB free)"
        half = ", bfloat16" if info.bf16 else ""
        yield Finding("devices", info.name, "ok", f"{info.title}{memory}{free}{half}")
    try:
        chosen = devices.resolve(device)
        kind = devices.precision(chosen, precision)
        yield Finding("devices", "SAM 2.1 runs on", "ok", f"{chosen}, {kind}")
    except (ModelProblem, BadSetting) as problem:
        remedy = "Set device and precision to auto, or follow the sentence above."
        yield Finding("devices", "SAM 2.1 runs on", "problem", problem.message, remedy)


def checkpoint(registry: Registry, config: ModelConfig, *, used: bool) -> Finding:
    """Whether a model's weights are here and whole; a model that nobody chose may be missing."""
    missing = [name for name in NEEDED[config.kind] if not _installed(name)]
    present = registry.is_present(config)
    if not present:
        there = any(registry.path(file).is_file() for file in config.files)
        state: State = "problem" if used or there else "note"
        remedy = registry.how_to_get(config) if state == "problem" else registry.remedy(config)
        return Finding("models", config.name, state, "damaged" if there else "not here", remedy)
    try:
        for file in config.files:
            weights.verify(registry.path(file), file, remedy=registry.remedy(config))
    except ModelProblem as problem:
        return Finding("models", config.name, "problem", "damaged", problem.message)
    what = f"here{', the default' if used else ''}"
    if missing:
        remedy = f"It needs {' and '.join(missing)}: pip install 'annotator[{config.kind}]'"
        return Finding("models", config.name, "problem" if used else "note", what, remedy)
    return Finding("models", config.name, "ok", what)


def writable(title: str, folder: Path) -> Finding:
    """Whether files can be made in a folder (or it can be made), how much is in it and how much is free."""
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(b"x")
        free = shutil.disk_usage(nearest).free
    except OSError as problem:
        remedy = f"Make {nearest} writable, or choose another folder in the settings."
        return Finding("folders", title, "problem", f"{folder} ({problem.strerror})", remedy)
    size = sum(_size(Path(place) / name) for place, _, names in os.walk(folder) for name in names)
    detail = f"{folder}, {size / 1e6:,.1f} MB, {free / 1e9:,.1f} GB free"
    if free < 1 << 30:
        return Finding("folders", title, "note", detail, "Less than 1 GiB is free on this disk.")
    return Finding("folders", title, "ok", detail)


def trial(
    registry: Registry, model: str, device: str, precision: str, *, progress: Callable[[str], None] = lambda step: None
) -> Finding:
    """Segment a drawn disc with the default model, from loading it to the mask."""
    start = time.perf_counter()
    try:
        predictor = registry.load(model, device, precision=precision, progress=progress)
        loaded = time.perf_counter()
        agreement = disc_iou(predictor)
    except AnnotatorError as problem:
        return Finding("test", model, "problem", "no mask", problem.message)
    seconds = f"loaded in {loaded - start:.1f} s, mask in {time.perf_counter() - loaded:.1f} s"
    detail = f"IoU {agreement:.3f} with a drawn disc on {predictor.device}; {seconds}"
    if agreement < AGREEMENT and model != "fake":
        remedy = f"The masks are wrong: get the weights anew, or set the precision to fp32 (it is {precision})."
        return Finding("test", model, "problem", detail, remedy)
    return Finding("test", model, "ok", detail)


def disc_iou(predictor: Predictor) -> float:
    """IoU of a predictor's mask with a red disc on blue that a point in its middle asks for.

    Raises:
        ModelProblem, OutOfMemory: the model fails.
    """
    image, truth = _disc()
    embedding = predictor.encode(image)
    (candidate,) = predictor.decode(embedding, Prompt(points=(Point(160.5, 120.5),)))
    return upscale.to_mask(candidate.logits, embedding).iou(truth)


def _disc() -> tuple[RGBArray, Mask]:
    rows, columns = np.ogrid[:240, :320]
    inside = (columns - 160) ** 2 + (rows - 120) ** 2 <= 50**2
    image = np.empty((240, 320, 3), np.uint8)
    image[:] = (40, 60, 150)
    image[inside] = (220, 40, 30)
    return image, Mask.from_array(inside)


def _default(registry: Registry, model: str, device: str) -> str:
    if model != "auto":
        return registry.find(model).name
    try:
        return registry.best(device)
    except (ModelProblem, BadSetting):  # the device's own finding says why
        return registry.best("cpu")


def _installed(name: str) -> bool:
    return _version(name) is not None


def _version(name: str) -> str | None:
    for distribution in DISTRIBUTIONS.get(name, (name,)):
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
