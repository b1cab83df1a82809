"""A public demo: everybody who comes has a project of their own, and nothing is kept."""

from __future__ import annotations

import os
import socket
import tempfile
from contextlib import closing
from pathlib import Path

from annotator import demo
from annotator.config import Settings
from annotator.domain.person import Person
from annotator.scratch import scratch_folder
from annotator.server import listen, run
from annotator.sessions.throwaway import Beginning, Throwaway

SCRATCH = "annotator-demo-"
"""Begins the names of the folders, among the system's temporary files, that hold everything a demo writes."""


def serve(folder: Path | None, settings: Settings, *, open_browser: bool) -> None:
    """Serve a demo until interrupted.

    Args:
        folder: whose project everybody begins with; it stays as it is. None: the photos that come with annotator.

    Raises:
        BadSetting: the address can't be listened on, or the project is not in a file.
        NotFound: there is no such folder.
        StorageProblem: the project can't be read, or temporary files not be written.
    """
    with (
        listen(settings.host, settings.port) as listener,
        scratch_folder(Path(tempfile.gettempdir()), prefix=SCRATCH) as scratch,
    ):
        os.environ["GRADIO_TEMP_DIR"] = str(scratch / "gradio")
        photos = folder
        if photos is None:
            photos = scratch / "demo"
            demo.prepare(photos)
        first = demo.FIRST if folder is None else None
        with closing(Beginning(photos, settings, scratch, categories=list(demo.CATEGORIES), first=first)) as beginning:
            beginning.start()
            _serve(beginning, listener, settings, open_browser=open_browser)


def _serve(beginning: Beginning, listener: socket.socket, settings: Settings, *, open_browser: bool) -> None:
    # Imported while the model loads: Gradio takes the longer part of a second.
    from annotator.api.app import Application, create_app
    from annotator.api.metrics import Metrics
    from annotator.api.visitors import create_demo
    from annotator.api.visits import Visits
    from annotator.ui.app import mount

    service = beginning.service
    metrics = Metrics(service)

    def dress(session: Throwaway, person: Person) -> Application:
        return mount(create_app(session.service, visitor=person, metrics=metrics), session.service)

    visits = Visits(
        begin=beginning.session,
        dress=dress,
        places=settings.demo_visitors,
        idle_seconds=settings.demo_minutes * 60,
    )
    about = (
        f"demo of “{service.name}”, model {service.engine.model}, visitors at once: {settings.demo_visitors}."
        f" Nothing is kept: what a visitor has made is gone after {settings.demo_minutes} min without a click"
    )
    app = create_demo(service, visits, metrics=metrics)
    run(app, listener, settings, about=about, open_browser=open_browser, until=visits.until)
