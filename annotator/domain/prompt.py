"""What the user has said about one object: points, at most one box, at most one mask."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from annotator.domain.mask import Mask
from annotator.errors import BadPrompt

FOREGROUND = 1
BACKGROUND = 0
MAX_POINTS = 100


@dataclass(frozen=True, slots=True)
class Point:
    """A click in image pixels (x right, y down, pixel i covers [i, i + 1)); label 1 foreground, 0 background."""

    x: float
    y: float
    label: int = FOREGROUND


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in image pixels with x0 < x1 and y0 < y1."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Prompt:
    """Points in the order they were given, a box, a mask, and which candidate of the first answer the user picked.

    Attributes:
        crop: where to look closer after the whole image has answered: a part of the image, `auto` (where the object is,
            if it is small), or None, nowhere.
        choice: index into the candidates of the first, ambiguous answer; None takes the best scored one.
        local: points change the mask only in the regions they touch.
    """

    points: tuple[Point, ...] = ()
    box: Box | None = None
    mask: Mask | None = None
    choice: int | None = None
    local: bool = False
    crop: Box | Literal["auto"] | None = None

    def __post_init__(self) -> None:
        if len(self.points) > MAX_POINTS:
            raise BadPrompt(
                f"A prompt has at most {MAX_POINTS} points; got {len(self.points)}. Remove some.",
                field="points",
            )
        for index, point in enumerate(self.points):
            if not (math.isfinite(point.x) and math.isfinite(point.y)):
                raise BadPrompt(f"point {index} has a coordinate that is not a number", field=f"points.{index}")
            if point.label not in (FOREGROUND, BACKGROUND):
                raise BadPrompt(
                    f"point {index} has label {point.label}; use 1 for foreground or 0 for background",
                    field=f"points.{index}",
                )
        for name, box in self._boxes():
            if not all(math.isfinite(corner) for corner in (box.x0, box.y0, box.x1, box.y1)):
                raise BadPrompt(f"the {name} has a coordinate that is not a number", field=name)
            if not (box.x0 < box.x1 and box.y0 < box.y1):
                raise BadPrompt(f"the {name} is empty; x0 < x1 and y0 < y1 are needed", field=name)
        if isinstance(self.crop, str) and self.crop != "auto":
            raise BadPrompt(f"the crop {self.crop!r} is unknown; use null, auto or a box", field="crop")
        if self.choice is not None and not 0 <= self.choice <= 3:
            raise BadPrompt(f"candidate {self.choice} does not exist; use 0, 1 or 2", field="choice")

    def require_inside(self, *, width: int, height: int) -> None:
        """Check that everything lies inside an image of `width` × `height` pixels.

        Raises:
            BadPrompt: a point or the box lies outside, or the mask has another size.
        """
        for index, point in enumerate(self.points):
            for axis, value, side, limit in (("x", point.x, "width", width), ("y", point.y, "height", height)):
                if not 0 <= value <= limit:
                    raise BadPrompt(
                        f"point {index} is outside the image ({axis}={value:g}, {side}={limit})",
                        field=f"points.{index}",
                    )
        for name, box in self._boxes():
            if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height:
                raise BadPrompt(
                    f"the {name} [{box.x0:g}, {box.y0:g}, {box.x1:g}, {box.y1:g}] leaves the image ({width}×{height})",
                    field=name,
                )
        if self.mask is not None and (self.mask.height, self.mask.width) != (height, width):
            raise BadPrompt(
                f"the mask is {self.mask.width}×{self.mask.height} but the image is {width}×{height}", field="mask"
            )

    def require_answerable(self, *, width: int, height: int) -> None:
        """Check that a model can answer the prompt on an image of `width` × `height` pixels.

        Raises:
            BadPrompt: as `require_inside`, or the prompt is empty or only says what the object is not.
        """
        self.require_inside(width=width, height=height)
        if self.is_empty:
            raise BadPrompt("the prompt is empty; give a point, a box or a mask", field="points")
        if self.box is None and self.mask is None and all(point.label == BACKGROUND for point in self.points):
            raise BadPrompt("there are only background points; add a foreground point or a box", field="points")

    def _boxes(self) -> Iterator[tuple[str, Box]]:
        if self.box is not None:
            yield "box", self.box
        if isinstance(self.crop, Box):
            yield "crop", self.crop

    @property
    def is_empty(self) -> bool:
        return not self.points and self.box is None and self.mask is None

    @property
    def is_ambiguous(self) -> bool:
        """One point alone can mean a part, an object or the whole: several candidates are worth showing."""
        return len(self.points) == 1 and self.box is None and self.mask is None

    @property
    def clicks(self) -> int:
        """Number of user actions: each point and the box count one."""
        return len(self.points) + (self.box is not None)

    def prefix(self, points: int) -> Prompt:
        """The same prompt with only its first `points` points."""
        return replace(self, points=self.points[:points])

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back to an equal prompt.

        What is as in the first version is left out: recorded changes are compared with it.
        """
        told: dict[str, Any] = {
            "points": [[point.x, point.y, point.label] for point in self.points],
            "box": None if self.box is None else _corners(self.box),
            "mask": None if self.mask is None else self.mask.to_rle(),
            "choice": self.choice,
        }
        if self.local:
            told["local"] = True
        if self.crop is not None:
            told["crop"] = _corners(self.crop) if isinstance(self.crop, Box) else self.crop
        return told

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Prompt:
        """Read what `to_json` wrote (trusted data: the API's schemas check a stranger's)."""
        crop = data.get("crop")  # drafts from before there were crops have none
        return cls(
            points=tuple(Point(float(x), float(y), int(label)) for x, y, label in data.get("points", ())),
            box=Box(*map(float, data["box"])) if data.get("box") else None,
            mask=Mask.from_rle(data["mask"]) if data.get("mask") else None,
            choice=data.get("choice"),
            local=bool(data.get("local", False)),
            crop=Box(*map(float, crop)) if isinstance(crop, list) else crop,
        )


def _corners(box: Box) -> list[float]:
    return [box.x0, box.y0, box.x1, box.y1]
