"""Every request gets an id, a line in the log and a place in the metrics."""

from __future__ import annotations

import logging
import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from annotator.api import errors
from annotator.api.metrics import Metrics
from annotator.api.mounting import inner_path
from annotator.logs import FACTS, request_id

_log = logging.getLogger("annotator.requests")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SHUT = 5


class Observer:
    """ASGI middleware around all others. `X-Request-Id` is taken over if a proxy has given one, and sent back.

    While the server goes down, requests that are under way are finished and new ones are asked to come back.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        own = given if _ID.fullmatch(given) else secrets.token_hex(8)
        token = request_id.set(own)
        began = time.perf_counter()
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = own
            await send(message)

        try:
            if _is_closing(scope):
                await _come_back(scope, receive, sending)
            else:
                await self._app(scope, receive, sending)
        finally:
            self._note(scope, status, time.perf_counter() - began)
            request_id.reset(token)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        self._metrics.request(method=_method(scope), route=route, status=status, seconds=seconds)
        person = scope.get("state", {}).get("person")
        facts = {"status": status, "ms": round(seconds * 1000, 1), "person": None if person is None else person.name}
        _log.info("%s %s", _method(scope), route, extra={FACTS: facts})


def route_of(scope: Scope) -> str:
    """The template of the route that answered, never what was asked for: what people send would name endless routes."""
    path = getattr(scope.get("route"), "path", None)
    asked = inner_path(scope)
    if isinstance(path, str) and path.startswith(("/api/", "/healthz", "/readyz", "/metrics", "/login", "/account")):
        return path
    if asked.startswith("/api/v1/") and isinstance(path, str):
        return "/api/v1" + path
    if asked.startswith("/annotator/static/"):
        return "static"
    return "page" if path is not None or asked == "/" else "other"


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"


def _is_closing(scope: Scope) -> bool:
    app = scope.get("app")
    closing = getattr(getattr(app, "state", None), "closing", None)
    return closing is not None and bool(closing())


async def _come_back(scope: Scope, receive: Receive, send: Send) -> None:
    message = "The server is going down; what you do is kept in this browser and sent when it is back."
    reply = errors.reply(status=503, code="busy", message=message)
    reply.headers["Retry-After"] = str(_SHUT)
    reply.headers["Connection"] = "close"
    await reply(scope, receive, send)
