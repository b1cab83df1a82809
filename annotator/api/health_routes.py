"""Whether the server lives, whether it can be worked with, and its figures."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

import annotator
from annotator.api.image_routes import Current
from annotator.api.metrics import Metrics

router = APIRouter(tags=["health"])


@router.get("/healthz")
@router.get("/api/v1/healthz", include_in_schema=False)
def health(service: Current) -> dict[str, Any]:
    """Whether the server answers, with which model, and how much waits."""
    status = service.engine.status()
    return {
        "status": "ok",
        "version": annotator.__version__,
        "model": service.engine.model,
        "device": service.engine.device,
        "queue": {"waiting": status.waiting, "running": status.running},
    }


@router.get("/readyz")
def ready(service: Current) -> JSONResponse:
    """Whether people can work: 200, or 503 with what is wrong."""
    reasons = service.readiness.reasons()
    body = {"status": "not ready" if reasons else "ready", "reasons": reasons}
    return JSONResponse(body, status_code=503 if reasons else 200, headers={"Cache-Control": "no-store"})


@router.get("/metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    figures: Metrics = request.app.state.metrics
    return Response(figures.text(), media_type=CONTENT_TYPE_LATEST)
