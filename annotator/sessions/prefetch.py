"""Embedding the images that people are about to open, one at a time, while nobody waits for anything else."""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol

from annotator.engine import EmbedResult, ImageSource
from annotator.errors import ImageProblem, NotFound

HOLD_SECONDS = 0.5
"""How long a click keeps the next image from being begun: the same person is likely to click again."""
PATIENCE_SECONDS = 5.0
"""How long clicks may keep it from being begun; many people click all the time."""
CLIENTS = 256
"""Clients whose wishes are kept; nobody says goodbye, so the oldest are forgotten."""


class Embedder(Protocol):
    """What is needed of the engine."""

    def embed(
        self, source: ImageSource, *, model: str | None = None, priority: Literal["open", "prefetch"] = "open"
    ) -> EmbedResult:
        """See `Engine.embed`."""


@dataclass(frozen=True, slots=True)
class _Wish:
    source: ImageSource
    model: str | None


class Prefetcher:
    """One thread that works through what clients wish for, each in turn.

    Args:
        engine: embeds; what is embedded already costs it nothing.
        source_of: the source of the image with an id; raises NotFound or ImageProblem.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        *,
        engine: Embedder,
        source_of: Callable[[str], ImageSource],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._source_of = source_of
        self._clock = clock
        self._changed = threading.Condition()
        self._wishes: OrderedDict[str, deque[_Wish]] = OrderedDict()  # whose turn it is comes first
        self._turns: OrderedDict[str, int] = OrderedDict()
        self._numbers = itertools.count()
        self._busy = False
        self._closed = False
        self._held_until = 0.0
        self._held_since: float | None = None
        self._thread = threading.Thread(target=self._work, name="prefetch", daemon=True)
        self._thread.start()

    def wish(self, client: str, image_ids: Sequence[str], *, model: str | None = None, turn: int | None = None) -> None:
        """What a client will open next, the likeliest first; takes the place of what it wished for before.

        Images that can't be shown are left out.

        Args:
            turn: what `forget` returned when the client opened the image that these come after; the wish is in vain
                if the client has gone on since.

        Raises:
            NotFound: there is no image with one of the ids; nothing has changed then.
        """
        wishes = deque(
            _Wish(source, model)
            for index, image_id in enumerate(image_ids)
            if (source := self._source(image_id, index))
        )
        with self._changed:
            if turn is not None and turn != self._turns.get(client):
                return
            if wishes and not self._closed:
                self._wishes[client] = wishes  # a client that waits keeps its turn
                while len(self._wishes) > CLIENTS:
                    self._wishes.popitem(last=False)
            else:
                self._wishes.pop(client, None)
            self._changed.notify_all()

    def forget(self, client: str) -> int:
        """A client wishes for nothing any more, as it has gone elsewhere; the image being embedded is finished.

        Returns:
            A number to make its next wish with.
        """
        with self._changed:
            self._wishes.pop(client, None)
            self._turns.pop(client, None)
            self._turns[client] = next(self._numbers)
            while len(self._turns) > CLIENTS:
                self._turns.popitem(last=False)
            self._changed.notify_all()
            return self._turns[client]

    def hold(self) -> None:
        """Somebody clicks: begin nothing for a moment."""
        with self._changed:
            now = self._clock()
            if self._held_since is None or now > self._held_until:
                self._held_since = now
            self._held_until = now + HOLD_SECONDS

    def wait(self, timeout: float) -> bool:
        """Whether nothing is left to do, once that is so or `timeout` seconds have passed."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._wishes and not self._busy, timeout)

    def close(self, *, timeout: float = 10.0) -> None:
        """Forget everything, and wait for the image that is being embedded."""
        with self._changed:
            self._closed = True
            self._wishes.clear()
            self._changed.notify_all()
        self._thread.join(timeout)

    def _source(self, image_id: str, index: int) -> ImageSource | None:
        try:
            return self._source_of(image_id)
        except NotFound as error:
            raise NotFound(error.message, field=f"ahead.{index}") from error
        except ImageProblem:
            return None

    def _work(self) -> None:
        while (wish := self._next()) is not None:
            with suppress(Exception):  # the thread's door: whoever opens the image is told what is wrong with it
                self._engine.embed(wish.source, model=wish.model, priority="prefetch")
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _next(self) -> _Wish | None:
        """The next wish, once there is one and nobody clicks; None at the end."""
        with self._changed:
            while not self._closed:
                pause = self._pause()
                if self._wishes and pause <= 0:
                    client, wishes = self._wishes.popitem(last=False)
                    wish = wishes.popleft()
                    if wishes:
                        self._wishes[client] = wishes
                    self._busy = True
                    self._held_since = None if self._clock() > self._held_until else self._clock()
                    return wish
                self._changed.wait(pause if self._wishes else None)
            return None

    def _pause(self) -> float:
        """Seconds for which clicks keep the next image from being begun."""
        if self._held_since is None:
            return 0.0
        return min(self._held_until, self._held_since + PATIENCE_SECONDS) - self._clock()
