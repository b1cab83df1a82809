"""Routes of models: which there are, how far they are, loading one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path

from annotator.api.image_routes import Current
from annotator.errors import NotFound
from annotator.sessions.service import Service

router = APIRouter(prefix="/models", tags=["models"])


@router.get("")
def list_models(service: Current) -> dict[str, Any]:
    """The models that can be chosen, where each would run and how far it is."""
    return {"items": [asdict(model) for model in service.engine.models()], "cursor": None}


@router.post("/{model}/load", status_code=202)
def load_model(service: Current, model: Annotated[str, Path(max_length=100)]) -> dict[str, Any]:
    """Begin to load a model; nobody else's clicks wait for it. `GET /models` says how far it is."""
    service.engine.load(model)
    return _item(service, model)


def _item(service: Service, name: str) -> dict[str, Any]:
    for model in service.engine.models():
        if model.name == name:
            return asdict(model)
    raise NotFound(f"There is no model “{name}” any more; reload the list.", field="model")
