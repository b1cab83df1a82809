"""How much may be under way at once, in all and for each person: what is beyond is asked to come back, not queued.

Queues before the threads would grow without an end and take the memory; the engine's own queues are behind them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from annotator.api import errors
from annotator.api.security import MAX_JSON_BYTES, SAFE, who
from annotator.errors import Busy, TooMany

CHANGES, CHANGES_OF_ONE = 192, 48
"""Requests with a body, prompts among them, under way at once: in all, and of one person."""
LOOKS, LOOKS_OF_ONE = 1024, 256
"""Requests without one: a browser may ask for a whole list of thumbnails at once."""
BODY_BYTES = 8 * MAX_JSON_BYTES
"""Bodies held in memory at once; files that are uploaded go to the disk and count little."""
FILE_BYTES = 1 << 20
"""What an upload counts: as much of it as is in memory."""


class Admission:
    """ASGI middleware behind the gate, which says who asks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._looks = Places(LOOKS, LOOKS_OF_ONE)
        self._changes = Places(CHANGES, CHANGES_OF_ONE)
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "person" not in scope.get("state", {}):
            await self._app(scope, receive, send)
            return
        changes = scope["method"] not in SAFE
        try:
            with (self._changes if changes else self._looks).taken(who(scope).name), self._room(scope, changes):
                await self._app(scope, receive, send)
        except _Refused as refusal:
            busy = refusal.busy
            reply = errors.reply(status=busy.status, code=busy.code, message=busy.message)
            reply.headers["Retry-After"] = str(round(busy.retry_after))
            await reply(scope, receive, send)

    @contextmanager
    def _room(self, scope: Scope, changes: bool) -> Iterator[None]:
        """Room in memory for the body of a request."""
        size = _size(Headers(scope=scope)) if changes else 0
        if size and self._bytes + size > BODY_BYTES:
            raise _Refused(Busy("Too much data is on its way to the server; try again in a moment."))
        self._bytes += size
        try:
            yield
        finally:
            self._bytes -= size


class Places:
    """So many at once, in all and of one person."""

    def __init__(self, limit: int, of_one: int) -> None:
        self._limit = limit
        self._of_one = of_one
        self._taken: Counter[str] = Counter()
        self._count = 0

    @contextmanager
    def taken(self, person: str) -> Iterator[None]:
        """Hold a place; refused where there is none."""
        if self._taken[person] >= self._of_one:
            message = f"{person} has {self._of_one} requests under way already; wait for answers before you send more."
            raise _Refused(TooMany(message))
        if self._count >= self._limit:
            raise _Refused(Busy("Too many people ask for too much at once; try again in a moment."))
        self._taken[person] += 1
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1
            self._taken[person] -= 1
            if not self._taken[person]:
                del self._taken[person]


class _Refused(Exception):
    """Not an error of the request itself, which may raise the same ones."""

    def __init__(self, busy: Busy) -> None:
        self.busy = busy


def _size(headers: Headers) -> int:
    """Bytes of memory that a body takes at most, as far as its sender says what is coming."""
    if headers.get("content-type", "").startswith("multipart/"):
        return FILE_BYTES
    declared = headers.get("content-length", "")
    if declared.isdigit():
        return min(int(declared), MAX_JSON_BYTES)
    return MAX_JSON_BYTES if "transfer-encoding" in headers else 0
