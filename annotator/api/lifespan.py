"""Starting and stopping an application that runs inside another one: ASGI's lifespan, played from outside."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import ASGIApp, Message


class Lifespan:
    """The life of an application, in a task of its own from `start` to `stop`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Have the application start up.

        Raises:
            RuntimeError: it can't; the message is its own.
        """
        self._task = asyncio.create_task(self._live())
        await self._step("startup")

    async def stop(self) -> None:
        """Have it shut down, and wait until it has.

        Raises:
            RuntimeError: it can't; the message is its own.
        """
        if self._task is None:
            return
        try:
            await self._step("shutdown")
        finally:
            await self._task
            self._task = None

    async def _live(self) -> None:
        scope: dict[str, Any] = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        try:
            await self._app(scope, self._heard.get, self._said.put)
        finally:
            # Whoever waits for an answer gets one, even where the application says nothing.
            await self._said.put({"type": "lifespan.over", "message": "The application has ended."})

    async def _step(self, name: str) -> None:
        await self._heard.put({"type": f"lifespan.{name}"})
        answer = await self._said.get()
        if answer["type"] != f"lifespan.{name}.complete":
            raise RuntimeError(answer.get("message", ""))
