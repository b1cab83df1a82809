"""What goes over the wire: request bodies with their limits, and replies made from the domain's values."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt

from annotator.domain.annotation import Annotation, Draft
from annotator.domain.mask import Mask
from annotator.domain.project import Category, Image
from annotator.domain.prompt import MAX_POINTS, Box, Point, Prompt
from annotator.engine import Prediction
from annotator.errors import BadPrompt, InvalidInput
from annotator.sessions.editing import History
from annotator.sessions.service import Service
from annotator.sessions.views import ImageView, ProjectView
from annotator.store.database import now

MAX_AHEAD = 8
"""Images that a client can ask to have embedded ahead."""
_LARGEST = 2**53


def _storable(text: str) -> str:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("the text holds characters that can't be stored")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[Text, Field(min_length=1, max_length=100)]
Id = Annotated[StrictInt, Field(ge=1, le=_LARGEST)]
Revision = Annotated[StrictInt, Field(ge=0, le=_LARGEST)]
DraftId = Annotated[Text, Field(min_length=1, max_length=64)]
CategoryRef = Id | Name


class Body(BaseModel):
    """A request body; unknown fields are refused, so that a typing mistake never passes silently."""

    model_config = ConfigDict(extra="forbid")


class Rle(Body):
    """COCO's run-length encoding; `counts` is compressed (a string) or not (a list)."""

    size: Annotated[list[StrictInt], Field(min_length=2, max_length=2)]
    counts: Text | list[StrictInt]

    def to_mask(self) -> Mask:
        return Mask.from_rle({"size": self.size, "counts": self.counts})


class MaskPrompt(Body):
    """A mask to refine: an annotation's or one's own."""

    annotation: Id | None = None
    rle: Rle | None = None


class PromptBody(Body):
    """Points `[x, y, label]`, a box `[x0, y0, x1, y1]` and a mask, in image pixels."""

    points: Annotated[list[tuple[float, float, StrictInt]], Field(max_length=MAX_POINTS)] = []
    box: tuple[float, float, float, float] | None = None
    mask: MaskPrompt | None = None
    choice: Annotated[StrictInt, Field(ge=0, le=2)] | None = None
    local: StrictBool = False
    crop: Literal["auto"] | tuple[float, float, float, float] | None = None

    def to_prompt(self) -> Prompt:
        """The prompt; a mask named by its annotation is looked up by the service."""
        own = self.mask.rle if self.mask else None
        if self.mask and (own is None) == (self.mask.annotation is None):
            raise BadPrompt('the mask must be {"annotation": id} or {"rle": {...}}', field="mask")
        return Prompt(
            points=tuple(Point(x, y, label) for x, y, label in self.points),
            box=Box(*self.box) if self.box else None,
            mask=own.to_mask() if own else None,
            choice=self.choice,
            local=self.local,
            crop=Box(*self.crop) if isinstance(self.crop, tuple) else self.crop,
        )


class PredictBody(PromptBody):
    draft: DraftId | None = None
    multimask: Literal["auto"] | StrictBool = "auto"
    model: Name | None = None
    seq: Annotated[StrictInt, Field(ge=0, le=_LARGEST)] | None = None
    hover: StrictBool = False


class DraftBody(PromptBody):
    id: DraftId
    category: Id | None = None
    revision: Revision | None = None
    label: Name = "edit draft"
    replaces: Id | None = None
    replaces_revision: Revision | None = None


class RevisionBody(Body):
    revision: Revision


class AnnotationBody(Body):
    category: CategoryRef
    draft: DraftId | None = None
    candidate: Annotated[StrictInt, Field(ge=0, le=2)] | None = None
    model: Name | None = None
    rle: Rle | None = None
    key: DraftId | None = None
    closer: StrictBool = True
    no_overlap: StrictBool = False


class AnnotationPatch(Body):
    revision: Revision
    category: CategoryRef | None = None
    rle: Rle | None = None
    hidden: StrictBool | None = None
    locked: StrictBool | None = None


class MaskEditBody(Body):
    """A clean-up of a mask; nothing is saved."""

    rle: Rle
    operation: Literal[
        "fill_holes", "remove_specks", "keep_largest", "smooth", "no_overlap", "merge", "subtract", "intersect"
    ]
    up_to: Annotated[StrictInt, Field(ge=1, le=_LARGEST)] | None = None
    strength: Annotated[float, Field(gt=0, le=50)] = 2.0
    others: Annotated[list[Id], Field(max_length=1000)] = []
    except_: Annotated[Id | None, Field(alias="except")] = None


class SeenBody(Body):
    id: Id
    revision: Revision


class CombineBody(Body):
    """An operation on accepted objects; the first keeps its id."""

    operation: Literal["merge", "subtract", "intersect", "split"]
    objects: Annotated[list[SeenBody], Field(min_length=1, max_length=1000)]


class CategoryBody(Body):
    name: Name
    supercategory: Annotated[Text, Field(max_length=100)] = ""
    colour: Annotated[Text, Field(max_length=7)] | None = None


