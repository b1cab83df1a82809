"""A measured figure: many times of one thing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Figure:
    """Times of one thing in milliseconds.

    Attributes:
        name: short, unique in a run.
        title: for people.
        against: name of the figure that a ratio is taken to.
    """

    name: str
    title: str
    against: str | None = None
    times: list[float] = field(default_factory=list)

    @property
    def p50(self) -> float:
        return float(np.percentile(self.times, 50))

    @property
    def p95(self) -> float:
        return float(np.percentile(self.times, 95))

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Add the time that the block takes."""
        start = time.perf_counter()
        yield
        self.times.append((time.perf_counter() - start) * 1000)

    def repeat(self, times: int, act: Callable[[int], Any]) -> Figure:
        """Time `act(0)`, `act(1)`, … one after the other."""
        for number in range(times):
            with self.timed():
                act(number)
        return self

    def to_json(self, others: Mapping[str, Figure]) -> dict[str, Any]:
        """What is written to a file: percentiles and the ratio, with the number of measurements."""
        base = others.get(self.against or "")
        return {
            "name": self.name,
            "title": self.title,
            "n": len(self.times),
            "p50_ms": round(self.p50, 2),
            "p95_ms": round(self.p95, 2),
            "against": self.against,
            "ratio": round(self.p50 / base.p50, 3) if base else None,
        }
