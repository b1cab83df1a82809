"""Who is at the page, for what Gradio handles: its one path serves handlers for every role."""

from __future__ import annotations

import gradio as gr

from annotator.api.roles import require
from annotator.api.security import who
from annotator.domain.person import Role


def author_of(request: gr.Request, *, needs: Role) -> str:
    """Name of the person who asks, as it is written to what they do.

    Raises:
        NotAllowed: their role does not allow it.
    """
    assert request.request is not None, "Gradio gives it to every handler that a page has called"
    person = who(request.request.scope)
    require(person, needs)
    return person.name
