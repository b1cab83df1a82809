"""Refining accepted objects: a draft that takes an object's place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from annotator.domain.annotation import Annotation
from annotator.domain.mask import Mask
from annotator.domain.prompt import Box, Point, Prompt
from annotator.errors import Conflict, InvalidInput, NotFound
from annotator.sessions.service import Service

CLICK = Prompt(points=(Point(60, 40),))


def accept(service: Service, image: str, prompt: Prompt = CLICK, *, draft: str = "d1") -> Annotation:
    put(service, image, prompt, draft=draft)
    return service.drafts.accept(author="ann", image_id=image, draft_id=draft, category="cat")


def put(service: Service, image: str, prompt: Prompt, *, draft: str, replaces: int | None = None) -> None:
    before = service.image(author="ann", image_id=image).draft
    service.drafts.save(
        author="ann",
        image_id=image,
        draft_id=draft,
        prompt=prompt,
        category_id=None,
        revision=before.revision if before else None,
        label="point",
        replaces=replaces,
    )


def refine(service: Service, image: str, first: Annotation, *, draft: str = "d2") -> Prompt:
    prompt = Prompt(mask=first.mask)
    put(service, image, prompt, draft=draft, replaces=first.id)
    prompt = replace(prompt, points=(Point(60, 40, 0),), local=True)
    put(service, image, prompt, draft=draft)
    return prompt


def test_the_refined_mask_takes_the_objects_place_and_its_effort_counts_on(service: Service, images: list[str]) -> None:
    first = accept(service, images[0])
    refine(service, images[0], first)
    refined = service.drafts.accept(author="ann", image_id=images[0], draft_id="d2", category="dog")
    view = service.image(author="ann", image_id=images[0])
    assert [one.id for one in view.annotations] == [first.id]
    assert refined.mask != first.mask
    assert refined.provenance.clicks == 2
    assert (refined.created, refined.revision) == (first.created, first.revision + 1)
    assert view.draft is None
    again = service.drafts.accept(author="ann", image_id=images[0], draft_id="d2", category="dog")
    assert again.id == first.id, "asked twice because the reply was lost"


def test_undo_brings_back_the_old_mask_and_the_draft(service: Service, images: list[str]) -> None:
    first = accept(service, images[0])
    prompt = refine(service, images[0], first)
    refined = service.drafts.accept(author="ann", image_id=images[0], draft_id="d2", category="cat")
    assert service.editor.undo(author="ann", image_id=images[0]) == "refine"
    view = service.image(author="ann", image_id=images[0])
    assert view.annotations[0].mask == first.mask
    assert view.draft is not None
    assert view.draft.replaces is not None
    assert (view.draft.prompt, view.draft.replaces.annotation) == (prompt, first.id)
    again = service.drafts.accept(author="ann", image_id=images[0], draft_id="d2", category="cat")
    assert again.mask == refined.mask, "after an undo it can be accepted again"


def test_an_object_that_somebody_changed_meanwhile_is_not_overwritten(service: Service, images: list[str]) -> None:
    first = accept(service, images[0])
    refine(service, images[0], first)
    other = Mask.from_crop(first.mask.to_array()[:10, :10] | True, x=0, y=0, height=80, width=120)
    service.editor.update(author="ben", annotation_id=first.id, revision=first.revision, mask=other)
    with pytest.raises(Conflict, match="was changed at"):
        service.drafts.accept(author="ann", image_id=images[0], draft_id="d2", category="cat")
    view = service.image(author="ann", image_id=images[0])
    assert view.annotations[0].mask == other
    assert view.draft is not None, "the work of whoever comes second is still there"


def test_hiding_an_object_does_not_count_as_a_change_of_it(service: Service, images: list[str]) -> None:
    first = accept(service, images[0])
    refine(service, images[0], first)
    service.editor.update(author="ben", annotation_id=first.id, revision=first.revision, hidden=True)
    refined = service.drafts.accept(author="ann", image_id=images[0], draft_id="d2", category="cat")
    assert (refined.id, refined.hidden) == (first.id, True)


def test_what_can_not_be_refined_says_why(service: Service, images: list[str]) -> None:
    first = accept(service, images[0])
    with pytest.raises(NotFound, match="not on this image"):
        put(service, images[1], Prompt(mask=first.mask), draft="d2", replaces=first.id)
    locked = service.editor.update(author="ann", annotation_id=first.id, revision=first.revision, locked=True)
    with pytest.raises(Conflict, match="locked"):
        put(service, images[0], Prompt(mask=first.mask), draft="d2", replaces=first.id)
    service.editor.update(author="ann", annotation_id=first.id, revision=locked.revision, locked=False)
    refine(service, images[0], first)
    service.editor.delete(author="ann", annotation_id=first.id, revision=first.revision + 2)
    with pytest.raises(Conflict, match="was deleted"):
        service.drafts.accept(author="ann", image_id=images[0], draft_id="d2", category="cat")


def test_a_mask_without_a_pixel_is_not_accepted(service: Service, images: list[str]) -> None:
    first = accept(service, images[0])
    nothing = Mask.from_array(first.mask.to_array() & False)
    put(service, images[0], Prompt(mask=nothing), draft="d2", replaces=first.id)
    with pytest.raises(InvalidInput, match="delete the object instead"):
        service.drafts.accept(author="ann", image_id=images[0], draft_id="d2", category="cat")


def test_an_added_mask_asked_for_twice_is_one_object(service: Service, images: list[str]) -> None:
    mask = accept(service, images[0]).mask
    ids = {
        service.editor.add(author="ann", image_id=images[1], category="cat", mask=mask, key="paste-1").id for _ in "ab"
    }
    assert len(ids) == 1


def test_a_closer_look_that_was_not_on_the_screen_is_not_accepted(service: Service, images: list[str]) -> None:
    source = service.library.source(service.image(author="ann", image_id=images[0]).image)
    prompt = Prompt(box=Box(50, 30, 66, 46), crop=Box(40, 20, 80, 60))
    whole = service.engine.mask(source, replace(prompt, crop=None)).mask
    closer = service.engine.mask(source, prompt).mask
    assert whole != closer
    for draft, shown, wanted in (("d1", False, whole), ("d2", True, closer)):
        put(service, images[0], prompt, draft=draft)
        made = service.drafts.accept(author="ann", image_id=images[0], draft_id=draft, category="cat", closer=shown)
        assert made.mask == wanted


def test_what_a_hand_drew_is_recorded_as_such(service: Service, images: list[str]) -> None:
    mask = accept(service, images[0]).mask
    drawn = accept(service, images[0], Prompt(mask=mask), draft="d2")
    assert (drawn.mask, drawn.score) == (mask, None)
    assert (drawn.provenance.source, drawn.provenance.model) == ("hand", None)
