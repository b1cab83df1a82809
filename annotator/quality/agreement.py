"""How well people agree who labelled the same images."""

from __future__ import annotations

import itertools
from array import array
from dataclasses import dataclass, field

from annotator.exporters.base import ExportAnnotation
from annotator.quality.figures import AgreementFigures, Distribution
from annotator.quality.shapes import Looked

MATCH = 0.5
"""IoU from which two objects are taken for the same thing."""


def author_of(annotation: ExportAnnotation) -> str:
    """Who made an object; empty where nobody is recorded."""
    author = annotation.provenance.get("author")
    return author if isinstance(author, str) else ""


@dataclass(slots=True)
class _Together:
    images: int = 0
    objects: int = 0
    ious: array[float] = field(default_factory=lambda: array("d"))


class Agreement:
    """Compares every two people's objects of a category on an image.

    Objects are matched greedily, the pair with the largest IoU first, each object once. With IoUs above one
    half that is also the best matching whenever objects of one person don't overlap, because an object can't share more
    than half of itself with two of them (Kirillov et al., "Panoptic Segmentation", 2019, section 4.1).

    An image counts for two people and a category if they have at least one match there: two who share the work, one
    labelling what the other has not, don't disagree.
    """

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], _Together] = {}

    def see(self, looked: Looked) -> None:
        """Compare the objects of an image."""
        people = sorted({author_of(shape.annotation) for shape in looked.shapes} - {""})
        if len(people) < 2:
            return
        for first, second in itertools.combinations(people, 2):
            counted = False
            for category in {shape.annotation.category_id for shape in looked.shapes}:
                both = [
                    index
                    for index, shape in enumerate(looked.shapes)
                    if shape.annotation.category_id == category and author_of(shape.annotation) in (first, second)
                ]
                ious = _matched(looked, set(both))
                if ious:
                    together = self._pairs.setdefault((first, second), _Together())
                    together.objects += len(both)
                    together.ious.extend(ious)
                    together.images += not counted
                    counted = True

    def figures(self) -> tuple[AgreementFigures, ...]:
        """Every two people who labelled the same things."""
        return tuple(
            AgreementFigures(
                first=first,
                second=second,
                images=pair.images,
                objects=pair.objects,
                matched=len(pair.ious),
                iou=Distribution.of(pair.ious),
                found_by_both=2 * len(pair.ious) / pair.objects,
            )
            for (first, second), pair in sorted(self._pairs.items())
        )


def _matched(looked: Looked, members: set[int]) -> list[float]:
    """IoUs of matches between objects of different people among the members."""
    ious: list[float] = []
    free = set(members)
    for pair in sorted(looked.pairs, key=lambda pair: -pair.iou):
        if pair.iou < MATCH:
            break
        one, other = looked.shapes[pair.first].annotation, looked.shapes[pair.second].annotation
        if pair.first in free and pair.second in free and author_of(one) != author_of(other):
            free -= {pair.first, pair.second}
            ious.append(pair.iou)
    return ious
