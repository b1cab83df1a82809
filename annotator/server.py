"""Running the app: the socket first, the model and the images in the background, then the page."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annotator.config import Settings
from annotator.errors import BadSetting
from annotator.logs import configure
from annotator.sessions.backup import serving
from annotator.sessions.folders import data_folder
from annotator.sessions.service import Service

if TYPE_CHECKING:
    from annotator.api.app import Application

SHUTDOWN_SECONDS = 10
"""How long requests that are under way may take when the server goes down."""


def serve(
    folder: Path, settings: Settings, *, categories: list[str], open_browser: bool, first: str | None = None
) -> None:
    """Serve a folder until interrupted.

    Args:
        categories: added to the project unless it has them.
        first: name of the image to show somebody who has not been here before.

    Raises:
        BadSetting: the address can't be listened on, or others could reach it though there are no accounts.
        NotFound, StorageProblem: the folder can't be opened as a project.
    """
    with (
        listen(settings.host, settings.port) as listener,
        closing(Service.open(folder, settings)) as service,
        serving(data_folder(folder, settings)),
    ):
        require_accounts(service)
        service.categories.ensure(categories)
        service.start(first=first)
        # Imported while the model loads: Gradio takes the longer part of a second.
        from annotator.api.app import create_app
        from annotator.ui.app import mount

        app = mount(create_app(service), service)
        if not service.accounts.exist:
            service.expect(settings.author)
        about = f"project “{service.name}”, model {service.engine.model}"
        run(app, listener, settings, about=about, open_browser=open_browser, until=service.together.feed.until)


def run(
    app: Application,
    listener: socket.socket,
    settings: Settings,
    *,
    about: str,
    open_browser: bool,
    until: Callable[[Callable[[], bool]], None],
) -> None:
    """Say where the application is, and answer requests until interrupted.

    Args:
        about: what is served, for whoever has started it.
        until: is told how to know that the server goes down.
    """
    import uvicorn

    host, port = listener.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    configure(level=settings.log_level, form=settings.log_format)
    how: dict[str, Any] = {"log_config": None, "access_log": False, "proxy_headers": False}
    server = uvicorn.Server(uvicorn.Config(app, timeout_graceful_shutdown=SHUTDOWN_SECONDS, **how))
    app.state.closing = lambda: server.should_exit
    until(lambda: server.should_exit)
    print(f"annotator is at {url} ({about}). Stop with Ctrl+C.", flush=True)
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
    with suppress(KeyboardInterrupt):  # raised again by the server once it has shut down
        server.run(sockets=[listener])


def require_accounts(service: Service) -> None:
    """Refuse to serve a project that others can reach and in which nobody signs in.

    Raises:
        BadSetting: it is so; the message says how the first account is made.
    """
    settings = service.settings
    if settings.local or settings.user_header is not None or service.accounts.exist:
        return
    raise BadSetting(
        f"Others can reach {settings.host}, but nobody has an account in this project. Make one first:"
        f" annotator user add NAME {service.folder} --role admin. Or listen on 127.0.0.1, for yourself only."
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one.

    Raises:
        BadSetting: the address can't be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio only sends small replies at once (TCP_NODELAY) on sockets that say they are
    # TCP; without it every reply after the first waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise BadSetting(
            f"{host}:{port} can't be listened on: {error.strerror}. Stop what is there or give another --port."
        ) from error
    listener.listen(128)
    return listener
