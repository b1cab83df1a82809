"""Routes of images and their annotations: pixels, predictions, drafts, objects."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import FileResponse, JSONResponse

from annotator.api import schemas
from annotator.api.security import person
from annotator.errors import InvalidInput
from annotator.images.display import display_size
from annotator.sessions.combining import Seen
from annotator.sessions.service import Service
from annotator.sessions.views import ImageView

router = APIRouter(tags=["images"])

_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}


def _current(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Current = Annotated[Service, Depends(_current)]
Author = Annotated[str, Depends(person)]
ImageId = Annotated[str, Path(max_length=64)]
AnnotationId = Annotated[int, Path(ge=1, le=2**53)]
Client = Annotated[str | None, Header(alias="X-Annotator-Client", max_length=64)]


def image_reply(service: Service, author: str, image_id: str) -> dict[str, Any]:
    """The Image object of the API."""
    return _whole(service, service.image(author=author, image_id=image_id))


def _whole(service: Service, view: ImageView) -> dict[str, Any]:
    shown = display_size(width=view.image.width, height=view.image.height)
    return schemas.image_json(view, shown=shown, root=service.settings.root_path)


def _client(request: Request, named: str | None) -> str | None:
    """Whose requests take each other's place: the name that the page gave itself, else the connection."""
    peer = request.client
    return named or (f"{peer.host}:{peer.port}" if peer else None)


def _saved(service: Service, author: str, image_id: str, **parts: Any) -> dict[str, Any]:
    return schemas.saved(service.editor.history(author=author, image_id=image_id), **parts)


@router.get("/images/{image}")
def get_image(service: Current, author: Author, image: ImageId) -> dict[str, Any]:
    """An image with its annotations and the person's draft; the next visit resumes here."""
    return _whole(service, service.open_image(author=author, image_id=image))


@router.patch("/images/{image}")
def set_state(service: Current, author: Author, image: ImageId, body: schemas.StateBody) -> dict[str, Any]:
    """Say how far the work on an image is: todo, in_progress, done or empty."""
    service.set_state(author=author, image_id=image, state=body.state)
    return image_reply(service, author, image)


@router.get("/images/{image}/pixels", response_class=FileResponse)
def get_pixels(service: Current, image: ImageId, size: Literal["display", "full"] = "display") -> FileResponse:
    """The picture in display orientation; huge ones as a scaled copy unless `size=full`."""
    shown = service.library.display(image, full=size == "full")
    return FileResponse(shown.path, media_type=shown.media_type, headers=_FOR_EVER)


@router.get("/images/{image}/thumbnail", response_class=FileResponse)
def get_thumbnail(service: Current, image: ImageId) -> FileResponse:
    """A JPEG whose longest side is 192 pixels."""
    return FileResponse(service.library.thumbnail(image), media_type="image/jpeg", headers=_FOR_EVER)


@router.post("/images/{image}/embed")
def embed(
    request: Request,
    service: Current,
    author: Author,
    image: ImageId,
    body: schemas.EmbedBody | None = None,
    client: Client = None,
) -> dict[str, Any]:
    """Wait until clicks on the image are fast, then have the images in `ahead` embedded too; harmless to repeat.

    The last request of a client says which image it has open and what it will open next: what was asked for before
    is no longer worked for.
    """
    wanted = body or schemas.EmbedBody()
    result = service.embed(
        image_id=image,
        author=author,
        model=wanted.model,
        client=wanted.client or _client(request, client),
        ahead=wanted.ahead,
    )
    if result.encoded:
        request.app.state.metrics.encode(result.ms)
    return {"state": "ready", "encoded": result.encoded, "ms": round(result.ms, 1)}


@router.get("/images/{image}/embed")
def embedding(
    service: Current, image: ImageId, model: Annotated[str | None, Query(max_length=100)] = None
) -> dict[str, Any]:
    """Whether clicks on the image are fast, and if not, what is being waited for; never waits itself."""
    state, ahead = service.embedding(image_id=image, model=model)
    return {"state": state, "ahead": ahead}


