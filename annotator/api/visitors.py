"""A public demo in front of everything: it finds each visitor's own session by a cookie, and lets new ones in."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import annotator
from annotator.api import errors, health_routes, visitor_pages
from annotator.api.admission import Admission
from annotator.api.app import WAITING_REQUESTS, shielded
from annotator.api.gate import session_ended
from annotator.api.metrics import Metrics
from annotator.api.mounting import inner_path
from annotator.api.security import SAFE
from annotator.api.visits import Visit, Visits
from annotator.errors import AnnotatorError, Busy
from annotator.sessions.service import Service

BEGIN = "begin"
"""In the address between two redirections: a cookie was sent, and has to come back."""
_STREAMS = ("/gradio_api/heartbeat/",)  # those of our own end by themselves
_WATCHED = frozenset({"/healthz", "/readyz", "/api/v1/healthz", "/metrics"})


def create_demo(service: Service, visits: Visits, *, metrics: Metrics) -> FastAPI:
    """The application of a public demo.

    Args:
        service: what everybody begins with; watched, never worked on.
        visits: who is here. They live as long as the application.
        metrics: the figures of all visitors together.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = WAITING_REQUESTS
        async with visits.open():
            yield

    metrics.watch_visitors(lambda: len(visits))
    app = FastAPI(title="annotator", version=annotator.__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.service = service
    app.state.metrics = metrics
    errors.install(app)
    app.include_router(health_routes.router)
    app.add_middleware(Visitors, service=service, visits=visits)
    return shielded(app, settings=service.settings, metrics=metrics)


class Seals:
    """Secrets that only this process can have given out: what somebody made up is not one."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def new(self) -> str:
        """A new secret with its seal, for a cookie."""
        secret = secrets.token_urlsafe(32)
        return f"{secret}.{self._seal(secret)}"

    def secret_of(self, value: str) -> str | None:
        """The secret in a cookie; None if it is not from here."""
        secret, _, seal = value.partition(".")
        return secret if hmac.compare_digest(seal.encode(), self._seal(secret).encode()) else None

    def _seal(self, secret: str) -> str:
        return hmac.new(self._key, secret.encode(), hashlib.sha256).hexdigest()


class Visitors:
    """ASGI middleware that hands each visitor's requests to their own application.

    Only a page that a browser loads makes a session, and only after its cookie has come back: whoever asks for
    anything else, or keeps no cookies, takes nobody's place.
    """

    def __init__(self, app: ASGIApp, service: Service, visits: Visits) -> None:
        self._app = app
        self._admitted = Admission(_own_app)  # one for all: what is too much at once is so for the whole server
        self._visits = visits
        self._watched_by_all = service.settings.local
        self._cookie = f"annotator-visitor-{service.project_id}"
        self._seals = Seals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path = inner_path(scope)
        if path in _WATCHED:
            await self._watched(path)(scope, receive, send)
            return
        cookies = cookie_parser(Headers(scope=scope).get("cookie", ""))
        secret = self._seals.secret_of(cookies.get(self._cookie, ""))
        visit = None if secret is None else self._visits.find(secret)
        if scope["type"] == "websocket":  # nothing here uses one
            await send({"type": "websocket.close", "code": 1008})
        elif _is_page(scope, path):
            await self._page(scope, receive, send, secret=secret, visit=visit)
        elif visit is None:
            await session_ended()(scope, receive, send)
        else:
            await self._pass_on(visit, scope, receive, send)

    def _watched(self, path: str) -> ASGIApp:
        if path == "/metrics" and not self._watched_by_all:
            message = "The figures of a public demo are for this computer only: listen on 127.0.0.1 to see them."
            return errors.reply(status=403, code="not_allowed", message=message)
        return self._app

    async def _page(
        self, scope: Scope, receive: Receive, send: Send, *, secret: str | None, visit: Visit | None
    ) -> None:
        root = scope.get("root_path", "")
        query = scope["query_string"].decode("latin-1")
        begun, rest = query.split("&", 1)[0] == BEGIN, query.removeprefix(BEGIN).removeprefix("&")
        if secret is None:
            await (_no_cookies(root) if begun else self._newcomer(scope, root, query))(scope, receive, send)
        elif begun:
            await RedirectResponse(f"{root}/{f'?{rest}' if rest else ''}", status_code=303)(scope, receive, send)
        else:
            try:
                visit = visit or await self._visits.enter(secret)
                self._visits.see(visit)
            except AnnotatorError as error:
                await _not_now(error, root)(scope, receive, send)
            else:
                await self._pass_on(visit, scope, receive, send)

    def _newcomer(self, scope: Scope, root: str, query: str) -> Response:
        reply = RedirectResponse(f"{root}/?{BEGIN}{f'&{query}' if query else ''}", status_code=303)
        reply.headers["Cache-Control"] = "no-store"
        reply.set_cookie(
            self._cookie,
            self._seals.new(),
            path=root or "/",
            secure=scope.get("scheme") == "https",
            httponly=True,
            samesite="lax",
        )
        return reply

    async def _pass_on(self, visit: Visit, scope: Scope, receive: Receive, send: Send) -> None:
        path = inner_path(scope)
        acts = scope["method"] not in SAFE and not path.endswith("/presence")
        if acts and await anyio.to_thread.run_sync(lambda: visit.session.full):
            await self._visits.end(visit)
            await session_ended()(scope, receive, send)
            return
        reply = _Reply(send, changing="/annotations/" in path)
        async with self._visits.request(visit, acts=acts, lasts=path.startswith(_STREAMS)) as under_way:
            scope.setdefault("state", {}).update(person=visit.person, visit=visit)
            await self._admitted(scope, receive, reply.send)
        if under_way.cancelled_caught:
            await reply.break_off(scope, receive)


async def _own_app(scope: Scope, receive: Receive, send: Send) -> None:
    visit: Visit = scope["state"]["visit"]
    await visit.app(scope, receive, send)


class _Reply:
    """What is sent to a visitor; it is finished in good order when their session ends meanwhile."""

    def __init__(self, send: Send, *, changing: bool) -> None:
        self._send = send
        self._changing = changing
        self._begun = self._over = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            if self._changing:
                # Objects of the next session have the same numbers: a browser must not show the last one's pictures.
                MutableHeaders(scope=message)["Cache-Control"] = "private, no-store"
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            self._over = True
        await self._send(message)

    async def break_off(self, scope: Scope, receive: Receive) -> None:
        if not self._begun:
            await session_ended()(scope, receive, self._send)
        elif not self._over:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _is_page(scope: Scope, path: str) -> bool:
    """Whether a browser loads the page itself, and not a program or a part of another page."""
    headers = Headers(scope=scope)
    return (
        scope.get("method") == "GET"
        and path == "/"
        and "text/html" in headers.get("accept", "")
        and headers.get("sec-fetch-dest", "document") == "document"
    )


def _no_cookies(root: str) -> Response:
    text = "What you do here is kept apart from others’ by a cookie. Allow cookies for this site, then try again."
    return visitor_pages.sorry("This demo needs a cookie", text, root=root, status=400)


def _not_now(error: AnnotatorError, root: str) -> Response:
    wait = error.retry_after if isinstance(error, Busy) else 60.0
    text = f"{error.message} Come back in {'a minute' if wait > 30 else 'a few seconds'}."
    if not isinstance(error, Busy):
        text = "The server has no room for another visitor at the moment. Come back in a few minutes."
    return visitor_pages.sorry("Please come back soon", text, root=root, status=503, retry_after=wait)
