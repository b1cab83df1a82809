"""A dataset in figures, from one pass over it."""

from __future__ import annotations

import itertools
import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from annotator.exporters.base import ExportAnnotation, ExportCategory, ExportImage, ExportSource, Progress
from annotator.quality.agreement import Agreement, author_of
from annotator.quality.figures import (
    CategoryFigures,
    DayFigures,
    Distribution,
    Histogram,
    PersonFigures,
    Statistics,
)
from annotator.quality.heat import Heat
from annotator.quality.shapes import Looked

_PER_IMAGE = (0, 1, 2, 3, 4, 5, 6, 11, 21, 51, 101)
_SECONDS = (0, 2, 5, 10, 15, 20, 30, 45, 60, 120, 300)
_SIDES = tuple(step / 20 for step in range(20))
_ASPECTS = (0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 4 / 5, 5 / 4, 3 / 2, 2, 3, 4)
_ASPECT_LABELS = ("< 1:4", "1:4", "1:3", "1:2", "2:3", "1:1", "5:4", "3:2", "2:1", "3:1", "≥ 4:1")


def collect(source: ExportSource, progress: Progress = lambda done, total: None) -> Statistics:
    """All figures of a dataset; one image's objects are in memory at a time, and some numbers for each object.

    Objects without a readable mask of their image's size count as objects, but have no size or place.
    """
    total = sum(1 for _ in source.images())
    gathered = _Gathered()
    progress(0, total)
    for done, image in enumerate(source.images(), 1):
        gathered.see(image, source.annotations(image.id))
        progress(done, total)
    return gathered.statistics(source.project_name, source.categories())


def _floats() -> array[float]:
    return array("d")


@dataclass(slots=True)
class _Category:
    objects: int = 0
    images: int = 0
    pixels: array[float] = field(default_factory=_floats)
    share: array[float] = field(default_factory=_floats)
    aspect: array[float] = field(default_factory=_floats)


@dataclass(slots=True)
class _Person:
    images: int = 0
    reviews: Counter[str] = field(default_factory=Counter)
    seconds: array[float] = field(default_factory=_floats)
    clicks: array[float] = field(default_factory=_floats)


