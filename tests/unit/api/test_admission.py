"""Too much at once is asked to come back, and nobody's flood shuts the others out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from annotator.api import admission
from annotator.api.admission import Admission
from annotator.api.security import MAX_JSON_BYTES
from annotator.domain.person import Person, Role


class Slow:
    """A server whose requests are under way until it is let go; whoever is in the header `x-person` asks."""

    def __init__(self) -> None:
        self.inside = 0
        self._go = asyncio.Event()
        self._admission = Admission(self._work)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = Request(scope).headers.get("x-person")
        scope["state"] = {} if name is None else {"person": Person(name=name, role=Role.ANNOTATOR)}
        await self._admission(scope, receive, send)

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside += 1
        await self._go.wait()
        self.inside -= 1
        if "fail" in scope["path"]:
            raise RuntimeError("the request failed")
        await PlainTextResponse("done")(scope, receive, send)

    def let_go(self) -> None:
        self._go.set()

    async def settled(self, count: int) -> None:
        for _ in range(1000):
            if self.inside == count:
                return
            await asyncio.sleep(0)
        raise AssertionError(f"{self.inside} requests are under way, not {count}")


@asynccontextmanager
async def asked(server: Slow) -> AsyncIterator[Callable[..., asyncio.Task[httpx.Response]]]:
    tasks: list[asyncio.Task[httpx.Response]] = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server), base_url="http://127.0.0.1") as client:

        def ask(
            person: str | None, method: str = "POST", path: str = "/", **more: object
        ) -> asyncio.Task[httpx.Response]:
            headers = {} if person is None else {"x-person": person}
            headers |= more.pop("headers", {})  # type: ignore[arg-type]
            tasks.append(asyncio.ensure_future(client.request(method, path, headers=headers, **more)))  # type: ignore[arg-type]
            return tasks[-1]

        yield ask
        server.let_go()
        await asyncio.gather(*tasks, return_exceptions=True)


def test_a_script_that_floods_is_told_to_wait_and_others_go_on() -> None:
    async def story() -> None:
        server = Slow()
        async with asked(server) as ask:
            flood = [ask("script") for _ in range(admission.CHANGES_OF_ONE + 20)]
            await server.settled(admission.CHANGES_OF_ONE)
            refused = await flood[-1]
            assert refused.status_code == 429
            assert refused.json()["error"]["code"] == "too_many"
            assert "script" in refused.json()["error"]["message"]
            assert int(refused.headers["retry-after"]) >= 1
            ann, look = ask("ann"), ask("script", "GET")
            await server.settled(admission.CHANGES_OF_ONE + 2)
            server.let_go()
            assert {(await one).status_code for one in (ann, look, *flood[: admission.CHANGES_OF_ONE])} == {200}

    asyncio.run(story())


def test_when_everybody_asks_at_once_the_rest_is_asked_to_come_back_and_then_gets_in() -> None:
    async def story() -> None:
        server = Slow()
        async with asked(server) as ask:
            held = [ask(f"person {number % 8}") for number in range(admission.CHANGES)]
            await server.settled(admission.CHANGES)
            late = await ask("ann")
            assert late.status_code == 503
            assert late.json()["error"]["code"] == "busy"
            assert int(late.headers["retry-after"]) >= 1
            server.let_go()
            assert {(await one).status_code for one in held} == {200}
            assert (await ask("ann")).status_code == 200

    asyncio.run(story())


@pytest.mark.parametrize("length", [{"content": b"x" * MAX_JSON_BYTES}, {"headers": {"transfer-encoding": "chunked"}}])
def test_large_bodies_are_asked_to_come_back_before_they_fill_the_memory(length: dict[str, object]) -> None:
    async def story() -> None:
        server = Slow()
        async with asked(server) as ask:
            count = admission.BODY_BYTES // MAX_JSON_BYTES
            for number in range(count):
                ask(f"person {number}", **length)
            await server.settled(count)
            late = await ask("ann", **length)
            assert late.status_code == 503
            small = ask("ben")
            await server.settled(count + 1)
            server.let_go()
            assert (await small).status_code == 200

    asyncio.run(story())


def test_a_place_is_free_again_after_a_request_that_failed() -> None:
    async def story() -> None:
        server = Slow()
        server.let_go()
        async with asked(server) as ask:
            for _ in range(admission.CHANGES_OF_ONE + 1):
                with pytest.raises(RuntimeError):
                    await ask("ann", path="/fail")
            assert (await ask("ann")).status_code == 200

    asyncio.run(story())


def test_what_needs_nobody_is_always_answered() -> None:
    async def story() -> None:
        server = Slow()
        async with asked(server) as ask:
            for number in range(admission.CHANGES):
                ask(f"person {number % 8}")
            await server.settled(admission.CHANGES)
            health = ask(None, "GET", "/healthz")
            server.let_go()
            assert (await health).status_code == 200

    asyncio.run(story())
