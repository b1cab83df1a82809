"""The gate: everything behind it is for people who are known, and who may do what they ask for."""

from __future__ import annotations

import ipaddress
import time
from urllib.parse import quote, unquote

import anyio
import anyio.to_thread
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from annotator.api import errors, roles
from annotator.api.mounting import inner_path
from annotator.domain.person import Person, Role
from annotator.errors import AnnotatorError, NotAllowed
from annotator.sessions.service import Service

_LOOK_SECONDS = 1.0
_LOOKERS = anyio.CapacityLimiter(8)
"""Threads of their own: who may come in is told even while all others are busy."""


def cookie_of(service: Service) -> str:
    """Name of the session's cookie. Ports of one host share cookies, so each project has its own."""
    return f"annotator-{service.project_id}"


class Gate:
    """ASGI middleware that lets a request in with its person as `scope["state"]["person"]`, or answers it itself.

    With no accounts on a server that only this computer reaches, everybody is the person of the settings.

    Args:
        visitor: who everybody is in the throw-away session of a public demo, whatever else they say; None: an ordinary
            server.
    """

    def __init__(self, app: ASGIApp, service: Service, visitor: Person | None = None) -> None:
        self._app = app
        self._visitor = visitor
        self._accounts = service.accounts
        self._settings = service.settings
        self._cookie = cookie_of(service)
        self._nobody_asks = Person(name=service.settings.author, role=Role.ADMIN)
        self._proxies = [ipaddress.ip_network(one, strict=False) for one in service.settings.trusted_proxies]
        self._looked = 0.0
        self._required = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refused = await self._refusal(scope)
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refused(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        path = inner_path(scope)
        state = scope.setdefault("state", {})
        if self._visitor is not None:
            state["accounts"], state["person"] = False, self._visitor
            return _visitors_refusal(scope, path, self._visitor)
        if path in roles.OPEN:
            return None
        if path.startswith(roles.CLOSED):
            return _nothing_at(path)
        try:
            state["accounts"] = await self._accounts_are_used()
            if not state["accounts"]:
                state["person"] = self._nobody_asks
                return None
            person = await anyio.to_thread.run_sync(self._person, scope, limiter=_LOOKERS)
        except AnnotatorError as error:
            return errors.reply(status=error.status, code=error.code, message=error.message)
        if person is None:
            return _not_signed_in(scope, path)
        state["person"] = person
        state["still"] = lambda: self._person(scope) == person
        return _expects_another(scope, person) or _not_allowed(scope, path, person)

    async def _accounts_are_used(self) -> bool:
        if not self._settings.local:
            return True
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._required = await anyio.to_thread.run_sync(lambda: self._accounts.exist, limiter=_LOOKERS)
            self._looked = time.monotonic()
        return self._required

    def _person(self, scope: Scope) -> Person | None:
        """Who asks: a token, else whom the proxy names, else a session."""
        headers = Headers(scope=scope)
        kind, _, secret = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._accounts.who(secret.strip(), kind="token")
        settings = self._settings
        if settings.user_header is not None and self._trusted(scope["state"].get("peer")):
            name = headers.get(settings.user_header)
            role = None if settings.user_header_role == "none" else Role(settings.user_header_role)
            return None if name is None else self._accounts.named(name, otherwise=role)
        return self._accounts.who(session_of(headers, self._cookie), kind="session")

    def _trusted(self, peer: str | None) -> bool:
        try:
            address = ipaddress.ip_address(peer or "")
        except ValueError:
            return False
        return any(address in network for network in self._proxies)


def session_of(headers: Headers, cookie: str) -> str:
    """The session's secret that a browser sends; empty if none."""
    return cookie_parser(headers.get("cookie", "")).get(cookie, "")


def _not_signed_in(scope: Scope, path: str) -> Response:
    headers = Headers(scope=scope)
    wants_page = scope.get("method") == "GET" and "text/html" in headers.get("accept", "")
    if wants_page and not path.startswith("/api/"):
        query = scope["query_string"].decode("latin-1")
        back = path + (f"?{query}" if query else "")
        root = scope.get("root_path", "")
        return RedirectResponse(f"{root}/login?next={quote(back, safe='')}", status_code=303)
    message = "You are not signed in; sign in at /login, or send a token."
    reply = errors.reply(status=401, code="signed_out", message=message)
    reply.headers["WWW-Authenticate"] = "Bearer"
    return reply


def _expects_another(scope: Scope, person: Person) -> Response | None:
    """What one person did must not be saved as another's who has signed in meanwhile in the same browser."""
    expected = Headers(scope=scope).get("x-annotator-person")
    if expected is None or unquote(expected) == person.name:
        return None
    message = f"{person.name} has signed in here meanwhile; this page is still {unquote(expected)}’s."
    return errors.reply(status=401, code="other_person", message=message)


def _visitors_refusal(scope: Scope, path: str, visitor: Person) -> Response | None:
    if path.startswith(roles.CLOSED):
        return _nothing_at(path)
    if _expects_another(scope, visitor) is not None:
        return session_ended()
    try:
        roles.require_for_visitor(scope.get("method", "GET"), path)
    except AnnotatorError as error:
        return errors.reply(status=error.status, code=error.code, message=error.message)
    return None


def session_ended() -> Response:
    """What is told to whom a throw-away session is not there (any more)."""
    message = "This demo session has ended, or none has begun; open the page anew to begin one."
    return errors.reply(status=401, code="session_ended", message=message)


def _nothing_at(path: str) -> Response:
    return errors.reply(status=404, code="not_found", message=f"There is nothing at {path}.")


def _not_allowed(scope: Scope, path: str, person: Person) -> Response | None:
    if scope["type"] == "websocket":
        return None
    try:
        roles.require(person, roles.needed(scope["method"], path))
    except NotAllowed as error:
        return errors.reply(status=error.status, code=error.code, message=error.message)
    return None
