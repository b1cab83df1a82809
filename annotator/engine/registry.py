"""Which models there are (`configs/models/*.yaml`) and how to get one running."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from annotator.engine.predictor import Predictor
from annotator.errors import BadSetting, ModelProblem, NotFound
from annotator.paths import checkpoints_folder, configs_folder

KINDS = ("onnx", "sam2", "fake")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of weights: path below the checkpoints folder, size in bytes, hash, and where it can be had."""

    file: str
    bytes: int
    sha256: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model of the registry.

    Attributes:
        name: what settings and requests call it.
        kind: which predictor runs it: `onnx`, `sam2` or `fake`.
        title, licence: for people.
        files: its weights.
        config: name of the network's configuration inside the `sam2` package.
        hub: its id on the Hugging Face hub.
    """

    name: str
    kind: str
    title: str
    licence: str
    files: tuple[ModelFile, ...] = field(default=())
    config: str | None = None
    hub: str | None = None


def models() -> dict[str, ModelConfig]:
    """All models by name.

    Raises:
        BadSetting: a file in `configs/models` is not a model's description.
    """
    found = [_read(path) for path in sorted((configs_folder() / "models").glob("*.yaml"))]
    return {config.name: config for config in found}


def find(name: str) -> ModelConfig:
    """The model called `name`.

    Raises:
        NotFound: there is none.
    """
    known = models()
    if name not in known:
        raise NotFound(f"There is no model “{name}”; choose one of {', '.join(known)}.", field="model")
    return known[name]


def load(name: str, device: str = "auto", *, checkpoints: Path | None = None) -> Predictor:
    """Load a model.

    Args:
        name: of the registry.
        device: `auto`, `cpu`, `cuda` (or `cuda:1`), `mps`.
        checkpoints: folder with the weights; None: the one that comes with annotator.

    Raises:
        NotFound: there is no model of that name.
        ModelProblem: its library, its weights or the device are missing or broken; the message says the remedy.
    """
    config = find(name)
    if config.kind == "fake":
        from annotator.engine.fake import FakePredictor

        return FakePredictor()
    if config.kind == "onnx":
        from annotator.engine.onnx import MobileSamPredictor

        if device not in ("auto", "cpu"):
            raise ModelProblem(f"{config.title} runs on the CPU only; use device auto or cpu instead of {device}.")
        hashes = {Path(entry.file).name: entry.sha256 for entry in config.files}
        return MobileSamPredictor(_folder(config, checkpoints), sha256=hashes)
    from annotator.engine.sam2 import Sam2Predictor

    weights = (checkpoints or checkpoints_folder()) / config.files[0].file
    if not weights.is_file():
        source = config.files[0].url or config.hub
        raise ModelProblem(f"The weights of {config.title} are not at {weights}; download them from {source}.")
    return Sam2Predictor(weights, name=config.name, config=str(config.config), device=device)


def _folder(config: ModelConfig, checkpoints: Path | None) -> Path:
    """Folder of an embedded model: it ships with annotator, so a checkpoints folder of one's own may lack it."""
    inside = Path(config.files[0].file).parent
    own = None if checkpoints is None else checkpoints / inside
    return own if own is not None and own.is_dir() else checkpoints_folder() / inside


def _read(path: Path) -> ModelConfig:
    try:
        data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        files = tuple(ModelFile(**entry) for entry in data.pop("files", ()))
        config = ModelConfig(**data, files=files)
    except (OSError, yaml.YAMLError, TypeError, AttributeError) as problem:
        raise BadSetting(f"{path.name} in configs/models is not a model's description: {problem}") from problem
    if config.kind not in KINDS or (config.kind != "fake" and not config.files):
        raise BadSetting(f"{path.name} in configs/models needs a kind ({', '.join(KINDS)}) and its files.")
    return config