@router.post("/images/{image}/predict")
def predict(
    request: Request,
    service: Current,
    author: Author,
    image: ImageId,
    body: schemas.PredictBody,
    client: Client = None,
) -> JSONResponse:
    """Candidates for a prompt; changes nothing."""
    prediction = service.predict(
        image_id=image,
        author=author,
        prompt=body.to_prompt(),
        mask_of=body.mask.annotation if body.mask else None,
        multimask=None if body.multimask == "auto" else body.multimask,
        model=body.model,
        client=_client(request, client),
        seq=body.seq,
        hover=body.hover,
    )
    request.app.state.metrics.prompt(prediction.timing)
    return JSONResponse(schemas.prediction_json(prediction, seq=body.seq))


@router.post("/images/{image}/mask-edit")
def edit_mask(service: Current, image: ImageId, body: schemas.MaskEditBody) -> dict[str, Any]:
    """What a clean-up makes of a mask, and how many pixels it adds and removes; changes nothing."""
    edited = service.editor.cleaned(
        image_id=image,
        mask=body.rle.to_mask(),
        operation=body.operation,
        up_to=body.up_to,
        strength=body.strength,
        others=body.others,
        besides=body.except_,
    )
    return {"rle": edited.mask.to_rle(), "added": edited.added, "removed": edited.removed}


@router.put("/images/{image}/draft")
def save_draft(service: Current, author: Author, image: ImageId, body: schemas.DraftBody) -> dict[str, Any]:
    """Keep the draft as it is now; each call is one step of undo."""
    if body.mask is not None and body.mask.rle is None:
        raise InvalidInput('A draft keeps its mask as {"rle": ...}; send that.', field="mask")
    draft = service.drafts.save(
        author=author,
        image_id=image,
        draft_id=body.id,
        prompt=body.to_prompt(),
        category_id=body.category,
        revision=body.revision,
        label=body.label,
        replaces=body.replaces,
        replaces_revision=body.replaces_revision,
    )
    return _saved(service, author, image, draft=schemas.draft_json(draft))


@router.delete("/images/{image}/draft")
def drop_draft(service: Current, author: Author, image: ImageId, body: schemas.RevisionBody) -> dict[str, Any]:
    """Give the draft up; undo brings it back."""
    service.drafts.drop(author=author, image_id=image, revision=body.revision)
    return _saved(service, author, image)


@router.post("/images/{image}/annotations", status_code=201)
def add_annotation(service: Current, author: Author, image: ImageId, body: schemas.AnnotationBody) -> dict[str, Any]:
    """Accept the draft, or add a mask made elsewhere."""
    if (body.draft is None) == (body.rle is None):
        raise InvalidInput("Send either `draft` (its id) or `rle` (a mask).", field="draft")
    if body.rle is not None:
        annotation = service.editor.add(
            author=author, image_id=image, category=body.category, mask=body.rle.to_mask(), key=body.key
        )
    else:
        assert body.draft is not None
        annotation = service.drafts.accept(
            author=author,
            image_id=image,
            draft_id=body.draft,
            category=body.category,
            candidate=body.candidate,
            model=body.model,
            closer=body.closer,
            no_overlap=body.no_overlap,
        )
    return _saved(service, author, image, annotation=schemas.annotation_json(annotation))


@router.post("/images/{image}/combine")
def combine(service: Current, author: Author, image: ImageId, body: schemas.CombineBody) -> dict[str, Any]:
    """Merge, subtract, intersect or split objects, as one step of undo; replies with the image as it is then."""
    seen = [Seen(one.id, one.revision) for one in body.objects]
    parts = service.combiner.combine(author=author, image_id=image, operation=body.operation, objects=seen)
    return {"parts": parts, "image": image_reply(service, author, image)}


@router.patch("/annotations/{annotation}")
def update_annotation(
    service: Current, author: Author, annotation: AnnotationId, body: schemas.AnnotationPatch
) -> dict[str, Any]:
    """Relabel, redraw, hide or lock an object."""
    updated = service.editor.update(
        author=author,
        annotation_id=annotation,
        revision=body.revision,
        category=body.category,
        mask=body.rle.to_mask() if body.rle else None,
        hidden=body.hidden,
        locked=body.locked,
    )
    return _saved(service, author, updated.image_id, annotation=schemas.annotation_json(updated))


@router.delete("/annotations/{annotation}")
def delete_annotation(
    service: Current, author: Author, annotation: AnnotationId, body: schemas.RevisionBody
) -> dict[str, Any]:
    """Delete an object; undo brings it back under its id."""
    image = service.editor.delete(author=author, annotation_id=annotation, revision=body.revision)
    return _saved(service, author, image)
