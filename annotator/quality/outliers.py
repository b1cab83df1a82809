"""Objects unlike the others of their category, by median and median absolute deviation.

Source of the measure: Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993 (the modified z-score).
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator

import numpy as np

_TO_SIGMA = 1.4826
"""Median absolute deviation to standard deviation, for a normal distribution."""
_LEAST_SPREAD = math.log(1.1)
"""Objects that are all alike make no outlier of one that differs by some per cent."""


class Collected:
    """A positive number per object, kept by category: 24 bytes for each."""

    def __init__(self) -> None:
        self._logs: dict[int, array[float]] = {}
        self._places: dict[int, array[int]] = {}

    def add(self, *, category: int, annotation: int, image: int, value: float) -> None:
        """Remember an object's value; `image` is any number that leads back to its image."""
        self._logs.setdefault(category, array("d")).append(math.log(value))
        self._places.setdefault(category, array("q")).extend((annotation, image))

    def outliers(self, *, deviations: float, examples: float) -> Iterator[tuple[int, int, int, float, float]]:
        """(category, annotation, image, deviations with sign, ratio to the median) of each, category by category.

        The logarithms are compared, so that half and twice the median are equally far away.
        """
        for category, logs in sorted(self._logs.items()):
            if len(logs) < examples:
                continue
            values = np.frombuffer(logs, dtype=np.float64)
            places = np.frombuffer(self._places[category], dtype=np.int64).reshape(-1, 2)
            distance = values - np.median(values)
            spread = max(_TO_SIGMA * float(np.median(np.abs(distance))), _LEAST_SPREAD)
            for index in np.flatnonzero(np.abs(distance) >= deviations * spread).tolist():
                annotation, image = places[index].tolist()
                yield category, annotation, image, distance[index] / spread, math.exp(distance[index])
