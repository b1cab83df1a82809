"""A curator looks through objects, approves, rejects and relabels them; their makers get them back."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from annotator.domain.mask import Mask
from annotator.domain.review import ObjectFilter
from annotator.errors import InvalidInput, NotFound
from annotator.sessions.combining import Seen
from annotator.sessions.reviewing import Judged
from annotator.sessions.service import Service

ALL = ObjectFilter()


def square(left: int, top: int, side: int) -> Mask:
    array = np.zeros((80, 120), bool)
    array[top : top + side, left : left + side] = True
    return Mask.from_array(array)


@pytest.fixture
def four(service: Service, images: list[str]) -> list[int]:
    """Ann's small cat and ben's large dog on a.png, ann's cat on b.png, ben's cat on sub/a.png; their ids."""
    rows: list[tuple[str, str, str, int, float | None]] = [
        ("ann", images[0], "cat", 10, 0.9),
        ("ben", images[0], "dog", 40, 0.5),
        ("ann", images[1], "cat", 20, None),
        ("ben", images[2], "cat", 30, 0.7),
    ]
    return [
        service.editor.add(author=author, image_id=image, category=name, mask=square(5, 5, side), score=score).id
        for author, image, name, side, score in rows
    ]


def found(service: Service, where: ObjectFilter = ALL, **how: Any) -> list[int]:
    options = {"order": "image", "descending": False, "limit": 100, "offset": 0, **how}
    items, total = service.reviewer.objects(where=where, **options)
    if "limit" not in how:
        assert total == len(items)
    return [one.annotation.id for one in items]


def look(service: Service, *ids: int) -> list[Seen]:
    items, _ = service.reviewer.objects(where=ALL, order="image", descending=False, limit=100, offset=0)
    return [Seen(one.annotation.id, one.annotation.revision) for one in items if one.annotation.id in ids]


def reviews(judged: Judged) -> dict[int, str]:
    return {one.annotation.id: one.annotation.review for one in judged.objects}


def test_every_filter_leaves_what_it_says(service: Service, images: list[str], four: list[int]) -> None:
    cat, dog, plain, other = four
    service.set_state(author="ann", image_id=images[0], state="done")
    day = "2026-01-01"
    wanted = {
        ObjectFilter(categories=(2,)): [dog],
        ObjectFilter(authors=("ann",)): [cat, plain],
        ObjectFilter(authors=("ann", "ben")): four,
        ObjectFilter(image_states=("done",)): [cat, dog],
        ObjectFilter(score=(0.6, None)): [cat, other],
        ObjectFilter(score=(None, 0.6)): [dog],
        ObjectFilter(area=(400, 900)): [plain, other],
        ObjectFilter(query="SUB/"): [other],
        ObjectFilter(query="%"): [],
        ObjectFilter(since=day): four,
        ObjectFilter(until=day): [],
        ObjectFilter(reviews=("approved",)): [],
        ObjectFilter(reviews=("approved", "unreviewed"), categories=(1,), authors=("ben",)): [other],
    }
    assert {where: found(service, where) for where in wanted} == wanted


def test_a_day_lasts_to_its_end(service: Service, four: list[int]) -> None:
    day = service.reviewer.objects(where=ALL, order="image", descending=False, limit=1, offset=0)[0][0]
    date = day.annotation.updated[:10]
    assert found(service, ObjectFilter(since=date, until=date)) == four


def test_every_order_sorts_and_what_has_no_score_is_last_either_way(service: Service, four: list[int]) -> None:
    cat, dog, plain, other = four
    assert found(service, order="area") == [cat, plain, other, dog]
    assert found(service, order="area", descending=True) == [dog, other, plain, cat]
    assert found(service, order="score") == [dog, other, cat, plain]
    assert found(service, order="score", descending=True) == [cat, other, dog, plain]
    assert found(service, order="category", descending=True)[0] == dog
    assert found(service, order="author") == [cat, plain, dog, other]
    assert found(service, order="created") == four
    assert found(service, order="area", limit=2, offset=1) == [plain, other]


def test_images_are_found_by_what_is_on_them(service: Service, images: list[str], four: list[int]) -> None:
    def names(where: ObjectFilter = ALL, **how: Any) -> list[str]:
        options = {"order": "name", "descending": False, "limit": 100, "offset": 0, **how}
        return [one.image.name for one in service.reviewer.images(where=where, **options)[0]]

    assert names() == ["a.png", "b.png", "sub/a.png"]
    assert names(ObjectFilter(authors=("ben",))) == ["a.png", "sub/a.png"]
    assert names(ObjectFilter(query="a.p")) == ["a.png", "sub/a.png"]
    assert names(order="objects", descending=True)[0] == "a.png"
    assert names(limit=1, offset=2) == ["sub/a.png"]


def test_facets_count_the_objects(service: Service, four: list[int]) -> None:
    facets = service.reviewer.facets()
    assert facets.categories == {1: 3, 2: 1}
    assert facets.authors == {"ann": 2, "ben": 2}
    assert facets.reviews == {"unreviewed": 4}
    assert facets.image_states == {"in_progress": 3}
    assert facets.score == (0.5, 0.9)
    assert facets.area == (100, 1600)


def test_an_empty_project_has_facets_too(service: Service) -> None:
    facets = service.reviewer.facets()
    assert (facets.score, facets.area, facets.categories) == (None, None, {})
    assert found(service) == []


def test_many_are_approved_at_once_and_each_image_is_undone_alone(
    service: Service, images: list[str], four: list[int]
) -> None:
    judged = service.reviewer.judge(author="cara", objects=look(service, *four[:3]), review="approved")
    assert reviews(judged) == dict.fromkeys(four[:3], "approved")
    assert (judged.refused, sorted(judged.images)) == ([], sorted(images[:2]))
    assert service.editor.undo(author="cara", image_id=images[0]) == "approve"
    assert found(service, ObjectFilter(reviews=("approved",))) == [four[2]]


def test_a_rejected_object_goes_back_to_its_author(service: Service, images: list[str], four: list[int]) -> None:
    def returned(author: str) -> list[str]:
        page = service.list_images(status="returned", query=None, limit=10, cursor=None, author=author)
        assert service.project(author=author).counts.returned == len(page.items)
        return [image.id for image in page.items]

    service.set_state(author="ann", image_id=images[0], state="done")
    judged = service.reviewer.judge(author="cara", objects=look(service, four[0]), review="rejected", note="the tail")
    assert judged.objects[0].annotation.note == "the tail"
    assert (returned("ann"), returned("ben"), returned("cara")) == ([images[0]], [], [])
    assert service.image(author="ann", image_id=images[0]).image.state == "in_progress"
    assert found(service, ObjectFilter(query="tail")) == [four[0]]

    (mended,) = judged.objects
    service.editor.update(
        author="ann", annotation_id=four[0], revision=mended.annotation.revision, mask=square(5, 5, 12)
    )
    assert returned("ann") == []
    (now,) = [one for one in service.image(author="ann", image_id=images[0]).annotations if one.id == four[0]]
    assert (now.review, now.note) == ("unreviewed", "the tail")
    assert service.editor.undo(author="ann", image_id=images[0]) == "edit mask"
    assert returned("ann") == [images[0]], "undoing the mending brings the rejection back"


def test_what_was_approved_and_changes_is_to_be_reviewed_again(service: Service, four: list[int]) -> None:
    service.reviewer.judge(author="cara", objects=look(service, *four), review="approved")
    service.reviewer.relabel(author="ann", objects=look(service, four[0]), category="dog")
    assert found(service, ObjectFilter(reviews=("unreviewed",))) == [four[0]]
    (seen,) = look(service, four[1])
    service.editor.update(author="ann", annotation_id=seen.id, revision=seen.revision, hidden=True)
    assert four[1] in found(service, ObjectFilter(reviews=("approved",))), "hiding changes nothing about an object"


def test_a_locked_object_is_judged_but_not_relabelled(service: Service, four: list[int]) -> None:
    (seen,) = look(service, four[0])
    service.editor.update(author="ann", annotation_id=seen.id, revision=seen.revision, locked=True)
    judged = service.reviewer.judge(author="cara", objects=look(service, four[0]), review="approved")
    assert reviews(judged) == {four[0]: "approved"}
    relabelled = service.reviewer.relabel(author="cara", objects=look(service, four[0]), category="dog")
    assert relabelled.objects == []
    assert "locked" in relabelled.refused[0].message


def test_what_somebody_changed_meanwhile_is_left_out_with_the_reason(service: Service, four: list[int]) -> None:
    seen = look(service, *four)
    service.reviewer.relabel(author="ben", objects=seen[:1], category="dog")
    gone = seen[1]
    service.editor.delete(author="ben", annotation_id=gone.id, revision=gone.revision)
    judged = service.reviewer.judge(author="cara", objects=seen, review="approved")
    assert reviews(judged) == {seen[2].id: "approved", seen[3].id: "approved"}
    messages = {one.id: one.message for one in judged.refused}
    assert "by ben" in messages[seen[0].id]
    assert "deleted" in messages[gone.id]


def test_judging_again_changes_nothing(service: Service, four: list[int]) -> None:
    service.reviewer.judge(author="cara", objects=look(service, *four), review="approved")
    again = service.reviewer.judge(author="cara", objects=look(service, *four), review="approved")
    assert (again.images, again.refused, len(again.objects)) == ([], [], 4)


def test_wrong_judgements_are_refused(service: Service, four: list[int]) -> None:
    with pytest.raises(InvalidInput, match="unknown"):
        service.reviewer.judge(author="cara", objects=look(service, *four), review="fine")
    with pytest.raises(NotFound):
        service.reviewer.relabel(author="cara", objects=look(service, *four), category="fish")
    with pytest.raises(InvalidInput, match="unknown"):
        ObjectFilter(reviews=("fine",))


def opened(content: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def test_the_picture_of_an_object_shows_it_in_its_surroundings(
    service: Service, images: list[str], four: list[int]
) -> None:
    cat = service.project(author="ann").categories[0]
    colour = [int(cat.colour[place : place + 2], 16) for place in (1, 3, 5)]
    pixels = opened(service.reviewer.picture(annotation_id=four[0], size=128))
    assert max(pixels.shape[:2]) == 128
    # A square of 10 at (5, 5) with 12 around it, cut off at the image's edge: 34 pixels are shown.
    scale = 128 / 34
    left, top, side = round(5 * scale), round(5 * scale), round(10 * scale)
    edge = pixels[top : top + side, left : left + 2].mean(axis=(0, 1))
    within = pixels[top + 4 : top + side - 4, left + 4 : left + side - 4].mean(axis=(0, 1))
    assert np.abs(edge - colour).sum() < 0.6 * np.abs(within - colour).sum(), "outlined in its category's colour"
    assert pixels[-40:, -40:].mean() < 0.6 * within.mean(), "what is around it is dimmed"


def test_an_object_at_the_edge_and_one_as_large_as_the_image_have_pictures(service: Service, images: list[str]) -> None:
    for mask in (square(110, 70, 10), Mask.from_array(np.ones((80, 120), bool)), square(0, 0, 1)):
        added = service.editor.add(author="ann", image_id=images[0], category="cat", mask=mask)
        assert max(opened(service.reviewer.picture(annotation_id=added.id, size=96)).shape[:2]) == 96


def test_the_small_image_shows_its_masks(service: Service, images: list[str], four: list[int]) -> None:
    plain = opened(service.reviewer.overview(image_id=images[2]))
    service.editor.add(author="ann", image_id=images[2], category="dog", mask=square(60, 20, 40))
    painted = opened(service.reviewer.overview(image_id=images[2]))
    changed = np.abs(plain - painted).sum(axis=2) > 30
    assert changed[20:60, 60:100].mean() > 0.8
    assert changed[:, :40].mean() < 0.1
