"""Signing in and out, and a person's own account: plain pages that work without scripts."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from annotator.api import account_pages
from annotator.api.gate import cookie_of, session_of
from annotator.api.image_routes import Current
from annotator.api.security import who
from annotator.errors import AnnotatorError, Busy, Conflict
from annotator.sessions.accounts import SESSION
from annotator.sessions.service import Service

router = APIRouter()

Text = Annotated[str, Form(max_length=2000)]


@router.get("/login", include_in_schema=False, response_class=HTMLResponse)
def login_page(request: Request, service: Current, next: Annotated[str, Query(max_length=4000)] = "/") -> Response:
    """The form to sign in; where there are no accounts nobody has to."""
    if service.settings.local and not service.accounts.exist:
        return RedirectResponse(_root(request) + "/", status_code=303)
    return _page(account_pages.login(service.name, action=_login_path(request, next)))


@router.post("/login", include_in_schema=False, response_class=HTMLResponse)
def sign_in(
    request: Request,
    service: Current,
    name: Text = "",
    password: Text = "",
    next: Annotated[str, Query(max_length=4000)] = "/",
) -> Response:
    """Begin a session and go to where the person wanted to."""
    address = request.client.host if request.client else ""
    try:
        secret = service.accounts.sign_in(name.strip(), password, address=address)
    except AnnotatorError as error:
        page = account_pages.login(service.name, action=_login_path(request, next), name=name, problem=error.message)
        again = _page(page, status=error.status)
        if isinstance(error, Busy):
            again.headers["Retry-After"] = str(max(1, round(error.retry_after)))
        return again
    reply = RedirectResponse(_root(request) + local_path(next), status_code=303)
    reply.set_cookie(
        cookie_of(service),
        secret,
        max_age=round(SESSION.total_seconds()),
        path=_root(request) or "/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return reply


@router.post("/logout", include_in_schema=False)
def sign_out(request: Request, service: Current, everywhere: bool = False) -> Response:
    """End this session, or all of the person's."""
    if everywhere:
        person = who(request.scope).name
        service.accounts.sign_out_everywhere(person, by=person)
    service.accounts.sign_out(session_of(request.headers, cookie_of(service)))
    reply = RedirectResponse(_root(request) + "/login", status_code=303)
    reply.delete_cookie(cookie_of(service), path=_root(request) or "/", httponly=True, samesite="lax")
    return reply


@router.get("/account", include_in_schema=False, response_class=HTMLResponse)
def account_page(request: Request, service: Current) -> Response:
    """The person's own account: password, tokens, signing out."""
    return _account(request, service)


@router.post("/account", include_in_schema=False, response_class=HTMLResponse)
def change_account(
    request: Request, service: Current, action: Text = "", old: Text = "", password: Text = "", label: Text = ""
) -> Response:
    """Another password, a new token, or one less."""
    person = who(request.scope).name
    address = request.client.host if request.client else ""
    try:
        if action == "password":
            # Somebody at an unlocked computer must not take the account over.
            service.accounts.sign_in(person, old, address=address)
            service.accounts.set_password(person, password, by=person)
            return RedirectResponse(_login_path(request, "/"), status_code=303)
        if action == "token":
            made = service.accounts.create_token(person, label=label.strip(), by=person)
            return _account(request, service, token=made)
        if action == "revoke":
            service.accounts.revoke_token(person, label=label, by=person)
            return _account(request, service)
        raise Conflict("Nothing was chosen to be done.")
    except AnnotatorError as error:
        return _account(request, service, problem=error.message, status=error.status)


@router.get("/api/v1/me", tags=["people"])
def get_me(request: Request, service: Current) -> dict[str, Any]:
    """Who asks, with which role, whether people sign in here at all, and which project it is.

    Its id and `since` tell it from every other one that is served at the same address at another time.
    """
    person = who(request.scope)
    me: dict[str, Any] = {
        "name": person.name,
        "role": person.role.value,
        "accounts": bool(request.scope["state"].get("accounts")),
        "project": service.project_id,
        "since": service.since,
    }
    if service.allowance is not None:
        me["demo"] = {"minutes": service.allowance.minutes, "objects": service.allowance.objects}
    return me


def local_path(path: str) -> str:
    """Where to go after signing in: a path of this server, never another one."""
    parts = urlsplit(path)
    fine = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if fine and not parts.scheme and not parts.netloc else "/"


def _root(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/")


def _login_path(request: Request, back: str) -> str:
    return f"{_root(request)}/login?next={quote(local_path(back), safe='')}"


def _account(
    request: Request, service: Service, *, token: str | None = None, problem: str | None = None, status: int = 200
) -> Response:
    person = who(request.scope)
    known = any(account.person.name == person.name for account in service.accounts.all())
    tokens = service.accounts.tokens(person.name) if known else []
    page = account_pages.account(person, root=_root(request), tokens=tokens, known=known, token=token, problem=problem)
    return _page(page, status=status)


def _page(html: str, *, status: int = 200) -> HTMLResponse:
    return HTMLResponse(html, status_code=status, headers={"Cache-Control": "no-store", **account_pages.POLICY})
