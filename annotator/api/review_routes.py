"""Routes of the review: objects and images as a curator looks for them, pictures of them, judgements."""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request, Response

from annotator.api import review_schemas
from annotator.api.image_routes import AnnotationId, Author, Current, ImageId
from annotator.api.project_routes import Project
from annotator.domain.review import ImageOrder, ObjectFilter, ObjectOrder
from annotator.errors import InvalidInput
from annotator.sessions.combining import Seen

router = APIRouter(tags=["review"])

_PAINTERS = anyio.CapacityLimiter(2)
"""A gallery asks for a hundred pictures at once; they must not take the threads that answer clicks."""
_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
_GONE_AWAY = 499

Some = Annotated[list[str], Query(max_length=1000)]
Text = Annotated[str, Query(max_length=200)]
Moment = Annotated[str | None, Query(max_length=32, pattern=r"^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$")]
Share = Annotated[float | None, Query(allow_inf_nan=False)]
Pixels = Annotated[int | None, Query(ge=0, le=2**53)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=2**53)]


def _filter(
    category: Annotated[list[int], Query(max_length=1000)] = [],  # noqa: B006
    review: Some = [],  # noqa: B006
    author: Some = [],  # noqa: B006
    image_state: Some = [],  # noqa: B006
    rule: Some = [],  # noqa: B006
    score_min: Share = None,
    score_max: Share = None,
    area_min: Pixels = None,
    area_max: Pixels = None,
    since: Moment = None,
    until: Moment = None,
    query: Text = "",
) -> ObjectFilter:
    return ObjectFilter(
        categories=tuple(category),
        reviews=tuple(review),
        authors=tuple(author),
        image_states=tuple(image_state),
        rules=tuple(rule),
        score=(score_min, score_max),
        area=(area_min, area_max),
        since=since,
        until=until,
        query=query,
    )


Where = Annotated[ObjectFilter, Depends(_filter)]


@router.get("/projects/{project}/objects")
def list_objects(
    service: Project,
    where: Where,
    sort: ObjectOrder = "image",
    descending: bool = False,
    limit: Limit = 200,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Objects that a filter leaves, in an order, and how many there are in all."""
    found, total = service.reviewer.objects(where=where, order=sort, descending=descending, limit=limit, offset=offset)
    return {
        "items": [review_schemas.found_object_json(one, root=service.settings.root_path) for one in found],
        "total": total,
    }


@router.get("/projects/{project}/gallery")
def list_gallery(
    service: Project,
    where: Where,
    sort: ImageOrder = "name",
    descending: bool = False,
    limit: Limit = 200,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Images that have an object which a filter leaves, in an order, and how many there are in all."""
    found, total = service.reviewer.images(where=where, order=sort, descending=descending, limit=limit, offset=offset)
    return {
        "items": [review_schemas.found_image_json(one, root=service.settings.root_path) for one in found],
        "total": total,
    }


@router.get("/projects/{project}/facets")
def get_facets(service: Project) -> dict[str, Any]:
    """How many objects there are of each category, author, state and rule."""
    return review_schemas.facets_json(service.reviewer.facets())


@router.post("/projects/{project}/review")
def review(service: Project, author: Author, body: review_schemas.ReviewBody) -> dict[str, Any]:
    """Approve, reject or relabel objects; those that changed since they were seen are left out, with the reason."""
    if (body.review is None) == (body.category is None):
        raise InvalidInput("Say either what the review is or which category the objects get.", field="review")
    seen = [Seen(one.id, one.revision) for one in body.objects]
    if body.category is not None:
        judged = service.reviewer.relabel(author=author, objects=seen, category=body.category)
    else:
        assert body.review is not None
        judged = service.reviewer.judge(author=author, objects=seen, review=body.review, note=body.note)
    return {
        "items": [review_schemas.found_object_json(one, root=service.settings.root_path) for one in judged.objects],
        "refused": [{"id": one.id, "message": one.message} for one in judged.refused],
        "images": judged.images,
    }


@router.get("/annotations/{annotation}/crop", response_class=Response)
async def get_crop(
    service: Current,
    request: Request,
    annotation: AnnotationId,
    size: Annotated[int, Query(ge=32, le=1024)] = 192,
) -> Response:
    """WebP of an object with its surroundings; name the revision in the query, and it can be kept for ever."""
    return await _painted(request, lambda: service.reviewer.picture(annotation_id=annotation, size=size))


@router.get("/images/{image}/overview", response_class=Response)
async def get_overview(service: Current, request: Request, image: ImageId) -> Response:
    """WebP of a small image with its masks; name what it was made of in the query, and it can be kept for ever."""
    return await _painted(request, lambda: service.reviewer.overview(image_id=image))


async def _painted(request: Request, paint: Any) -> Response:
    async with _PAINTERS:
        if await request.is_disconnected():  # scrolled past
            return Response(status_code=_GONE_AWAY)
        content = await anyio.to_thread.run_sync(paint)
    return Response(content, media_type="image/webp", headers=_FOR_EVER)
