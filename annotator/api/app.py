"""The web application: the HTTP API, its guard, and the UI mounted beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import annotator
from annotator.api import (
    account_routes,
    errors,
    health_routes,
    image_routes,
    live_routes,
    model_routes,
    project_routes,
    quality_routes,
    reference,
    review_routes,
    version_routes,
)
from annotator.api.admission import Admission
from annotator.api.gate import Gate
from annotator.api.metrics import Metrics
from annotator.api.mounting import Mounted
from annotator.api.observer import Observer
from annotator.api.security import Guard, acting
from annotator.config import Settings
from annotator.domain.person import Person
from annotator.sessions.service import Service

Application = FastAPI
"""What `create_app` gives, for those who pass it on."""
WAITING_REQUESTS = 128
"""Requests that may wait in threads at once; the engine's own queue is bounded below that, and `Admission` above."""


def create_app(service: Service, *, visitor: Person | None = None, metrics: Metrics | None = None) -> FastAPI:
    """The application for an open project. The caller opens and closes the service.

    Args:
        visitor: who everybody is in a public demo, where `shielded` is around what finds their session.
        metrics: where its figures go; figures of its own unless given.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = WAITING_REQUESTS
        yield

    app = FastAPI(
        title="annotator",
        version=annotator.__version__,
        summary="Interactive segmentation: prompts in, masks out, datasets exported.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        root_path=service.settings.root_path,
        lifespan=lifespan,
        dependencies=[Depends(acting)],
        responses={"4XX": {"model": errors.ErrorReply}, "5XX": {"model": errors.ErrorReply}},
    )
    app.state.service = service
    app.state.metrics = metrics or Metrics(service)
    errors.install(app)
    app.include_router(health_routes.router)
    app.include_router(account_routes.router)
    app.include_router(project_routes.router, prefix="/api/v1")
    app.include_router(image_routes.router, prefix="/api/v1")
    app.include_router(model_routes.router, prefix="/api/v1")
    app.include_router(review_routes.router, prefix="/api/v1")
    app.include_router(live_routes.router, prefix="/api/v1")
    app.include_router(version_routes.router, prefix="/api/v1")
    app.include_router(quality_routes.router, prefix="/api/v1")

    @app.get("/api/docs", include_in_schema=False, response_class=HTMLResponse)
    def docs() -> str:
        return reference.page(app.openapi())

    # The last one added sees a request first.
    if visitor is None:
        app.add_middleware(Admission)
    app.add_middleware(Gate, service=service, visitor=visitor)
    return app if visitor is not None else shielded(app, settings=service.settings, metrics=app.state.metrics)


def shielded(app: FastAPI, *, settings: Settings, metrics: Metrics) -> FastAPI:
    """What every request passes before anything looks at who asks."""
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.trusted_proxies)
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(Observer, metrics=metrics)
    app.add_middleware(Mounted, root=settings.root_path)
    return app
