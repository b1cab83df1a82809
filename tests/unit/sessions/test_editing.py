"""Drafts, objects, undo and redo: what a person does to an image, and what is there afterwards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from annotator.config import Settings
from annotator.domain.mask import Mask
from annotator.domain.prompt import Box, Point, Prompt
from annotator.engine import Engine
from annotator.engine.fake import FakePredictor
from annotator.errors import BadMask, BadPrompt, Conflict, InvalidInput, NotFound
from annotator.sessions.service import Service
from annotator.sessions.views import ImageView


class Person:
    """Somebody at one image; keeps track of revisions as the page in the browser does."""

    def __init__(self, service: Service, image: str, author: str = "ann") -> None:
        self.service, self.image, self.author = service, image, author
        self.drafts = 0

    def see(self) -> ImageView:
        return self.service.image(author=self.author, image_id=self.image)

    def draft(self, *points: tuple[float, float, int], box: Box | None = None, label: str = "point") -> None:
        before = self.see().draft
        if before is None:
            self.drafts += 1
        self.service.drafts.save(
            author=self.author,
            image_id=self.image,
            draft_id=before.id if before else f"{self.author}-{self.drafts}",
            prompt=Prompt(points=tuple(Point(*point) for point in points), box=box),
            category_id=1,
            revision=before.revision if before else None,
            label=label,
        )

    def accept(self, category: int | str = "cat") -> int:
        draft = self.see().draft
        assert draft is not None
        annotation = self.service.drafts.accept(
            author=self.author, image_id=self.image, draft_id=draft.id, category=category
        )
        return annotation.id

    def make(self, x: float, y: float) -> int:
        self.draft((x, y, 1))
        return self.accept()

    def undo(self) -> str | None:
        return self.service.editor.undo(author=self.author, image_id=self.image)

    def redo(self) -> str | None:
        return self.service.editor.redo(author=self.author, image_id=self.image)


def contents(view: ImageView) -> tuple[object, object]:
    """What undo and redo are about."""
    return [(a.id, a.content()) for a in view.annotations], view.draft.content() if view.draft else None


@pytest.fixture
def ann(service: Service, images: list[str]) -> Person:
    return Person(service, images[0])


def test_accepting_saves_what_was_seen(ann: Person) -> None:
    ann.draft((40, 30, 1))
    seen = ann.service.predict(image_id=ann.image, prompt=Prompt(points=(Point(40, 30),)))
    ann.accept()
    (annotation,) = ann.see().annotations
    chosen = seen.candidates[seen.chosen]
    assert annotation.mask == chosen.mask
    assert annotation.score == chosen.score
    assert annotation.provenance.prompt == Prompt(points=(Point(40, 30),)).to_json()
    assert (annotation.provenance.model, annotation.provenance.clicks, annotation.author) == ("fake", 1, "ann")
    assert ann.see().draft is None
    assert ann.see().image.state == "in_progress"


def test_undo_goes_back_through_objects_into_prompts_and_redo_forth_again(ann: Person) -> None:
    states = [contents(ann.see())]
    for act in (
        lambda: ann.draft((40, 30, 1)),
        lambda: ann.draft((40, 30, 1), (60, 30, 0)),
        ann.accept,
        lambda: ann.draft((20, 20, 1)),
        lambda: ann.draft((20, 20, 1), box=Box(5, 5, 50, 50), label="box"),
        lambda: ann.accept("dog"),
    ):
        act()
        states.append(contents(ann.see()))
    for state in reversed(states[:-1]):
        assert ann.undo() is not None
        assert contents(ann.see()) == state
    assert ann.undo() is None
    for state in states[1:]:
        assert ann.redo() is not None
        assert contents(ann.see()) == state
    assert ann.redo() is None


def test_the_next_undo_and_redo_are_named(ann: Person) -> None:
    ann.make(40, 30)
    assert ann.see().history.undo == "accept"
    ann.undo()
    assert (ann.see().history.undo, ann.see().history.redo) == ("point", "accept")


def test_a_new_act_forgets_what_was_undone(ann: Person) -> None:
    ann.make(40, 30)
    ann.undo()
    ann.undo()
    ann.draft((10, 10, 1))
    assert ann.redo() is None
    assert ann.see().annotations == []


def test_undo_stays_on_the_image_it_is_asked_for(ann: Person, images: list[str]) -> None:
    ann.make(40, 30)
    other = Person(ann.service, images[1])
    assert other.undo() is None
    assert len(ann.see().annotations) == 1


def test_each_person_has_their_own_undo_and_draft(ann: Person) -> None:
    bob = Person(ann.service, ann.image, "bob")
    first = ann.make(40, 30)
    second = bob.make(80, 50)
    ann.draft((10, 10, 1))
    assert bob.see().draft is None
    assert ann.undo() == "point"
    assert ann.undo() == "accept"
    assert [a.id for a in bob.see().annotations] == [second]
    assert first != second


def test_undoing_what_somebody_else_changed_since_is_a_conflict_and_changes_nothing(ann: Person) -> None:
    bob = Person(ann.service, ann.image, "bob")
    identity = ann.make(40, 30)
    ann.service.editor.update(author="bob", annotation_id=identity, revision=1, category="dog")
    before = contents(bob.see())
    with pytest.raises(Conflict, match="changed since"):
        ann.undo()
    assert contents(bob.see()) == before


def test_a_deleted_object_comes_back_under_its_id_with_a_newer_revision(ann: Person) -> None:
    identity = ann.make(40, 30)
    before = ann.see().annotations[0]
    ann.service.editor.delete(author="ann", annotation_id=identity, revision=1)
    assert ann.see().annotations == []
    assert ann.undo() == "delete"
    (after,) = ann.see().annotations
    assert (after.id, after.content()) == (identity, before.content())
    assert after.revision > before.revision


def test_ids_are_never_used_twice(ann: Person) -> None:
    first = ann.make(40, 30)
    ann.service.editor.delete(author="ann", annotation_id=first, revision=1)
    second = ann.make(50, 40)
    assert second > first >= 1


def test_an_edit_based_on_an_old_revision_says_who_changed_it(ann: Person) -> None:
    identity = ann.make(40, 30)
    ann.service.editor.update(author="ann", annotation_id=identity, revision=1, category="dog")
    with pytest.raises(Conflict, match=rf"Object {identity} was changed at .* \(by ann\)"):
        ann.service.editor.update(author="ann", annotation_id=identity, revision=1, category="cat")
    with pytest.raises(Conflict):
        ann.service.editor.delete(author="ann", annotation_id=identity, revision=1)
    assert ann.see().annotations[0].category_id == 2


def test_a_locked_object_can_only_be_hidden_and_unlocked(ann: Person) -> None:
    identity = ann.make(40, 30)
    editor = ann.service.editor
    locked = editor.update(author="ann", annotation_id=identity, revision=1, locked=True)
    for act in (
        lambda: editor.update(author="ann", annotation_id=identity, revision=locked.revision, category="dog"),
        lambda: editor.delete(author="ann", annotation_id=identity, revision=locked.revision),
        ann.undo,
    ):
        with pytest.raises(Conflict, match="locked"):
            act()
    hidden = editor.update(author="ann", annotation_id=identity, revision=locked.revision, hidden=True)
    free = editor.update(author="ann", annotation_id=identity, revision=hidden.revision, locked=False)
    assert (free.hidden, free.locked) == (True, False)
    assert ann.undo() == "accept"


def test_a_draft_changed_in_another_tab_is_not_overwritten(ann: Person) -> None:
    ann.draft((40, 30, 1))
    ann.draft((40, 30, 1), (50, 30, 1))
    with pytest.raises(Conflict, match="another tab"):
        ann.service.drafts.save(
            author="ann",
            image_id=ann.image,
            draft_id="ann-1",
            prompt=Prompt(points=(Point(1, 1),)),
            category_id=1,
            revision=1,
            label="point",
        )
    with pytest.raises(Conflict, match="another tab"):
        ann.service.drafts.drop(author="ann", image_id=ann.image, revision=1)


def test_asking_twice_because_the_first_reply_was_lost_does_it_once(ann: Person) -> None:
    prompt = Prompt(points=(Point(40, 30),))
    for _ in range(2):
        ann.service.drafts.save(
            author="ann",
            image_id=ann.image,
            draft_id="d",
            prompt=prompt,
            category_id=1,
            revision=None,
            label="point",
        )
    first = ann.service.drafts.accept(author="ann", image_id=ann.image, draft_id="d", category="cat")
    again = ann.service.drafts.accept(author="ann", image_id=ann.image, draft_id="d", category="cat")
    assert first.id == again.id
    assert len(ann.see().annotations) == 1
    assert ann.undo() == "accept"
    assert ann.undo() == "point"
    assert ann.undo() is None


def test_a_dropped_draft_can_be_brought_back(ann: Person) -> None:
    ann.draft((40, 30, 1))
    before = contents(ann.see())
    ann.service.drafts.drop(author="ann", image_id=ann.image, revision=1)
    assert ann.see().draft is None
    assert ann.undo() == "discard draft"
    assert contents(ann.see()) == before


def test_drafts_and_objects_that_make_no_sense_are_refused(ann: Person) -> None:
    editor = ann.service.editor
    with pytest.raises(BadPrompt, match="outside"):
        ann.draft((500, 30, 1))
    with pytest.raises(Conflict, match="not there any more"):
        ann.service.drafts.accept(author="ann", image_id=ann.image, draft_id="never", category="cat")
    ann.draft((40, 30, 1))
    with pytest.raises(NotFound, match="no category 'bird'"):
        ann.accept("bird")
    with pytest.raises(InvalidInput, match="empty"):
        editor.add(author="ann", image_id=ann.image, category="cat", mask=Mask.from_array(np.zeros((80, 120))))
    with pytest.raises(BadMask, match="10×10 but the image is 120×80"):
        editor.add(author="ann", image_id=ann.image, category="cat", mask=Mask.from_array(np.ones((10, 10))))
    assert ann.see().annotations == []


def test_a_background_point_may_come_first(ann: Person) -> None:
    ann.draft((60, 40, 0))
    with pytest.raises(BadPrompt, match="only background"):
        ann.accept()
    ann.draft((60, 40, 0), (20, 20, 1))
    assert ann.accept() >= 1


def test_adding_an_object_to_an_image_said_to_be_empty_takes_that_back(ann: Person) -> None:
    ann.service.set_state(author="ann", image_id=ann.image, state="empty")
    ann.make(40, 30)
    assert ann.see().image.state == "in_progress"
    with pytest.raises(Conflict, match="has 1 objects"):
        ann.service.set_state(author="ann", image_id=ann.image, state="empty")


def test_everything_is_there_after_a_restart(ann: Person, folder: Path) -> None:
    ann.make(40, 30)
    ann.draft((20, 20, 1), (70, 20, 0))
    before = contents(ann.see())
    ann.service.close()
    reopened = Service.open(folder, Settings.load(author="ann"), engine=Engine(predictor=FakePredictor()))
    try:
        again = Person(reopened, ann.image)
        assert contents(again.see()) == before
        assert again.undo() == "point"
        assert again.redo() == "point"
        assert again.accept() == 2
    finally:
        reopened.close()


acts = st.lists(st.sampled_from(["point", "accept", "drop", "delete", "relabel", "undo", "redo"]), max_size=14)


@given(acts)
@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_done_undoing_it_all_and_redoing_it_gives_the_same(ann: Person, steps: list[str]) -> None:
    while ann.undo():
        pass
    start = contents(ann.see())
    editor = ann.service.editor
    for number, step in enumerate(steps):
        view = ann.see()
        if step == "point":
            kept = view.draft.prompt.points if view.draft else ()
            ann.draft(*((p.x, p.y, p.label) for p in kept), (float(number * 7 + 3), 20.0, 1))
        elif step == "accept" and view.draft:
            ann.accept()
        elif step == "drop" and view.draft:
            ann.service.drafts.drop(author="ann", image_id=ann.image, revision=view.draft.revision)
        elif step == "delete" and view.annotations:
            editor.delete(author="ann", annotation_id=view.annotations[0].id, revision=view.annotations[0].revision)
        elif step == "relabel" and view.annotations:
            last = view.annotations[-1]
            editor.update(author="ann", annotation_id=last.id, revision=last.revision, category=3 - last.category_id)
        elif step == "undo":
            ann.undo()
        elif step == "redo":
            ann.redo()
    while ann.redo():
        pass
    end = contents(ann.see())
    while ann.undo():
        pass
    assert contents(ann.see()) == start
    while ann.redo():
        pass
    assert contents(ann.see()) == end
