"""One error shape for everything that goes wrong: `{"error": {"code", "message", "field"}}`."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from annotator.api.mounting import inner_path
from annotator.errors import AnnotatorError, Busy

_log = logging.getLogger("annotator.api")
_PROMPT_FIELDS = {"points", "box", "mask", "choice"}


class ErrorPart(BaseModel):
    """What went wrong: a code for programs, a sentence for people, and the part of the request it is about."""

    code: str
    message: str
    field: str | None


class ErrorReply(BaseModel):
    """Every reply that is not 2xx."""

    error: ErrorPart


def reply(*, status: int, code: str, message: str, field: str | None = None) -> JSONResponse:
    """An error reply in the one shape."""
    return JSONResponse({"error": {"code": code, "message": message, "field": field}}, status_code=status)


def install(app: FastAPI) -> None:
    """Make every error of `app` leave in the one shape."""
    app.add_exception_handler(AnnotatorError, _known)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _unexpected)


async def _known(_request: Request, error: AnnotatorError) -> JSONResponse:
    response = reply(status=error.status, code=error.code, message=error.message, field=error.field)
    if isinstance(error, Busy):
        response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    return response


async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"] if part not in ("body", "query", "path")]
    if first["type"] == "json_invalid":
        return reply(status=400, code="malformed", message="The body is not JSON; send a JSON object.")
    # A union's branches (`int`, `constrained-str`) are the schema's business, not part of the reader's field.
    field = ".".join(part for part in path if part.isidentifier() or part.isdigit()) or None
    code = "bad_prompt" if path and path[0] in _PROMPT_FIELDS else "invalid_input"
    where = f"“{field}”: " if field else ""
    return reply(status=422, code=code, message=f"{where}{first['msg']}.", field=field)


async def _http(request: Request, error: HTTPException) -> JSONResponse:
    codes = {400: "malformed", 404: "not_found", 405: "not_allowed", 413: "too_large"}
    message = {
        404: f"There is nothing at {inner_path(request.scope)}; the routes are listed at /api/docs.",
        405: f"{request.method} is not possible at {inner_path(request.scope)}; the routes are listed at /api/docs.",
    }.get(error.status_code, f"{error.detail}.")
    response = reply(status=error.status_code, code=codes.get(error.status_code, "http_error"), message=message)
    response.headers.update(error.headers or {})
    return response


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return reply(
        status=500, code="internal", message="The server failed at this request; its log says why. Nothing was changed."
    )