class CategoryPatch(Body):
    name: Name | None = None
    supercategory: Annotated[Text, Field(max_length=100)] | None = None
    colour: Annotated[Text, Field(max_length=7)] | None = None


class StateBody(Body):
    state: Name


class ImageRef(Body):
    image: Name


class EmbedBody(Body):
    """`ahead`: ids of the images that the client will open next, the likeliest first."""

    model: Name | None = None
    client: Annotated[Text, Field(min_length=1, max_length=64)] | None = None
    ahead: Annotated[list[Annotated[Text, Field(max_length=64)]], Field(max_length=MAX_AHEAD)] = []


def write_cursor(key: str) -> str:
    """An opaque text for a place in a list."""
    return base64.urlsafe_b64encode(key.encode("utf-8", "surrogateescape")).decode("ascii")


def read_cursor(cursor: str) -> str:
    """The place that `write_cursor` wrote.

    Raises:
        InvalidInput: it did not.
    """
    try:
        return base64.urlsafe_b64decode(cursor.encode("ascii")).decode("utf-8")
    except ValueError:
        raise InvalidInput("This cursor is not one of ours; start the list anew.", field="cursor") from None


def category_json(category: Category) -> dict[str, Any]:
    return {
        "id": category.id,
        "name": category.name,
        "supercategory": category.supercategory,
        "colour": category.colour,
        "objects": category.objects,
    }


def project_json(view: ProjectView, service: Service) -> dict[str, Any]:
    counts, scan = view.counts, service.library.status
    return {
        "id": view.id,
        "name": view.name,
        "author": view.author,
        "categories": [category_json(category) for category in view.categories],
        "counts": {name: getattr(counts, name) for name in counts.__slots__},
        "last_image": view.last_image,
        "scan": {"state": scan.state, "done": scan.done, "total": scan.total},
        "model": {
            "name": service.engine.model,
            "device": service.engine.device,
            "notice": service.engine.notice(),
        },
        "prefetch": service.settings.prefetch,
    }


def image_item_json(image: Image) -> dict[str, Any]:
    return {
        "id": image.id,
        "name": image.name,
        "width": image.width,
        "height": image.height,
        "state": image.state,
        "objects": image.objects,
        "problem": image.problem,
        "note": image.note,
        "assignee": image.assignee,
    }


def annotation_json(annotation: Annotation) -> dict[str, Any]:
    return {
        "id": annotation.id,
        "image": annotation.image_id,
        "category": annotation.category_id,
        "rle": annotation.mask.to_rle(),
        "area": annotation.mask.area,
        "bbox": list(annotation.mask.bbox),
        "score": annotation.score,
        "provenance": annotation.provenance.to_json(),
        "review": annotation.review,
        "note": annotation.note,
        "hidden": annotation.hidden,
        "locked": annotation.locked,
        "author": annotation.author,
        "revision": annotation.revision,
        "created": annotation.created,
        "updated": annotation.updated,
        "updated_by": annotation.updated_by,
    }


def draft_json(draft: Draft) -> dict[str, Any]:
    prompt = draft.prompt.to_json()
    mask = prompt.pop("mask")
    return {
        "id": draft.id,
        "local": False,
        "crop": None,
        **prompt,
        "mask": {"rle": mask} if mask else None,
        "category": draft.category_id,
        "replaces": draft.replaces.annotation if draft.replaces else None,
        "revision": draft.revision,
        "updated": draft.updated,
    }


def history_json(history: History) -> dict[str, Any]:
    return {"undo": history.undo, "redo": history.redo}


def image_json(view: ImageView, *, shown: tuple[int, int], root: str) -> dict[str, Any]:
    """An image with everything on it; `shown` is the (width, height) of the picture the browser gets,
    `root` the path that the server is mounted at.

    An id is made of the hash of the file, so the URLs can be kept for ever, and whoever knows the id can fetch ahead.
    """
    image = view.image
    base = f"{root}/api/v1/images/{image.id}"
    return {
        **image_item_json(image),
        "annotations": [annotation_json(annotation) for annotation in view.annotations],
        "draft": draft_json(view.draft) if view.draft else None,
        "history": history_json(view.history),
        "pixels": {"url": f"{base}/pixels", "width": shown[0], "height": shown[1]},
        "thumbnail": f"{base}/thumbnail",
    }


def prediction_json(prediction: Prediction, *, seq: int | None) -> dict[str, Any]:
    timing = prediction.timing
    return {
        "seq": seq,
        "model": prediction.model,
        "candidates": [
            {
                "rle": candidate.mask.to_rle(),
                "score": round(candidate.score, 4),
                "area": candidate.area,
                "bbox": list(candidate.bbox),
            }
            for candidate in prediction.candidates
        ],
        "chosen": prediction.chosen,
        "crop": None if prediction.crop is None else list(prediction.crop),
        "timing_ms": {name: round(getattr(timing, name), 2) for name in ("queue", "encode", "decode", "total")},
    }


def saved(history: History, **parts: Any) -> dict[str, Any]:
    """The reply to a write that is on disk now."""
    return {**parts, "history": history_json(history), "saved": now()}
