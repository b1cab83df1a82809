"""Importing Gradio without the second it takes to write files that only editors read.

While Gradio is imported, it parses the source of each of its components and writes a `.pyi` file beside it, every time
anew. It skips a component whose source it can't find, and that is what it is told here.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _without_sources() -> Iterator[None]:
    """Hide where the classes of Gradio are written; everything else is found as always."""
    original = inspect.getfile

    def getfile(thing: Any) -> str:
        if isinstance(thing, type) and thing.__module__.startswith("gradio."):
            raise OSError("hidden while Gradio is imported")
        return original(thing)

    inspect.getfile = getfile  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = original


def import_gradio() -> None:
    """Import Gradio; afterwards `import gradio` costs nothing."""
    with _without_sources():
        import gradio  # noqa: F401
