"""Who may talk to the server, and how much: hosts, origins, body limits, headers, and the person who asks."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

import anyio.to_thread
from fastapi import Header, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from annotator.api import errors
from annotator.api.mounting import inner_path
from annotator.config import LOOPBACK, Settings
from annotator.domain.person import Person
from annotator.sessions.acting import client as acting_client

SAFE = ("GET", "HEAD", "OPTIONS")
MAX_JSON_BYTES = 16 << 20


def person(request: Request) -> str:
    """Author of what the request does: whom the gate has let in."""
    return who(request.scope).name


def who(scope: Scope) -> Person:
    """Whom the gate has let in with this request."""
    found: Person = scope["state"]["person"]
    return found


async def still_in(request: Request) -> bool:
    """Whether the person of a long reply is still signed in."""
    look = request.scope["state"].get("still")
    return look is None or await anyio.to_thread.run_sync(look)


async def acting(client: Annotated[str | None, Header(alias="X-Annotator-Client", max_length=64)] = None) -> None:
    """Remember which tab asks. Async, so that it happens in the request's own context and not in a thread's."""
    acting_client.set(client)


class Guard:
    """ASGI middleware (it sees WebSockets too, which `@app.middleware("http")` does not).

    Refuses host names the server was not told of (DNS rebinding), writes from pages of other origins (CSRF), and bodies
    over the limit, before anything reads them.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        local = settings.host in LOOPBACK
        self._hosts = {*LOOPBACK, settings.host, *settings.allowed_hosts} if local or settings.allowed_hosts else None
        self._image_bytes = (settings.max_upload_mb << 20) + (1 << 20)
        self._dataset_bytes = (settings.max_import_mb << 20) + (1 << 20)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        # Who is connected, before a proxy's word changes it: only proxies that are trusted may name people.
        scope.setdefault("state", {})["peer"] = (scope.get("client") or (None,))[0]
        refused = self._refusal(scope)
        if refused is not None:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await refused(scope, receive, send)
            return
        if scope["type"] == "http":
            receive, send = self._limited(scope, receive), _with_headers(inner_path(scope), send)
        try:
            await self._app(scope, receive, send)
        except _TooMuch as error:
            response = errors.reply(status=413, code="too_large", message=str(error))
            await response(scope, receive, send)

    def _refusal(self, scope: Scope) -> Any:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = urlsplit(f"//{host}").hostname or ""
        if self._hosts is not None and name not in self._hosts:
            message = f"This server does not answer to the name “{name}”; add it to the setting allowed_hosts."
            return errors.reply(status=421, code="wrong_host", message=message)
        origin = headers.get("origin")
        unsafe = scope["type"] == "websocket" or scope["method"] not in SAFE
        foreign = origin is not None and urlsplit(origin).netloc != host
        # Browsers say where a request comes from; a page of another origin can't take it away. Scripts say nothing.
        if unsafe and (foreign or headers.get("sec-fetch-site") in ("cross-site", "same-site")):
            message = f"A page of {origin or 'another site'} may not write here; open annotator at its own address."
            return errors.reply(status=403, code="wrong_origin", message=message)
        return None

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        path = inner_path(scope)
        limit, setting = MAX_JSON_BYTES, None
        if scope["method"] == "POST" and path.endswith("/images"):
            limit, setting = self._image_bytes, "max_upload_mb"
        elif path.startswith("/gradio_api/upload"):
            limit, setting = self._dataset_bytes, "max_import_mb"
        declared = Headers(scope=scope).get("content-length", "0")
        seen = int(declared) if declared.isdigit() and int(declared) > limit else 0
        remedy = "" if setting is None else f" or raise {setting}"
        sentence = f"The body is over the limit of {limit >> 20} MiB; send less{remedy}."

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _TooMuch(sentence)
            return message

        return counted


class _TooMuch(BaseException):
    """Not an Exception: body readers turn those into “malformed”."""


_API_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
# Gradio's page brings scripts of its own within it and compiles small ones. What is left: nothing from elsewhere is
# run, and nothing that is injected could send anything elsewhere.
_PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self';"
    " worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)


def _with_headers(path: str, send: Send) -> Send:
    api = path.startswith("/api/")

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Content-Security-Policy", _API_POLICY if api else _PAGE_POLICY)
            headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
            if api:  # what one person may see must not be kept for another by anything in between
                headers.setdefault("Cache-Control", "private, no-store")
            headers.setdefault("X-Content-Type-Options", "nosniff")
            headers.setdefault("Referrer-Policy", "same-origin")
            headers.setdefault("X-Frame-Options", "SAMEORIGIN")
        await send(message)

    return sending
