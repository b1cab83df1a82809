"""Several people in one project: who has which image open, who gets which next, and what happened just now."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from sqlalchemy import Connection

from annotator.domain.project import Image
from annotator.domain.together import Event, EventKind, Presence
from annotator.errors import NotFound, StorageProblem
from annotator.sessions import acting
from annotator.store import event_rows, image_rows, lease_rows
from annotator.store.database import Database, now

LEASE_SECONDS = 40
"""How long an image is somebody's after their tab last said so; tabs say so every 15 seconds."""
POLL_SECONDS = 0.25
"""How often events of other processes are looked for while somebody listens."""


def announce(connection: Connection, project_id: str, kind: EventKind, *, image_id: str | None, author: str) -> None:
    """Tell everybody who looks on, once the transaction at hand is on disk."""
    event_rows.add(connection, project_id, kind=kind, image_id=image_id, author=author, client=acting.client.get())


class Together:
    """Leases and assignments of a project."""

    def __init__(self, *, database: Database, project_id: str) -> None:
        self._database = database
        self._project_id = project_id
        self.feed = Feed(database=database, project_id=project_id)

    def arrive(self, *, author: str, client: str, image_id: str) -> list[Presence]:
        """A tab has an image open, now and for a while; to be said again before that is over. Returns who is where.

        Raises:
            NotFound: there is no such image.
        """
        with self._database.write() as connection:
            image_rows.get(connection, image_id)
            self._take(connection, Presence(client, author, image_id))
            return lease_rows.present(connection, self._project_id, at=now())

    def _take(self, connection: Connection, presence: Presence) -> None:
        moved = lease_rows.take(connection, self._project_id, presence, expires=_in(LEASE_SECONDS))
        if self._tidy(connection) or moved:
            announce(connection, self._project_id, "presence", image_id=presence.image_id, author=presence.author)

    @staticmethod
    def _tidy(connection: Connection) -> bool:
        return lease_rows.forget(connection, at=now(), beyond=_in(2 * LEASE_SECONDS))

    def leave(self, *, author: str, client: str) -> None:
        """A tab has no image open any more."""
        with self._database.write() as connection:
            if lease_rows.release(connection, client):
                announce(connection, self._project_id, "presence", image_id=None, author=author)

    def present(self) -> list[Presence]:
        """Who has which image open."""
        with self._database.read() as connection:
            return lease_rows.present(connection, self._project_id, at=now())

    def next_for(self, *, author: str, client: str, after: str | None) -> Image:
        """The next image for a person, which nobody else gets from now on.

        Args:
            after: the image they come from.

        Raises:
            NotFound: everything is done, or others are at it.
        """
        with self._database.write() as connection:
            self._tidy(connection)
            found = lease_rows.next_free(connection, self._project_id, author=author, after=after, at=now())
            if found is None:
                raise NotFound(
                    "There is no image left for you: all are finished, assigned to others or open elsewhere."
                )
            self._take(connection, Presence(client, author, found.id))
        return found

    def assign(self, *, author: str, image_ids: Sequence[str], assignee: str | None) -> int:
        """Say who is to do images; None: whoever comes. Returns how many there are."""
        with self._database.write() as connection:
            count = lease_rows.assign(connection, self._project_id, list(image_ids), assignee)
            announce(connection, self._project_id, "images", image_id=None, author=author)
        return count


def _in(seconds: float) -> str:
    moment = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Feed:
    """Events as they come, read from the database by one thread however many listen, and only while somebody does."""

    def __init__(self, *, database: Database, project_id: str) -> None:
        self._database = database
        self._project_id = project_id
        self._recent: deque[Event] = deque(maxlen=event_rows.KEPT)
        self._newest = 0
        self._listeners = 0
        self._round = 0
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._over: Callable[[], bool] = lambda: False

    def until(self, over: Callable[[], bool]) -> None:
        """Let go of everybody when `over` says so: a server waits for its connections before it goes down."""
        self._over = over

    @property
    def closed(self) -> bool:
        """Whether the server is going down: listeners are to hang up."""
        return self._closed.is_set() or self._over()

    def close(self) -> None:
        """Let go of everybody who listens."""
        self._closed.set()

    @contextmanager
    def listening(self) -> Iterator[int]:
        """While somebody listens. Gives the id of the newest event."""
        with self._lock:
            self._listeners += 1
            if self._listeners == 1:
                with self._database.read() as connection:
                    self._newest = event_rows.newest(connection)
                self._recent.clear()
                self._round += 1
                threading.Thread(target=self._follow, args=(self._round,), name="feed", daemon=True).start()
        try:
            yield self._newest
        finally:
            with self._lock:
                self._listeners -= 1

    def since(self, event_id: int) -> list[Event]:
        """The events after one, as far as they are known here."""
        if event_id >= self._newest:
            return []
        return [event for event in list(self._recent) if event.id > event_id]

    def _follow(self, mine: int) -> None:
        while not self._closed.wait(POLL_SECONDS):
            with self._lock:
                if self._listeners == 0 or self._round != mine:
                    return
            try:
                with self._database.read() as connection:
                    fresh = event_rows.since(connection, self._project_id, self._newest)
            except StorageProblem:
                continue  # whoever writes is told; events come when the database is back
            self._recent.extend(fresh)
            self._newest = fresh[-1].id if fresh else self._newest
