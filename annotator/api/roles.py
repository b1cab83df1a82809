"""Which role a request needs: one table. A route that is not in it is for admins if it changes something."""

from __future__ import annotations

from starlette.routing import compile_path

from annotator.api.security import SAFE
from annotator.domain.person import Person, Role
from annotator.errors import NotAllowed, NotFound

OPEN = frozenset({"/login", "/healthz", "/readyz", "/api/v1/healthz", "/favicon.ico"})
"""Answered without signing in. Everything else is not, whatever serves it."""

CLOSED = (
    "/gradio_api/proxy=",
    "/gradio_api/stream",
    "/gradio_api/vibe",
    "/gradio_api/dev",
    "/gradio_api/custom_component",
    "/gradio_api/component_server",
    "/gradio_api/deep_link",
    "/gradio_api/call",
    "/gradio_api/api/",
    "/gradio_api/process_recording",
    "/monitoring",
    "/pwa_icon",
)
"""What Gradio brings along and nothing here uses: there is nothing at these paths, for nobody."""

_API = "/api/v1"
_NEEDED: dict[Role, tuple[tuple[str, str], ...]] = {
    Role.VIEWER: (
        ("POST", "/logout"),
        ("POST", "/account"),
        ("POST", _API + "/images/{image}/embed"),
        ("PUT", _API + "/projects/{project}/presence"),
        ("POST", "/gradio_api/queue/join"),  # handlers ask for a role themselves: one path serves all of them
        ("POST", "/gradio_api/run/{name}"),  # and so do those that do not queue
        ("POST", "/gradio_api/cancel"),
        ("POST", "/gradio_api/reset"),
        ("POST", "/gradio_api/reset/"),
    ),
    Role.ANNOTATOR: (
        ("PATCH", _API + "/images/{image}"),
        ("POST", _API + "/images/{image}/predict"),
        ("POST", _API + "/images/{image}/mask-edit"),
        ("PUT", _API + "/images/{image}/draft"),
        ("DELETE", _API + "/images/{image}/draft"),
        ("POST", _API + "/images/{image}/annotations"),
        ("POST", _API + "/images/{image}/combine"),
        ("PATCH", _API + "/annotations/{annotation}"),
        ("DELETE", _API + "/annotations/{annotation}"),
        ("POST", _API + "/models/{model}/load"),
        ("POST", _API + "/projects/{project}/images"),
        ("POST", _API + "/projects/{project}/categories"),
        ("POST", _API + "/projects/{project}/next"),
        ("POST", _API + "/projects/{project}/undo"),
        ("POST", _API + "/projects/{project}/redo"),
    ),
    Role.CURATOR: (
        ("PATCH", _API + "/projects/{project}/categories/{category}"),
        ("DELETE", _API + "/projects/{project}/categories/{category}"),
        ("POST", _API + "/projects/{project}/assign"),
        ("POST", _API + "/projects/{project}/review"),
        ("PUT", _API + "/projects/{project}/quality/thresholds"),
        ("POST", _API + "/projects/{project}/quality/check"),
        ("POST", _API + "/projects/{project}/quality/fix"),
        ("POST", _API + "/projects/{project}/versions"),
        ("POST", _API + "/projects/{project}/versions/{version}/restore"),
        ("POST", "/gradio_api/upload"),
    ),
}
VISITORS = (
    *_NEEDED[Role.VIEWER],
    *_NEEDED[Role.ANNOTATOR],
    ("PATCH", _API + "/projects/{project}/categories/{category}"),
    ("DELETE", _API + "/projects/{project}/categories/{category}"),
    ("POST", _API + "/projects/{project}/review"),
)
"""What a visitor of a public demo may ask for of what changes something; all it changes is their own project.

Not here is what brings files in, what starts a process, and what keeps something for ever.
"""
_NO_VISITORS = (("POST", _API + "/projects/{project}/images"),)
_VISITORS = [(method, compile_path(path)[0]) for method, path in VISITORS if (method, path) not in _NO_VISITORS]
_NO_ACCOUNTS = ("/login", "/logout", "/account", "/metrics")
_RULES = [(method, compile_path(path)[0], role) for role, routes in _NEEDED.items() for method, path in routes]


def named(method: str, path: str) -> Role | None:
    """The role that the table names for a request that changes something; None: it is not in the table."""
    for known, pattern, role in _RULES:
        if known == method and pattern.match(path):
            return role
    return None


def needed(method: str, path: str) -> Role:
    """The least role for a request."""
    if method in SAFE:
        return Role.VIEWER
    return named(method, path) or Role.ADMIN


def require_for_visitor(method: str, path: str) -> None:
    """Check that a visitor of a public demo may ask for something.

    Raises:
        NotFound: it is about accounts, or about watching the server.
        NotAllowed: it is not part of the demo.
    """
    if path.startswith(_NO_ACCOUNTS):
        raise NotFound(f"There is nothing at {path}: nobody signs in to a demo.")
    if method not in SAFE and not any(known == method and pattern.match(path) for known, pattern in _VISITORS):
        raise NotAllowed(
            "This is not part of the demo; in an annotator of your own it is. `annotator serve FOLDER` starts it."
        )


def require(person: Person, role: Role) -> None:
    """Check that a person may do what needs a role.

    Raises:
        NotAllowed: they may not.
    """
    if not person.role.allows(role):
        raise NotAllowed(
            f"You are signed in as {person.name} with the role {person.role.value}; this needs the role {role.value}."
            " Ask whoever gives out accounts."
        )
