"""The rules that need to have seen every image: what they remember of each, and their findings at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from annotator.quality.findings import Finding
from annotator.quality.outliers import Collected
from annotator.quality.rules import RULES
from annotator.quality.shapes import Looked
from annotator.quality.thresholds import Thresholds


class DatasetChecks:
    """Remembers some bytes for each object, and the images' names."""

    def __init__(self, thresholds: Thresholds, names: dict[int, str]) -> None:
        self._thresholds = thresholds
        self._names = names
        self._images: list[str] = []
        self._objects: Counter[int] = Counter()
        self._areas = Collected()
        self._aspects = Collected()

    def see(self, looked: Looked) -> None:
        """Remember an image."""
        number = len(self._images)
        self._images.append(looked.image.name)
        self._objects.update(item.category_id for item in looked.annotations)
        wants_area, wants_aspect = self._thresholds.on("area_outlier"), self._thresholds.on("aspect_outlier")
        if not (wants_area or wants_aspect):
            return
        pixels = looked.image.width * looked.image.height
        for shape in looked.shapes:
            if shape.area == 0:
                continue
            category, annotation = shape.annotation.category_id, shape.annotation.id
            if wants_area:
                share = shape.area / pixels
                self._areas.add(category=category, annotation=annotation, image=number, value=share)
            if wants_aspect:
                aspect = shape.bbox[2] / shape.bbox[3]
                self._aspects.add(category=category, annotation=annotation, image=number, value=aspect)

    def finish(self) -> Iterator[Finding]:
        """What all images together show."""
        yield from self._outliers("area_outlier", self._areas, ("larger", "smaller"), "median size in its category")
        yield from self._outliers(
            "aspect_outlier", self._aspects, ("wider", "narrower"), "median aspect (width/height)"
        )
        if self._thresholds.on("few_examples"):
            yield from self._few_examples()

    def _outliers(self, rule: str, collected: Collected, words: tuple[str, str], median: str) -> Iterator[Finding]:
        if not self._thresholds.on(rule):
            return
        found = collected.outliers(
            deviations=self._thresholds.get(rule, "deviations"), examples=self._thresholds.get(rule, "examples")
        )
        for category, annotation, image, deviations, ratio in found:
            word, times = (words[0], ratio) if ratio > 1 else (words[1], 1 / ratio)
            name = self._names.get(category, f"category {category}")
            yield Finding(
                rule=rule,
                severity=RULES[rule].severity,
                message=f"Object {annotation} ({name}) is {times:.1f} times {word} than the {median}.",
                image=self._images[image],
                annotation=annotation,
                category=category,
                value=abs(deviations),
            )

    def _few_examples(self) -> Iterator[Finding]:
        least = self._thresholds.get("few_examples", "count")
        for category, name in sorted(self._names.items()):
            count = self._objects[category]
            if count < least:
                many = "no object" if count == 0 else "1 object" if count == 1 else f"{count} objects"
                yield Finding(
                    rule="few_examples",
                    severity=RULES["few_examples"].severity,
                    message=f"Category {name} has {many}; label more, or merge it with another one.",
                    category=category,
                    value=count,
                )
