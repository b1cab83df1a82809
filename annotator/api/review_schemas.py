"""What goes over the wire for the review."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import Field

from annotator.api.schemas import Body, CategoryRef, SeenBody, Text, image_item_json
from annotator.domain.annotation import REVIEW_STATES
from annotator.domain.project import IMAGE_STATES
from annotator.quality.rules import RULES
from annotator.sessions.reviewing import MAX_OBJECTS
from annotator.store.review_rows import Facets, FoundImage, FoundObject


class ReviewBody(Body):
    """A judgement of objects, or another category for them."""

    objects: Annotated[list[SeenBody], Field(min_length=1, max_length=MAX_OBJECTS)]
    review: Literal["unreviewed", "approved", "rejected"] | None = None
    note: Annotated[Text, Field(max_length=2000)] = ""
    category: CategoryRef | None = None


def found_object_json(found: FoundObject, *, root: str) -> dict[str, Any]:
    """An object without its mask, with what a gallery shows of it."""
    annotation = found.annotation
    return {
        "id": annotation.id,
        "revision": annotation.revision,
        "image": annotation.image_id,
        "image_name": found.image_name,
        "image_state": found.image_state,
        "image_width": annotation.mask.width,
        "image_height": annotation.mask.height,
        "category": annotation.category_id,
        "review": annotation.review,
        "note": annotation.note,
        "author": annotation.author,
        "score": annotation.score,
        "area": annotation.mask.area,
        "bbox": list(annotation.mask.bbox),
        "created": annotation.created,
        "updated": annotation.updated,
        "locked": annotation.locked,
        "crop": f"{root}/api/v1/annotations/{annotation.id}/crop?revision={annotation.revision}",
    }


def found_image_json(found: FoundImage, *, root: str) -> dict[str, Any]:
    """An image with what a gallery shows of it."""
    image = found.image
    base = f"{root}/api/v1/images/{image.id}"
    stamp = urlencode({"objects": image.objects, "updated": found.updated or ""})
    return {
        **image_item_json(image),
        "rejected": found.rejected,
        "updated": found.updated,
        "thumbnail": f"{base}/thumbnail",
        "overview": f"{base}/overview?{stamp}",
    }


def facets_json(facets: Facets) -> dict[str, Any]:
    return {
        "categories": [{"id": key, "count": count} for key, count in sorted(facets.categories.items())],
        "authors": [{"name": key, "count": count} for key, count in sorted(facets.authors.items())],
        "review": {state: facets.reviews.get(state, 0) for state in REVIEW_STATES},
        "image_states": {state: facets.image_states.get(state, 0) for state in IMAGE_STATES},
        "rules": [
            {"name": rule.name, "title": rule.title, "count": facets.rules[rule.name]}
            for rule in RULES.values()
            if rule.name in facets.rules
        ],
        "score": facets.score,
        "area": facets.area,
    }
