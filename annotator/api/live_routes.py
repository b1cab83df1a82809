"""Routes of working together: what happens as it happens, who is where, the next free image, assignments."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from annotator.api import schemas
from annotator.api.image_routes import Author
from annotator.api.project_routes import Project
from annotator.api.security import still_in
from annotator.domain.together import Event, Presence
from annotator.sessions.together import Together

router = APIRouter(tags=["together"])

LOOK_SECONDS = 0.2
QUIET_SECONDS = 15.0
"""How long nothing may be said: proxies hang up on silence, and a browser that has gone is noticed only by writing."""
STILL_SECONDS = 2.0
"""How soon a stream ends whose person has signed out."""
MAX_ASSIGNED = 5000

# Proxies must pass events on as they come.
_STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

ClientName = Annotated[schemas.Text, Field(min_length=1, max_length=64)]


class PresenceBody(schemas.Body):
    """Which image a tab has open; None: none any more."""

    client: ClientName
    image: schemas.Name | None = None


class NextBody(schemas.Body):
    """Who wants the next image, and which one they come from."""

    client: ClientName
    after: schemas.Name | None = None


class AssignBody(schemas.Body):
    """Who is to do images; None: whoever comes."""

    images: Annotated[list[schemas.Name], Field(min_length=1, max_length=MAX_ASSIGNED)]
    assignee: schemas.Name | None = None


@router.get("/projects/{project}/events", response_class=StreamingResponse)
async def follow_events(
    service: Project,
    request: Request,
    client: Annotated[str | None, Query(max_length=64)] = None,
    after: Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=2**53)] = None,
) -> StreamingResponse:
    """What others do, as server-sent events; what the tab `client` does itself is left out."""
    stream = _stream(service.together, request, client=client, after=after)
    return StreamingResponse(stream, media_type="text/event-stream", headers=_STREAM)


@router.get("/projects/{project}/presence")
def get_presence(service: Project) -> dict[str, Any]:
    """Who has which image open."""
    return {"items": [_presence_json(one) for one in service.together.present()]}


@router.put("/projects/{project}/presence")
def put_presence(service: Project, author: Author, body: PresenceBody) -> dict[str, Any]:
    """Say which image a tab has open, again every 15 seconds; replies with who is where."""
    if body.image is None:
        service.together.leave(author=author, client=body.client)
        return get_presence(service)
    present = service.together.arrive(author=author, client=body.client, image_id=body.image)
    return {"items": [_presence_json(one) for one in present]}


@router.post("/projects/{project}/next")
def take_next(service: Project, author: Author, body: NextBody) -> dict[str, Any]:
    """The next image for the person, which nobody else gets from now on."""
    return schemas.image_item_json(service.together.next_for(author=author, client=body.client, after=body.after))


@router.get("/projects/{project}/people")
def get_people(service: Project, author: Author) -> dict[str, Any]:
    """Who can be given work: people with accounts, who has made something, and who asks."""
    roles = {account.person.name: account.person.role.value for account in service.accounts.all()}
    names = {*roles, *service.reviewer.facets().authors, author}
    return {"items": [{"name": name, "role": roles.get(name)} for name in sorted(names, key=str.casefold)]}


@router.post("/projects/{project}/assign")
def assign(service: Project, author: Author, body: AssignBody) -> dict[str, Any]:
    """Say who is to do images."""
    return {"images": service.together.assign(author=author, image_ids=body.images, assignee=body.assignee)}


async def _stream(together: Together, request: Request, *, client: str | None, after: int | None) -> AsyncIterator[str]:
    with together.feed.listening() as newest:
        last = newest
        yield f"retry: 1000\nid: {last}\nevent: hello\ndata: {json.dumps({'missed': after not in (None, newest)})}\n\n"
        quiet = looked = 0.0
        while not together.feed.closed and not await request.is_disconnected():
            for event in together.feed.since(last):
                last = event.id
                if client is None or event.client != client:
                    yield _event_text(event)
                    quiet = 0.0
            if quiet >= QUIET_SECONDS:
                yield ": still here\n\n"
                quiet = 0.0
            await anyio.sleep(LOOK_SECONDS)
            quiet += LOOK_SECONDS
            looked += LOOK_SECONDS
            if looked >= STILL_SECONDS and not await still_in(request):
                return
            looked = looked % STILL_SECONDS


def _event_text(event: Event) -> str:
    item = None if event.image is None else schemas.image_item_json(event.image)
    data = {"image": event.image_id, "author": event.author, "item": item}
    return f"id: {event.id}\nevent: {event.kind}\ndata: {json.dumps(data)}\n\n"


def _presence_json(presence: Presence) -> dict[str, Any]:
    return {"client": presence.client, "author": presence.author, "image": presence.image_id}
