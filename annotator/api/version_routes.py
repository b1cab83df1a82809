"""Routes of versions: named snapshots of the project."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field, StrictBool

from annotator.api import schemas
from annotator.api.image_routes import Author
from annotator.api.project_routes import Project
from annotator.domain.version import Version

router = APIRouter(prefix="/projects/{project}/versions", tags=["versions"])

VersionName = Annotated[str, Path(max_length=64)]


class VersionBody(schemas.Body):
    """A new version."""

    name: Annotated[schemas.Text, Field(min_length=1, max_length=64)]
    message: Annotated[schemas.Text, Field(max_length=2000)] = ""


class RestoreBody(schemas.Body):
    """Whether to say only what would be done."""

    dry_run: StrictBool = False


@router.get("")
def list_versions(service: Project) -> dict[str, Any]:
    """The versions of the project, the newest first."""
    return {"items": [_version_json(one) for one in service.versions.all()]}


@router.post("", status_code=201)
def create_version(service: Project, author: Author, body: VersionBody) -> dict[str, Any]:
    """Keep the project as it is now under a name, for ever."""
    made = service.versions.create(author=author, name=body.name, message=body.message, model=service.engine.model)
    return _version_json(made)


@router.get("/{version}/diff")
def diff(
    service: Project, version: VersionName, to: Annotated[str | None, Query(max_length=64)] = None
) -> dict[str, Any]:
    """What is not the same in a version and another one, or the project as it is now."""
    return {"items": [asdict(one) for one in service.versions.diff(version, to)]}


@router.post("/{version}/restore")
def restore(service: Project, author: Author, version: VersionName, body: RestoreBody) -> dict[str, Any]:
    """Make the project what it was in a version; what is there now is kept as a version first."""
    return asdict(service.versions.restore(author=author, name=version, dry=body.dry_run, model=service.engine.model))


def _version_json(version: Version) -> dict[str, Any]:
    shown = ("name", "message", "author", "created", "model", "images", "objects", "categories")
    return {name: getattr(version, name) for name in shown}
