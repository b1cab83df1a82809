"""What is known about a model before it is loaded, and the YAML files that say it (docs/models.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from annotator.errors import BadSetting

Kind = Literal["onnx", "sam2", "transformers", "fake"]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of weights.

    Attributes:
        file: absolute, or relative to the description or to the checkpoints folder.
        bytes, sha256: what it has to be; None: anything.
        url: where it can be had.
        beside: folder of the description that names it.
    """

    file: str
    bytes: int | None = None
    sha256: str | None = None
    url: str | None = None
    beside: Path | None = None


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model of the registry.

    Attributes:
        name: what settings and requests call it.
        kind: which predictor runs it: `onnx`, `sam2`, `transformers` or `fake`.
        title, licence: for people.
        parameters: number of its weights; 0: not said.
        files: its weights; none for `transformers`, whose weights are a folder.
        config: name of the network's configuration inside the `sam2` package.
        hub: its id on the Hugging Face hub.
        folder: a `transformers` model saved on this machine.
        origin: the file that describes it.
    """

    name: str
    kind: str
    title: str
    licence: str
    parameters: int = 0
    files: tuple[ModelFile, ...] = field(default=())
    config: str | None = None
    hub: str | None = None
    folder: Path | None = None
    origin: Path | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file: Annotated[str, Field(min_length=1)]
    bytes: Annotated[int, Field(gt=0)] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None
    url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None


class _Description(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
    kind: Kind
    title: Annotated[str, Field(min_length=1)] | None = None
    licence: Annotated[str, Field(min_length=1)] = "not stated"
    parameters: Annotated[int, Field(ge=0)] = 0
    files: list[_File] = []
    config: Annotated[str, Field(pattern=r"^\S+\.yaml$")] | None = None
    hub: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = None
    folder: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _enough(self) -> _Description:
        names = [Path(entry.file).name for entry in self.files]
        if self.kind == "sam2" and len(names) != 1:
            raise ValueError("kind sam2 needs “files” with exactly one checkpoint, e.g. files: [{file: mine.pt}]")
        if self.kind == "sam2" and self.config is None:
            raise ValueError("kind sam2 needs “config”, e.g. config: configs/sam2.1/sam2.1_hiera_t.yaml")
        if self.kind == "onnx" and names != ["encoder.onnx", "decoder.onnx"]:
            raise ValueError("kind onnx needs “files” with encoder.onnx and decoder.onnx, in this order")
        if self.kind == "transformers" and (self.folder or self.hub) is None:
            raise ValueError("kind transformers needs “hub” (owner/name) or “folder” (where the model was saved)")
        if self.kind == "transformers" and names:
            raise ValueError("kind transformers takes “hub” or “folder” instead of “files”")
        return self


def read(path: Path) -> ModelConfig:
    """The model that a file describes.

    Raises:
        BadSetting: it can't be read or is not a model's description; the sentence names the file and the field.
    """
    try:
        found = _Description.model_validate(_mapping(path))
    except ValidationError as error:
        raise BadSetting(_sentence(path, error), field=_where(error)) from error
    beside = path.parent
    return ModelConfig(
        name=found.name,
        kind=found.kind,
        title=found.title or found.name,
        licence=found.licence,
        parameters=found.parameters,
        files=tuple(
            ModelFile(
                file=str(Path(entry.file).expanduser()),
                bytes=entry.bytes,
                sha256=None if entry.sha256 is None else entry.sha256.lower(),
                url=entry.url,
                beside=beside,
            )
            for entry in found.files
        ),
        config=found.config,
        hub=found.hub,
        folder=None if found.folder is None else beside / Path(found.folder).expanduser(),
        origin=path,
    )


def _mapping(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        reason = " ".join(str(problem).split())
        raise BadSetting(f"The model description {path} can't be read: {reason}. Correct or remove it.") from problem
    if not isinstance(data, dict):
        raise BadSetting(f"The model description {path} needs lines like “name: mine”; correct or remove it.")
    return data


def _where(error: ValidationError) -> str | None:
    return ".".join(str(part) for part in error.errors()[0]["loc"]) or None


def _sentence(path: Path, error: ValidationError) -> str:
    first, where = error.errors()[0], _where(error)
    reason = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        group = _File if where is not None and where.startswith("files.") else _Description
        reason = f"there is no such field; choose from {', '.join(group.model_fields)}"
    elif first["type"] == "missing":
        reason = "it is missing"
    elif first["type"] == "string_pattern_mismatch":
        reason = f"“{first['input']}” does not have the form {first['ctx']['pattern']}"
    spot = "" if where is None else f", field “{where}”"
    return f"In the model description {path}{spot}: {reason}."