class _Gathered:
    """What is remembered of the images that were seen."""

    def __init__(self) -> None:
        self._images = 0
        self._states: Counter[str] = Counter()
        self._reviews: Counter[str] = Counter()
        self._sources: Counter[str] = Counter()
        self._models: Counter[str] = Counter()
        self._categories: dict[int, _Category] = {}
        self._people: dict[str, _Person] = {}
        self._days: dict[str, Counter[str]] = {}
        self._per_image = array("d")
        self._heat = Heat()
        self._agreement = Agreement()

    def see(self, image: ExportImage, annotations: list[ExportAnnotation]) -> None:
        """Remember an image and its objects."""
        looked = Looked(image, annotations)
        self._images += 1
        self._states["broken" if image.problem is not None else image.state] += 1
        if image.problem is None:
            self._per_image.append(len(looked.annotations))
        for item in annotations:
            self._made(item)
        for name in {author_of(item) for item in looked.annotations}:
            self._people[name].images += 1
        for category in {item.category_id for item in looked.annotations}:
            self._categories.setdefault(category, _Category()).images += 1
        for item in looked.annotations:
            self._categories[item.category_id].objects += 1
        for shape in looked.shapes:
            if shape.area:
                kept = self._categories[shape.annotation.category_id]
                kept.pixels.append(shape.area)
                kept.share.append(shape.area / (image.width * image.height))
                kept.aspect.append(shape.bbox[2] / shape.bbox[3])
                self._heat.add(shape.strokes)
        self._agreement.see(looked)

    def _made(self, item: ExportAnnotation) -> None:
        """By whom, how, when, and with what effort."""
        self._reviews[item.review] += 1
        person = self._people.setdefault(author_of(item), _Person())
        person.reviews[item.review] += 1
        if item.review == "rejected":
            return
        record = item.provenance
        self._sources[_text(record.get("source")) or "unknown"] += 1
        model = _text(record.get("model"))
        if model:
            self._models[model] += 1
        seconds, clicks = _positive(record.get("seconds")), _positive(record.get("clicks"))
        if seconds is not None:
            person.seconds.append(seconds)
        if clicks is not None and clicks > 0:  # nobody clicked on what was drawn or imported
            person.clicks.append(clicks)
        day = _day(record.get("created"))
        if day:
            self._days.setdefault(day, Counter())[author_of(item)] += 1

    def statistics(self, project: str, categories: list[ExportCategory]) -> Statistics:
        """The figures of everything seen."""
        pixels = [value for kept in self._categories.values() for value in kept.pixels]
        share = [value for kept in self._categories.values() for value in kept.share]
        aspect = [value for kept in self._categories.values() for value in kept.aspect]
        seconds = [value for person in self._people.values() for value in person.seconds]
        clicks = [value for person in self._people.values() for value in person.clicks]
        return Statistics(
            project=project,
            images=self._images,
            objects=sum(self._sources.values()),
            states=_ranked(self._states),
            reviews=_ranked(self._reviews),
            sources=_ranked(self._sources),
            models=_ranked(self._models),
            categories=self._category_figures(categories),
            per_image=Histogram.of(self._per_image, edges=_PER_IMAGE, labels=_integer_labels(_PER_IMAGE)),
            sizes=Histogram.of(
                (math.sqrt(value) for value in share), edges=_SIDES, labels=[f"{edge:.0%}" for edge in _SIDES]
            ),
            coco_sizes=Histogram.of(pixels, edges=(0, 32**2, 96**2), labels=("small", "medium", "large")),
            aspects=Histogram.of(aspect, edges=_ASPECTS, labels=_ASPECT_LABELS),
            heat=tuple(map(tuple, self._heat.mean(self._images).tolist())),
            people=self._people_figures(),
            days=self._day_figures(),
            made_in=Distribution.of(seconds),
            clicked=Distribution.of(clicks),
            seconds=Histogram.of(seconds, edges=_SECONDS, labels=_range_labels(_SECONDS)),
            clicks=Histogram.of(clicks, edges=tuple(range(1, 12)), labels=[*map(str, range(1, 11)), "≥ 11"]),
            agreement=self._agreement.figures(),
        )

    def _category_figures(self, categories: list[ExportCategory]) -> tuple[CategoryFigures, ...]:
        names = {category.id: category.name for category in categories}
        found = []
        for number in sorted({*names, *self._categories}):
            kept = self._categories.get(number, _Category())
            found.append(
                CategoryFigures(
                    id=number,
                    name=names.get(number, f"category {number}"),
                    objects=kept.objects,
                    images=kept.images,
                    pixels=Distribution.of(kept.pixels),
                    share=Distribution.of(kept.share),
                    aspect=Distribution.of(kept.aspect),
                )
            )
        return tuple(found)

    def _people_figures(self) -> tuple[PersonFigures, ...]:
        return tuple(
            PersonFigures(
                name=name or "unknown",
                objects=sum(person.reviews.values()) - person.reviews["rejected"],
                images=person.images,
                approved=person.reviews["approved"],
                rejected=person.reviews["rejected"],
                seconds=Distribution.of(person.seconds),
                clicks=Distribution.of(person.clicks),
            )
            for name, person in sorted(self._people.items())
        )

    def _day_figures(self) -> tuple[DayFigures, ...]:
        found = []
        so_far = 0
        for day, people in sorted(self._days.items()):
            so_far += people.total()
            named = tuple((name or "unknown", count) for name, count in sorted(people.items()))
            found.append(DayFigures(day, named, people.total(), so_far))
        return tuple(found)


def _ranked(counter: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _day(value: object) -> str:
    """The day of an ISO 8601 time; empty where there is none."""
    try:
        return date.fromisoformat(_text(value)[:10]).isoformat()
    except ValueError:
        return ""


def _positive(value: object) -> float | None:
    """A finite number from 0; the record of an imported object can hold anything."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e12:
        return float(value)
    return None


def _integer_labels(edges: Sequence[int]) -> list[str]:
    labels = [str(start) if end == start + 1 else f"{start}–{end - 1}" for start, end in itertools.pairwise(edges)]
    return [*labels, f"≥ {edges[-1]}"]


def _range_labels(edges: Sequence[int]) -> list[str]:
    return [*(f"{start}–{end}" for start, end in itertools.pairwise(edges)), f"≥ {edges[-1]}"]
