"""A figure: one thing measured many times, and what it is compared with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

BLOCK = 10  # measurements in a row of one thing before its rival has its turn
PAUSE = 0.2  # seconds; threads of the one before spin for a while after their work and would slow down the next


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of 100 of the values lie, interpolated between neighbours (numpy's `linear`).

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("There are no values to take a percentile of.")
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


@dataclass(slots=True)
class Figure:
    """Values of one thing.

    Attributes:
        name: short, unique in a run.
        title: what it is, for people.
        label: what it is called where others are compared with it.
        against: names of the figures that a ratio is taken to.
        unit: `ms`, `MiB` or `clicks/s`.
        values: what was measured.
    """

    name: str
    title: str
    label: str = ""
    against: tuple[str, ...] = ()
    unit: str = "ms"
    values: list[float] = field(default_factory=list)

    @property
    def p50(self) -> float:
        return percentile(self.values, 50)

    @property
    def p95(self) -> float:
        return percentile(self.values, 95)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Add the milliseconds that the block takes."""
        start = time.perf_counter()
        yield
        self.values.append((time.perf_counter() - start) * 1000)

    def ratios(self, others: Mapping[str, Figure]) -> dict[str, float]:
        """This median as a multiple of the medians of those it is compared with, by name; those that are there."""
        found = {name: others[name] for name in self.against if name in others and others[name].values}
        return {name: self.p50 / other.p50 for name, other in found.items() if other.p50 > 0}

    def to_json(self, others: Mapping[str, Figure]) -> dict[str, Any]:
        """A row of the report (docs/benchmarks.md)."""
        return {
            "name": self.name,
            "title": self.title,
            "unit": self.unit,
            "n": len(self.values),
            "p50": round(self.p50, 3),
            "p95": round(self.p95, 3),
            "ratio_to": {name: round(ratio, 4) for name, ratio in self.ratios(others).items()},
        }


Act = Callable[[int], object]


def alternate(rivals: Sequence[tuple[Figure, Act]], count: int, *, block: int = BLOCK, pause: float = PAUSE) -> None:
    """Measure each rival `count` times, in turns of `block`, so that what else the machine does meets all alike.

    Args:
        rivals: each with what to do for number 0, 1, … of its measurements.
        pause: seconds before each turn.
    """
    for start in range(0, count, block):
        for figure, act in rivals:
            time.sleep(pause)
            for number in range(start, min(start + block, count)):
                with figure.timed():
                    act(number)
