"""What the server writes to its log: a line of text or of JSON for each event, with the id of its request."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import Any

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Set by the API for each request; None for background work."""

FACTS = "facts"
"""Attribute of a log record that holds its facts: `log.info("…", extra={FACTS: {...}})`."""


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request, and the record's facts."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        request = request_id.get()
        if request is not None:
            line["request"] = request
        line.update(getattr(record, FACTS, {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """The same for people: control characters of what comes from outside are shown, not obeyed."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        facts = " ".join(f"{name}={value}" for name, value in getattr(record, FACTS, {}).items())
        request = request_id.get()
        parts = [moment, record.levelname.lower(), record.getMessage(), facts, f"request={request}" if request else ""]
        line = " ".join(part for part in parts if part)
        line = "".join(one if one.isprintable() else repr(one)[1:-1] for one in line)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure(*, level: str, form: str) -> None:
    """Send everything that is logged to standard error.

    Args:
        level: the least severe level that is written: debug, info, warning or error.
        form: `text` or `json`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)  # libraries say what goes wrong, not what they do
    logging.getLogger("annotator").setLevel(level.upper())
