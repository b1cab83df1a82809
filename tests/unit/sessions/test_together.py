"""Several people in one project: nobody gets another's image, and everybody hears of what the others do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from annotator.domain.mask import Mask
from annotator.domain.together import Event
from annotator.errors import Conflict, NotFound
from annotator.sessions import acting, together
from annotator.sessions.combining import Seen
from annotator.sessions.service import Service

MASK = Mask.from_array(np.pad(np.ones((20, 20)), ((10, 50), (10, 90))))


def where(service: Service) -> dict[str, str]:
    return {one.client: one.image_id for one in service.together.present()}


def test_who_opens_an_image_is_seen_there_until_they_go_on_or_leave(service: Service, images: list[str]) -> None:
    a, b, _ = images
    service.together.arrive(author="ann", client="ann-1", image_id=a)
    seen = service.together.arrive(author="ben", client="ben-1", image_id=a)
    assert [(one.author, one.image_id) for one in seen] == [("ann", a), ("ben", a)]
    service.together.arrive(author="ann", client="ann-1", image_id=b)
    assert where(service) == {"ann-1": b, "ben-1": a}
    service.together.leave(author="ben", client="ben-1")
    assert where(service) == {"ann-1": b}
    with pytest.raises(NotFound):
        service.together.arrive(author="ann", client="ann-1", image_id="nothing")


def test_a_tab_that_says_nothing_more_is_forgotten(
    service: Service, images: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "LEASE_SECONDS", -1)
    service.together.arrive(author="ann", client="crashed", image_id=images[0])
    assert where(service) == {}
    monkeypatch.undo()
    assert service.together.next_for(author="ben", client="ben-1", after=None).id == images[0]


def test_each_person_gets_another_image(service: Service, images: list[str]) -> None:
    got = [service.together.next_for(author=f"p{number}", client=f"c{number}", after=None).id for number in range(3)]
    assert got == images
    with pytest.raises(NotFound, match="no image left"):
        service.together.next_for(author="late", client="late", after=None)
    service.together.leave(author="p1", client="c1")
    assert service.together.next_for(author="late", client="late", after=None).id == images[1]


def test_next_goes_on_from_where_one_is_and_around(service: Service, images: list[str]) -> None:
    a, b, c = images

    def following(after: str) -> str:
        return service.together.next_for(author="ann", client="ann-1", after=after).id

    assert [following(a), following(b), following(c)] == [b, c, a]
    service.set_state(author="ann", image_id=b, state="done")
    assert following(a) == c
    service.set_state(author="ann", image_id=c, state="in_progress")
    assert following(b) == a, "what is still to do comes before what is begun"


def test_twenty_at_once_get_no_image_twice(service: Service, images: list[str]) -> None:
    got: list[str] = []
    refused: list[str] = []

    def ask(number: int) -> None:
        try:
            got.append(service.together.next_for(author=f"p{number}", client=f"c{number}", after=None).id)
        except NotFound as error:
            refused.append(error.message)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(images)
    assert len(refused) == 17


def test_what_is_assigned_comes_first_and_nobody_else_gets_it(service: Service, images: list[str]) -> None:
    a, b, c = images
    assert service.together.assign(author="cara", image_ids=[c], assignee="ben") == 1
    assert service.together.next_for(author="ben", client="ben-1", after=None).id == c
    assert service.together.next_for(author="ann", client="ann-1", after=None).id == a
    assert service.together.next_for(author="ann", client="ann-1", after=a).id == b
    assert service.together.next_for(author="ann", client="ann-1", after=b).id == a, "never ben's"
    service.together.assign(author="cara", image_ids=[a, b], assignee="ben")
    with pytest.raises(NotFound):
        service.together.next_for(author="ann", client="ann-2", after=None)
    service.together.assign(author="cara", image_ids=images, assignee=None)
    assert service.image(author="ann", image_id=a).image.assignee is None


def heard(service: Service, act: Callable[[], object]) -> list[Event]:
    """The events that somebody hears who listens while something is done."""
    with service.together.feed.listening() as newest:
        act()
        deadline = time.monotonic() + 5
        while not service.together.feed.since(newest) and time.monotonic() < deadline:
            time.sleep(0.02)
        return service.together.feed.since(newest)


def test_every_change_is_heard_with_who_did_it_and_in_which_tab(service: Service, images: list[str]) -> None:
    def add() -> None:
        token = acting.client.set("ben-1")
        service.editor.add(author="ben", image_id=images[0], category="cat", mask=MASK)
        acting.client.reset(token)

    (event,) = heard(service, add)
    assert (event.kind, event.image_id, event.author, event.client) == ("image", images[0], "ben", "ben-1")
    (made,) = service.image(author="ann", image_id=images[0]).annotations

    def hide() -> None:
        service.editor.update(author="ann", annotation_id=made.id, revision=made.revision, hidden=True)

    seen = [Seen(made.id, made.revision + 1)]
    acts: list[tuple[Callable[[], object], str]] = [
        (hide, "image"),
        (lambda: service.reviewer.judge(author="cara", objects=seen, review="approved"), "image"),
        (lambda: service.editor.undo(author="cara", image_id=images[0]), "image"),
        (lambda: service.set_state(author="ann", image_id=images[0], state="done"), "image"),
        (lambda: service.categories.add(name="fish"), "categories"),
        (lambda: service.together.arrive(author="ann", client="a", image_id=images[0]), "presence"),
        (lambda: service.together.assign(author="ann", image_ids=images, assignee="ben"), "images"),
    ]
    assert [[event.kind for event in heard(service, act)] for act, _ in acts] == [[kind] for _, kind in acts]


def test_points_of_somebodys_draft_are_nobody_elses_business(service: Service, images: list[str]) -> None:
    from annotator.domain.prompt import Point, Prompt

    def draft_then_assign() -> None:
        service.drafts.save(
            author="ann",
            image_id=images[0],
            draft_id="d",
            prompt=Prompt(points=(Point(40, 30),)),
            category_id=None,
            revision=None,
            label="point",
        )
        service.together.assign(author="ann", image_ids=images, assignee=None)

    assert [event.kind for event in heard(service, draft_then_assign)] == ["images"]


def test_a_conflict_names_who_changed_the_object_last(service: Service, images: list[str]) -> None:
    made = service.editor.add(author="ann", image_id=images[0], category="cat", mask=MASK)
    service.editor.update(author="ben", annotation_id=made.id, revision=made.revision, category="dog")
    with pytest.raises(Conflict, match="by ben"):
        service.editor.update(author="ann", annotation_id=made.id, revision=made.revision, category="cat")


def test_different_objects_of_two_people_on_one_image_are_both_kept(service: Service, images: list[str]) -> None:
    made = {
        author: service.editor.add(author=author, image_id=images[0], category="cat", mask=MASK)
        for author in ("ann", "ben")
    }
    for author, one in made.items():
        service.editor.update(author=author, annotation_id=one.id, revision=one.revision, category="dog")
    now = service.image(author="ann", image_id=images[0]).annotations
    assert [(one.author, one.category_id) for one in now] == [("ann", 2), ("ben", 2)]
    assert service.editor.undo(author="ann", image_id=images[0]) == "relabel"
    now = service.image(author="ann", image_id=images[0]).annotations
    assert [(one.author, one.category_id) for one in now] == [("ann", 1), ("ben", 2)], "each undoes only their own"


def test_a_refinement_begun_before_somebody_else_changed_the_object_does_not_overwrite_it(
    service: Service, images: list[str]
) -> None:
    from annotator.domain.prompt import Point, Prompt

    made = service.editor.add(author="ann", image_id=images[0], category="cat", mask=MASK)
    changed = Mask.from_array(np.pad(np.ones((30, 20)), ((10, 40), (10, 90))))
    service.editor.update(author="ben", annotation_id=made.id, revision=made.revision, mask=changed)
    # Ann was cut off: she has seen the object as it was, and says so.
    service.drafts.save(
        author="ann",
        image_id=images[0],
        draft_id="d",
        prompt=Prompt(points=(Point(15, 15),), mask=made.mask),
        category_id=None,
        revision=None,
        label="refine",
        replaces=made.id,
        replaces_revision=made.revision,
    )
    with pytest.raises(Conflict, match="by ben"):
        service.drafts.accept(author="ann", image_id=images[0], draft_id="d", category="cat")
    (kept,) = service.image(author="ann", image_id=images[0]).annotations
    assert kept.mask == changed
