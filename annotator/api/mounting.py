"""Where the server is in the address: at the root, or under a path that a proxy gives it."""

from __future__ import annotations

from fastapi.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Mounted:
    """ASGI middleware for proxies that take the path away before they pass a request on, and for those that do not.

    Behind it `scope["path"]` begins with `scope["root_path"]`, as ASGI says.
    """

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app = app
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._root and scope["type"] in ("http", "websocket"):
            path: str = scope["path"]
            if path == self._root and scope["type"] == "http":
                await RedirectResponse(self._root + "/", status_code=308)(scope, receive, send)
                return
            scope["root_path"] = self._root
            if not path.startswith(self._root + "/"):
                scope["path"] = self._root + path
                scope["raw_path"] = self._root.encode() + scope.get("raw_path", path.encode())
        await self._app(scope, receive, send)


def inner_path(scope: Scope) -> str:
    """What is asked for, wherever the server is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"
