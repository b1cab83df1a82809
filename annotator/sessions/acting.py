"""Which tab a request comes from, so that it is not told what it has done itself."""

from __future__ import annotations

from contextvars import ContextVar

client: ContextVar[str | None] = ContextVar("client", default=None)
"""Set by the API for each request; None for scripts and background work."""
