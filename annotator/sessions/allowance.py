"""What somebody may use up who nobody knows: a visitor of a public demo."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from annotator.errors import Busy, NotAllowed

VISITORS_FORMAT = "coco"
"""The one format that visitors export: the others have pictures in them, or are folders of files."""
EXPORTED_OBJECTS = 5000
"""Objects that a visitor's export can have: it keeps others waiting as long as it takes."""
PAUSE_SECONDS = 3.0
"""How long whoever has exported leaves it to others."""


class Turns:
    """Work that costs a process: one at a time, for all visitors together, and nobody twice in a row."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last: tuple[str, float] = ("", float("-inf"))

    @contextmanager
    def take(self, who: str) -> Iterator[None]:
        """While it is somebody's turn.

        Raises:
            Busy: it is another's, or was theirs just now.
        """
        if not self._lock.acquire(blocking=False):
            raise Busy("Another visitor is exporting right now; try again in a few seconds.", retry_after=3)
        try:
            name, ended = self._last
            if name == who and self._clock() - ended < PAUSE_SECONDS:
                raise Busy("You have exported just now; try again in a few seconds.", retry_after=PAUSE_SECONDS)
            yield
            self._last = (who, self._clock())
        finally:
            self._lock.release()


@dataclass(frozen=True, slots=True)
class Allowance:
    """The limits of one visitor's session.

    Attributes:
        who: the visitor.
        minutes: without a click, after which it ends.
        objects: that can be made, beside those it began with.
        most: objects that there can be in all.
        turns: shared with all other visitors.
    """

    who: str
    minutes: int
    objects: int
    most: int
    turns: Turns

    def require_room(self, objects: int) -> None:
        """Check that there may be so many objects.

        Raises:
            NotAllowed: they are too many.
        """
        if objects > self.most:
            raise NotAllowed(
                f"This demo keeps {self.objects:,} objects of yours, and they are made. Delete some to make others."
            )

    @contextmanager
    def exporting(self, format: str) -> Iterator[None]:
        """While the visitor exports.

        Raises:
            NotAllowed: the format is not for visitors, or there may be too many objects.
            Busy: it is not their turn.
        """
        if format != VISITORS_FORMAT:
            raise NotAllowed("The demo exports COCO; all other formats are there in an annotator of your own.")
        if self.most - self.objects > EXPORTED_OBJECTS:
            raise NotAllowed(f"A demo exports up to {EXPORTED_OBJECTS:,} objects, and this project began with more.")
        with self.turns.take(self.who):
            yield
