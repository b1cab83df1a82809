"""The values that statistics are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Distribution:
    """How numbers are spread; all of them 0 where there is none."""

    count: int = 0
    least: float = 0.0
    tenth: float = 0.0
    median: float = 0.0
    mean: float = 0.0
    ninetieth: float = 0.0
    most: float = 0.0
    total: float = 0.0

    @classmethod
    def of(cls, numbers: Iterable[float]) -> Distribution:
        """Of any numbers; quantiles are interpolated linearly."""
        values = np.fromiter(numbers, dtype=np.float64)
        if values.size == 0:
            return cls()
        least, tenth, median, ninetieth, most = np.quantile(values, [0, 0.1, 0.5, 0.9, 1]).tolist()
        return cls(values.size, least, tenth, median, float(values.mean()), ninetieth, most, float(values.sum()))


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of numbers in bins.

    Attributes:
        labels: what each bin holds, for people.
        counts: how many numbers are in each.
    """

    labels: tuple[str, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, numbers: Iterable[float], *, edges: Sequence[float], labels: Sequence[str]) -> Histogram:
        """Bins from each edge up to the next; the first also takes what is below it, the last what is above."""
        values = np.fromiter(numbers, dtype=np.float64)
        places = np.clip(np.searchsorted(np.asarray(edges), values, side="right") - 1, 0, len(labels) - 1)
        return cls(tuple(labels), tuple(np.bincount(places, minlength=len(labels)).tolist()))


@dataclass(frozen=True, slots=True)
class CategoryFigures:
    """A category.

    Attributes:
        images: number of images with at least one of its objects.
        pixels: areas in pixels.
        share: areas as a share of their image.
        aspect: width by height of the boxes.
    """

    id: int
    name: str
    objects: int
    images: int
    pixels: Distribution
    share: Distribution
    aspect: Distribution


@dataclass(frozen=True, slots=True)
class PersonFigures:
    """What a person made; seconds and clicks of the objects that have them."""

    name: str
    objects: int
    images: int
    approved: int
    rejected: int
    seconds: Distribution
    clicks: Distribution


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Objects made on a day (UTC, `2026-01-31`) by each person, and all objects up to then."""

    day: str
    people: tuple[tuple[str, int], ...]
    objects: int
    so_far: int


@dataclass(frozen=True, slots=True)
class AgreementFigures:
    """How well two people agree on the images and categories that both labelled.

    Attributes:
        images: number of these images.
        objects: objects of the two people together.
        matched: pairs with an IoU of at least one half.
        iou: IoU of the matched pairs.
        found_by_both: share of all objects that are matched (the F1 score of one person against the other).
    """

    first: str
    second: str
    images: int
    objects: int
    matched: int
    iou: Distribution
    found_by_both: float


@dataclass(frozen=True, slots=True)
class Statistics:
    """A dataset in figures; rejected objects are counted in `reviews` and for their authors, and nowhere else.

    Attributes:
        objects: number of objects that are not rejected.
        states: number of images in each state, and of those that can't be shown as `broken`.
        reviews: number of objects in each review state.
        sources: number of objects by how they were made (`model`, `hand`, `import`, …).
        models: number of objects by the model that made them.
        per_image: objects of an image.
        sizes: side of a square of the object's area, as a share of that of the image.
        coco_sizes: COCO's small (< 32² pixels), medium and large (≥ 96²) objects.
        aspects: width by height.
        heat: rows from top to bottom of the mean number of objects at that place of the image.
        made_in: seconds from the first prompt to the acceptance, of objects that have them.
        clicked: clicks of objects that have them.
    """

    project: str
    images: int
    objects: int
    states: tuple[tuple[str, int], ...]
    reviews: tuple[tuple[str, int], ...]
    sources: tuple[tuple[str, int], ...]
    models: tuple[tuple[str, int], ...]
    categories: tuple[CategoryFigures, ...]
    per_image: Histogram
    sizes: Histogram
    coco_sizes: Histogram
    aspects: Histogram
    heat: tuple[tuple[float, ...], ...]
    people: tuple[PersonFigures, ...]
    days: tuple[DayFigures, ...]
    made_in: Distribution
    clicked: Distribution
    seconds: Histogram
    clicks: Histogram
    agreement: tuple[AgreementFigures, ...]
