"""What every exporter shares: the source it reads, its options, its report, and the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from annotator.domain.mask import Mask
from annotator.errors import BadSetting, InvalidInput

Progress = Callable[[int, int], None]
"""Called with the number of finished steps and the number of all steps."""


@dataclass(frozen=True, slots=True)
class ExportCategory:
    """A category of the project; ids may have gaps."""

    id: int
    name: str
    supercategory: str = ""
    colour: str = ""
    extra: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ExportImage:
    """An image of the project; `name` is its path relative to the project, sizes are in display orientation.

    `number` counts from 1, is unique in the project and stays the same in every export. `extra`, here and elsewhere, is
    what an imported dataset said that nothing here knows.
    """

    id: str
    number: int
    name: str
    width: int
    height: int
    state: str
    problem: str | None = None
    extra: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ExportAnnotation:
    """An accepted mask; its id is positive and unique in the project."""

    id: int
    category_id: int
    mask: Mask
    score: float | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    review: str = "unreviewed"
    extra: dict[str, Any] | None = None


class ExportSource(Protocol):
    """One consistent view of a project. Everything can be read more than once and is the same each time."""

    @property
    def project_name(self) -> str:
        """Name of the project."""

    @property
    def model(self) -> str:
        """Name of the model in use."""

    @property
    def extra(self) -> dict[str, Any]:
        """What imported datasets said of the whole that nothing here knows, such as COCO's `licenses`."""

    @property
    def created(self) -> str | None:
        """The time that exports give as theirs, ISO 8601 in UTC; None: now."""

    def categories(self) -> list[ExportCategory]:
        """All categories."""

    def images(self) -> Iterator[ExportImage]:
        """All images in a stable order."""

    def annotations(self, image_id: str) -> list[ExportAnnotation]:
        """The annotations of an image."""

    def picture(self, image_id: str) -> npt.NDArray[np.uint8]:
        """The pixels of an image in display orientation, RGB, shape (height, width, 3).

        Raises:
            ImageProblem: it can't be decoded.
        """

    def look_alikes(self, progress: Progress) -> list[tuple[str, ...]]:
        """Ids of images whose pictures look the same, in groups of two or more; no image is in two of them."""

    def file(self, image_id: str) -> Path | None:
        """The original file, if every reader shows it in display orientation; None when it has to be written anew."""


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of an exporter, presented alike by UI, command line and API.

    Attributes:
        choices: the values a `choice` can have; empty for the other types.
        minimum, maximum: the limits of an `int`, both included; None where there is none.
    """

    name: str
    title: str
    type: Literal["choice", "bool", "int", "text"]
    default: str | bool | int
    help: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not exported, and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Loss:
    """An object whose written form is not quite its mask: the IoU of the two."""

    annotation: int
    image: str
    iou: float


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export did.

    Attributes:
        target: the file or folder written.
        minimum_iou, mean_iou: of the masks read back with the stored ones; None when there is no object.
        losses: the objects with an IoU below 1.
        warnings: sentences worth reading.
    """

    format: str
    target: Path
    images: int
    annotations: int
    categories: int
    skipped: tuple[Skipped, ...] = ()
    minimum_iou: float | None = None
    mean_iou: float | None = None
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()


class Exporter(Protocol):
    """A format that a project can be written in."""

    @property
    def name(self) -> str:
        """Name in the registry and in the path of the export."""

    @property
    def title(self) -> str:
        """Name for people."""

    @property
    def options(self) -> tuple[Option, ...]:
        """What can be chosen."""

    def export(
        self, source: ExportSource, target_dir: Path, options: Mapping[str, Any], progress: Progress
    ) -> ExportReport:
        """Write the project into a folder, whole or not at all, and read it back to check it.

        Raises:
            InvalidInput: an option is unknown or unusable, or there is nothing to export.
            StorageProblem: the folder can't be written.
            ExportFailed: what was read back is not what is stored; nothing is left behind.
        """


EXPORTERS: dict[str, Exporter] = {}
"""All exporters by name."""


def register(exporter: Exporter) -> None:
    """Make an exporter known to UI, command line and API."""
    EXPORTERS[exporter.name] = exporter


def get_exporter(name: str) -> Exporter:
    """The exporter of that name.

    Raises:
        InvalidInput: there is none.
    """
    try:
        return EXPORTERS[name]
    except KeyError:
        known = ", ".join(sorted(EXPORTERS))
        raise InvalidInput(f"There is no export format {name!r}; use one of: {known}.", field="format") from None


def read_options(known: tuple[Option, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every option with its value: the given one, else its default.

    Raises:
        BadSetting: an option is unknown or has an unusable value.
    """
    names = [option.name for option in known]
    for name in given:
        if name not in names:
            raise BadSetting(f"There is no option {name!r}; use {', '.join(names)}.", field=f"options.{name}")
    values = {option.name: given.get(option.name, option.default) for option in known}
    for option in known:
        wanted = _wanted(option, values[option.name])
        if wanted is not None:
            raise BadSetting(f"{option.name} is {values[option.name]!r}; use {wanted}.", field=f"options.{option.name}")
    return values


def _wanted(option: Option, value: Any) -> str | None:
    """What an option should be instead of an unusable value; None when the value is fine."""
    if option.type == "bool":
        return None if isinstance(value, bool) else "true or false"
    if option.type == "choice":
        return None if value in option.choices else f"one of: {', '.join(option.choices)}"
    if option.type == "text":
        return None if isinstance(value, str) else "text"
    low, high = option.minimum, option.maximum
    fits = type(value) is int and (low is None or value >= low) and (high is None or value <= high)
    limits = [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
    return None if fits else " ".join(["a whole number", " and ".join(limits)]).strip()
