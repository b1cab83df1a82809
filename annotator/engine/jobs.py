"""What a lane is asked for, and in which order it is done.

click > hover > open > prefetch, and within these fair between people: whoever asks for one thing after the other is
served at once, however much somebody else has asked for before. The requests of each person get turns, counted up from
the turn that is being served, and lower turns go first (start-time fair queueing, Goyal, Vin and Cheng 1996, with every
request of the same size).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Generic, TypeVar

from annotator.errors import Superseded

Item = TypeVar("Item")
Result = TypeVar("Result")


class Priority(IntEnum):
    """What somebody is waiting for comes first; lower is sooner."""

    CLICK = 0
    HOVER = 1
    OPEN = 2
    PREFETCH = 3


@dataclass(frozen=True, slots=True)
class Shared(Generic[Item, Result]):
    """Work that can be done together with other work of its kind.

    Attributes:
        kind: work of the same kind can be done together.
        size: items done together at most.
        do: does the work on the worker's thread: for each item a result, or the error of this item alone.
        item: what this job adds.
    """

    kind: Hashable
    size: int
    do: Callable[[list[Item]], Sequence[Result | Exception]]
    item: Item


@dataclass(eq=False, slots=True)
class Job(Generic[Result]):
    """A request in the queue or on the device.

    Attributes:
        run: does the work on the worker's thread; a function gets the job itself.
        image: key of the image it is about.
        client, seq: the tab that asked, and the number of the request; None: never superseded.
        person: who asked, for their fair share; None: nobody's share.
        waited: milliseconds between the request and the start of `run`.
        started: when `run` began, by the clock of `time.perf_counter`.
    """

    run: Callable[[Job[Result]], Result] | Shared[Any, Result]
    priority: Priority
    image: str | None = None
    client: str | None = None
    seq: int | None = None
    person: str | None = None
    turn: int = 0
    number: int = 0
    asked: float = field(default_factory=time.perf_counter)
    waited: float = 0.0
    started: float = 0.0
    stale: bool = False
    future: Future[Result] = field(default_factory=Future)

    @property
    def order(self) -> tuple[int, int, int]:
        """Position in the queue: smaller is sooner."""
        return self.priority, self.turn, self.number

    def require_fresh(self) -> None:
        """Stop before the next costly step if nobody wants the answer any more.

        Raises:
            Superseded: a newer request took its place, or the one who asked gave up.
        """
        if self.stale:
            raise Superseded("A newer request took this one's place.")


class Turns:
    """Whose turn it is among requests of one priority."""

    def __init__(self) -> None:
        self._now = 0
        self._next: dict[str | None, int] = {}  # of people who have asked for more than was their turn

    def of(self, job: Job[Any], replaced: Sequence[Job[Any]]) -> int:
        """The turn that a job would get: that of the one whose place it takes, else the next one of its person."""
        places = [other.turn for other in replaced if other.priority == job.priority]
        return min(places) if places else max(self._now, self._next.get(job.person, 0))

    def take(self, job: Job[Any]) -> None:
        """The job waits now."""
        if job.person is not None:
            self._next[job.person] = max(job.turn + 1, self._next.get(job.person, 0))

    def serve(self, jobs: Sequence[Job[Any]]) -> None:
        """The jobs are being done."""
        self._now = max(self._now, *(job.turn for job in jobs))
        self._next = {person: turn for person, turn in self._next.items() if turn > self._now}


def size(job: Job[Any]) -> int:
    """How many jobs like this one are done together at most."""
    return job.run.size if isinstance(job.run, Shared) else 1


def alike(first: Job[Any], other: Job[Any]) -> bool:
    """Whether two jobs can be done together; what is less urgent must not hold up a click."""
    return (
        isinstance(first.run, Shared)
        and isinstance(other.run, Shared)
        and first.run.kind == other.run.kind
        and first.priority == other.priority
    )


def supersedes(new: Job[Any], old: Job[Any]) -> bool:
    """A newer request of the same client for something at least as urgent; a hover must not cost a click its answer."""
    return (
        new.client is not None
        and new.client == old.client
        and new.seq is not None
        and old.seq is not None
        and new.seq > old.seq
        and new.priority <= old.priority
    )
