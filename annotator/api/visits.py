"""The visitors of a public demo: who is here, who comes in, whose time is over."""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import anyio
import anyio.to_thread
import fastapi.dependencies.models
from starlette.types import ASGIApp

from annotator.api.lifespan import Lifespan
from annotator.domain.person import Person, Role
from annotator.errors import Busy
from annotator.sessions.throwaway import Throwaway

_log = logging.getLogger("annotator.visits")

TIDY_SECONDS = 0.5
SPARE_SECONDS = 300.0
"""Without a click for so long, a visitor's place is another's when all are taken."""
UNUSED_SECONDS = 30.0
"""The same for a page that was fetched and then did nothing: programs fetch pages, people's browsers go on."""
WAITING = 16
"""New visitors that may wait at once for their session to be made."""
BACK_SECONDS = 60


@dataclass(eq=False, slots=True)
class Visit:
    """One visitor's session, and how it is being used.

    Attributes:
        seen: when they last did something, in seconds of the clock.
        used: whether their page has ever done anything.
        acting: requests under way that change something.
        requests: all requests under way, and whether they last as long as the page is open.
    """

    secret: str
    person: Person
    session: Throwaway
    app: ASGIApp
    lifespan: Lifespan
    seen: float
    used: bool = False
    acting: int = 0
    requests: dict[anyio.CancelScope, bool] = field(default_factory=dict)


class Visits:
    """All visitors. Everything here runs in the event loop; what takes long is done in threads.

    Args:
        begin: makes the session of a person of this name; called in a thread.
        dress: makes the application of a session; called in a thread, within an event loop.
        places: visitors at once.
        idle_seconds: without a click, after which a session ends.
    """

    def __init__(
        self,
        *,
        begin: Callable[[str], Throwaway],
        dress: Callable[[Throwaway, Person], ASGIApp],
        places: int,
        idle_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._begin = begin
        self._dress = dress
        self._places = places
        self._idle = idle_seconds
        self._clock = clock
        self._closing: Callable[[], bool] = lambda: False
        self._here: dict[str, Visit] = {}
        self._coming: dict[str, asyncio.Task[Visit]] = {}
        self._going: set[asyncio.Task[None]] = set()
        self._making = asyncio.Semaphore(1)  # one at a time: who is here already is to feel nothing of it
        self._numbers = itertools.count(secrets.randbelow(1 << 16))

    def __len__(self) -> int:
        return len(self._here)

    def until(self, closing: Callable[[], bool]) -> None:
        """Let go of everybody who waits for something when `closing` says so: the server is going down."""
        self._closing = closing

    def find(self, secret: str) -> Visit | None:
        """The session of whoever knows this secret."""
        return self._here.get(secret)

    async def enter(self, secret: str) -> Visit:
        """The session of this secret, made if there is none, once however many ask.

        Raises:
            Busy: all places are taken.
            StorageProblem: there is no room for it.
        """
        known = self._here.get(secret)
        if known is not None:
            return known
        task = self._coming.get(secret)
        if task is None:
            leaving = self._make_room()
            task = asyncio.create_task(self._made(secret, leaving))
            self._coming[secret] = task
            task.add_done_callback(lambda _: self._coming.pop(secret, None))
        return await asyncio.shield(task)

    @asynccontextmanager
    async def request(self, visit: Visit, *, acts: bool, lasts: bool) -> AsyncIterator[anyio.CancelScope]:
        """While a request of a visitor is answered; it is cancelled when the session ends.

        Args:
            acts: whether it is a sign that they are still there.
            lasts: whether it is a stream that would keep the server from going down.
        """
        visit.acting += acts
        visit.used = visit.used or acts
        with anyio.CancelScope() as scope:
            visit.requests[scope] = lasts
            try:
                yield scope
            finally:
                del visit.requests[scope]
                visit.acting -= acts
                if acts:
                    visit.seen = self._clock()

    def see(self, visit: Visit) -> None:
        """A visitor has loaded the page: their time begins anew."""
        visit.seen = self._clock()

    async def end(self, visit: Visit) -> None:
        """End a session; nothing of it is left."""
        if self._here.pop(visit.secret, None) is not None:
            await self._over(visit)

    async def tidy(self) -> None:
        """End the sessions whose time is over."""
        for visit in [one for one in self._here.values() if self._quiet(one) >= self._idle]:
            await self.end(visit)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """While the server runs; all sessions have ended afterwards."""
        keeper = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
            await asyncio.gather(*self._coming.values(), *self._going, return_exceptions=True)
            for visit in list(self._here.values()):
                await self.end(visit)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(TIDY_SECONDS)
            try:
                await self.tidy()
            except Exception:  # the task's door: the next round tries again
                _log.exception("A session could not be ended")
            if self._closing():
                for visit in self._here.values():
                    _hang_up(visit, all=False)

    def _quiet(self, visit: Visit) -> float:
        """Seconds for which a visitor has done nothing."""
        return 0.0 if visit.acting else self._clock() - visit.seen

    def _make_room(self) -> Visit | None:
        """Take a place from somebody who does nothing, if there is no other.

        Raises:
            Busy: everybody does something.
        """
        if len(self._coming) >= WAITING:
            raise Busy("Many people come in at this moment.", retry_after=5)
        if len(self._here) + len(self._coming) < self._places:
            return None
        away = [
            (visit.used, -self._quiet(visit), visit)
            for visit in self._here.values()
            if self._quiet(visit) >= (SPARE_SECONDS if visit.used else UNUSED_SECONDS)
        ]
        if not away:
            message = f"As many visitors as this demo can have are here already ({self._places})."
            raise Busy(message, retry_after=BACK_SECONDS)
        visit = min(away, key=lambda one: one[:2])[2]
        del self._here[visit.secret]
        return visit

    async def _made(self, secret: str, leaving: Visit | None) -> Visit:
        if leaving is not None:
            await self._over(leaving)
        person = Person(name=f"visitor {next(self._numbers) % (1 << 16):04x}", role=Role.CURATOR)
        async with self._making:
            session, app = await anyio.to_thread.run_sync(self._make, person)
        lifespan = Lifespan(app)
        try:
            await lifespan.start()
        except BaseException:
            await anyio.to_thread.run_sync(session.close)
            raise
        session.service.together.feed.until(lambda: self._closing())
        visit = Visit(secret, person, session, app, lifespan, seen=self._clock())
        self._here[secret] = visit
        return visit

    def _make(self, person: Person) -> tuple[Throwaway, ASGIApp]:
        session = self._begin(person.name)
        try:

            async def dressed() -> ASGIApp:
                return self._dress(session, person)

            # Within a loop: Gradio would make one that nobody closes.
            return session, asyncio.run(dressed())
        except BaseException:
            session.close()
            raise

    async def _over(self, visit: Visit) -> None:
        task = asyncio.create_task(self._ended(visit))
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        await asyncio.shield(task)

    @staticmethod
    async def _ended(visit: Visit) -> None:
        _hang_up(visit, all=True)
        try:
            await visit.lifespan.stop()
        finally:
            await anyio.to_thread.run_sync(visit.session.close)
            _let_go()


def _let_go() -> None:
    """FastAPI remembers some thousand functions that it has looked at, and with each the application that it is of."""
    for one in vars(fastapi.dependencies.models).values():
        if hasattr(one, "cache_clear"):
            one.cache_clear()


def _hang_up(visit: Visit, *, all: bool) -> None:
    """Cancel what waits for something to happen, or everything."""
    for scope, lasts in list(visit.requests.items()):
        if all or lasts:
            scope.cancel()
