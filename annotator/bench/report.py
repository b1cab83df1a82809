"""The result of a run."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from annotator.bench.figures import Figure

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a run and what they belong to (docs/benchmarks.md describes the JSON).

    Attributes:
        model: `name`, `title`, `random_weights`.
        device: where it ran.
        machine: see `annotator.bench.machine.machine`.
        versions: of annotator, Python and libraries.
        plan: what was asked for.
        figures: by name, in order.
        notes: sentences.
    """

    model: Mapping[str, Any]
    device: str
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    plan: Mapping[str, Any]
    made: str
    figures: MutableMapping[str, Figure]
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The report as written to a file."""
        return {
            "schema": SCHEMA,
            "made": self.made,
            "model": dict(self.model),
            "device": self.device,
            "machine": dict(self.machine),
            "versions": dict(self.versions),
            "plan": dict(self.plan),
            "rows": [figure.to_json(self.figures) for figure in self.figures.values()],
            "notes": self.notes,
        }
