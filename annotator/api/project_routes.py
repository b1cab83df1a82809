"""Routes of projects: their list of images, their categories, undo and redo."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response, UploadFile

from annotator.api import schemas
from annotator.api.image_routes import Author, Current, image_reply
from annotator.errors import InvalidInput, TooLarge
from annotator.sessions.service import Service

router = APIRouter(prefix="/projects", tags=["projects"])


def _open_project(request: Request, project: Annotated[str, Path(max_length=64)]) -> Service:
    service: Service = request.app.state.service
    service.require_project(project)
    return service


Project = Annotated[Service, Depends(_open_project)]
CategoryId = Annotated[int, Path(ge=1, le=2**53)]


@router.get("")
def list_projects(service: Current, author: Author) -> dict[str, Any]:
    """The projects this server has open."""
    return {"items": [schemas.project_json(service.project(author=author), service)], "cursor": None}


@router.get("/{project}")
def get_project(service: Project, author: Author) -> dict[str, Any]:
    """A project with its categories, counts and the image the person left off at."""
    return schemas.project_json(service.project(author=author), service)


@router.get("/{project}/images")
def list_images(
    service: Project,
    author: Author,
    status: Annotated[str | None, Query(max_length=20)] = None,
    query: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    cursor: Annotated[str | None, Query(max_length=5000)] = None,
) -> dict[str, Any]:
    """Images in natural order of names, a page at a time."""
    after = schemas.read_cursor(cursor) if cursor else None
    page = service.list_images(status=status, query=query, limit=limit, cursor=after, author=author)
    following = schemas.write_cursor(page.cursor) if page.cursor else None
    return {"items": [schemas.image_item_json(image) for image in page.items], "cursor": following}


@router.post("/{project}/images", status_code=201)
def upload_images(service: Project, file: list[UploadFile]) -> dict[str, Any]:
    """Add image files to the project's folder."""
    limit = service.settings.max_upload_mb << 20
    items = []
    for upload in file:
        content = upload.file.read(limit + 1)
        if len(content) > limit:
            raise TooLarge(
                f"“{upload.filename}” is over the limit of {limit >> 20} MiB; send less or raise max_upload_mb.",
                field="file",
            )
        items.append(schemas.image_item_json(service.library.add(upload.filename or "", content)))
    return {**items[0], "items": items}


@router.post("/{project}/categories", status_code=201)
def add_category(service: Project, body: schemas.CategoryBody) -> dict[str, Any]:
    """Add a category."""
    category = service.categories.add(name=body.name, supercategory=body.supercategory, colour=body.colour)
    return schemas.category_json(category)


@router.patch("/{project}/categories/{category}")
def update_category(service: Project, category: CategoryId, body: schemas.CategoryPatch) -> dict[str, Any]:
    """Rename, recolour or regroup a category."""
    return schemas.category_json(service.categories.update(category, **body.model_dump()))


@router.delete("/{project}/categories/{category}", status_code=204)
def delete_category(service: Project, category: CategoryId) -> Response:
    """Remove a category that no object uses."""
    service.categories.delete(category)
    return Response(status_code=204)


@router.post("/{project}/undo")
def undo(service: Project, author: Author, body: schemas.ImageRef | None = None) -> dict[str, Any]:
    """Take back the person's newest change of an image, the one they have open unless named."""
    image = _image_of(service, author, body)
    done = service.editor.undo(author=author, image_id=image)
    return {"done": done, "image": image_reply(service, author, image)}


@router.post("/{project}/redo")
def redo(service: Project, author: Author, body: schemas.ImageRef | None = None) -> dict[str, Any]:
    """Do again what was undone last on an image, the one they have open unless named."""
    image = _image_of(service, author, body)
    done = service.editor.redo(author=author, image_id=image)
    return {"done": done, "image": image_reply(service, author, image)}


def _image_of(service: Service, author: str, body: schemas.ImageRef | None) -> str:
    image = body.image if body else service.project(author=author).last_image
    if image is None:
        raise InvalidInput("No image is open; name the one that is meant.", field="image")
    return image
