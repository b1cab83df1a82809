"""What visitors of a public demo see while they can't come in; every text is escaped, no script is allowed."""

from __future__ import annotations

from html import escape

from fastapi.responses import HTMLResponse

from annotator.api.account_pages import POLICY, plain_page


def sorry(title: str, text: str, *, root: str, status: int, retry_after: float | None = None) -> HTMLResponse:
    """A page that says why, and leads back to the beginning."""
    body = f'<main><h1>{escape(title)}</h1><p>{escape(text)}</p><p><a href="{escape(root)}/">Try again</a></p></main>'
    reply = HTMLResponse(plain_page(title, body), status_code=status, headers={"Cache-Control": "no-store", **POLICY})
    if retry_after is not None:
        reply.headers["Retry-After"] = str(max(1, round(retry_after)))
    return reply
