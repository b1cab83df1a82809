"""What all cases of a run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from annotator.bench.figures import Figure
from annotator.bench.pictures import Pictures
from annotator.bench.plain import Plain
from annotator.bench.plan import TYPICAL, Plan
from annotator.bench.server import Server

LABEL_STUDIO = "label-studio.click"


@dataclass(frozen=True, slots=True)
class Stock:
    """Names of the pictures of a run, by what they are for.

    Attributes:
        first: the one that the server embeds at its start.
        sizes: by megapixels.
        empty, full: two of the same drawing, of which one gets many objects.
        opened: opened for the first time in turn.
        shared: one a person.
        fresh: opened for the first time while somebody clicks.
        visited: gone through while memory is watched.
    """

    first: str
    sizes: dict[float, str]
    empty: str
    full: str
    opened: list[str]
    shared: list[str]
    fresh: list[str]
    visited: list[str]

    @classmethod
    def make(cls, plan: Plan, pictures: Pictures) -> Stock:
        """Write all pictures of a run."""
        first = pictures.drawn("0-first", min(plan.sizes))
        empty, full = pictures.twins("empty", "full", min(plan.sizes))
        return cls(
            first=first,
            sizes={size: pictures.drawn("size", size) for size in plan.sizes},
            empty=empty,
            full=full,
            opened=pictures.next("opened", plan.encodes),
            shared=pictures.next("shared", plan.users),
            fresh=pictures.next("fresh", max(1, plan.encodes // 2)),
            visited=pictures.next("visited", plan.visits),
        )


@dataclass(slots=True)
class Context:
    """A run under way.

    Attributes:
        folder: of the pictures.
        data: of the server's project.
        plain: the plain predictor, where there is one to compare with.
        figures: what was measured, by name, in the order of the report.
        notes: sentences for the report.
    """

    plan: Plan
    folder: Path
    data: Path
    stock: Stock
    server: Server
    plain: Plain | None
    figures: dict[str, Figure] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def figure(
        self, name: str, title: str, *, label: str = "", against: tuple[str, ...] = (), unit: str = "ms"
    ) -> Figure:
        """A new figure of the report."""
        figure = Figure(name, title, label or title, against, unit)
        self.figures[name] = figure
        return figure

    @property
    def typical(self) -> float:
        """The size in megapixels, of those that are clicked on, that comes closest to the opened images'."""
        return min(self.plan.sizes, key=lambda size: abs(size - TYPICAL))


def click_name(who: str, size: float) -> str:
    """Name of the figure of clicks of `raw`, `engine` or `api` on an image of `size` megapixels."""
    return f"{who}.click.{size:g}mp"
