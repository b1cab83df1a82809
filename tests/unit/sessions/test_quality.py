"""The rules of a project: their strictness is kept, what they find is kept, and every fix does what it says."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from annotator.domain.mask import Mask
from annotator.domain.review import ObjectFilter
from annotator.errors import BadSetting
from annotator.quality.thresholds import Thresholds
from annotator.sessions.quality import check_at
from annotator.sessions.service import Service


def blob(*boxes: tuple[int, int, int, int], holes: tuple[tuple[int, int, int, int], ...] = ()) -> Mask:
    array = np.zeros((80, 120), bool)
    for x, y, width, height in boxes:
        array[y : y + height, x : x + width] = True
    for x, y, width, height in holes:
        array[y : y + height, x : x + width] = False
    return Mask.from_array(array)


def add(service: Service, image: str, mask: Mask, score: float | None = None) -> int:
    return service.editor.add(author="ann", image_id=image, category="cat", mask=mask, score=score).id


def check(service: Service, folder: Path) -> None:
    """As `service.quality.check`, in this process."""
    check_at(service._database.url, service.project_id, folder, service.quality.thresholds(), lambda a, b: None)


def found(service: Service, rule: str) -> list[int]:
    return [one.id for one in service.quality.findings(rule=rule, limit=100, offset=0)]


def mask_of(service: Service, image: str, key: int) -> Mask:
    return next(one.mask for one in service.image(author="ann", image_id=image).annotations if one.id == key)


def test_how_strict_the_rules_are_is_kept_with_the_project(service: Service, folder: Path, images: list[str]) -> None:
    add(service, images[0], blob((30, 30, 5, 5)))
    check(service, folder)
    assert found(service, "tiny") == []
    service.quality.keep_thresholds(Thresholds().changed(["tiny.pixels=50"]))
    check(service, folder)
    assert len(found(service, "tiny")) == 1
    service.quality.keep_thresholds(Thresholds(off=frozenset({"tiny"})))
    assert not service.quality.thresholds().on("tiny")
    check(service, folder)
    assert found(service, "tiny") == []
    service.quality.keep_thresholds(Thresholds())
    assert service.quality.thresholds() == Thresholds()
    with pytest.raises(BadSetting):
        service.quality.keep_thresholds(Thresholds.from_json({"tiny": {"pixels": -1}}))


@pytest.mark.parametrize(
    ("rule", "before", "others", "after"),
    [
        ("holes", blob((10, 10, 40, 40), holes=((20, 20, 3, 3),)), (), blob((10, 10, 40, 40))),
        ("specks", blob((10, 10, 40, 40), (70, 5, 2, 2)), (), blob((10, 10, 40, 40))),
        ("parts", blob((2, 2, 30, 30), *((x, 60, 12, 12) for x in range(2, 110, 15))), (), blob((2, 2, 30, 30))),
        ("overlap", blob((15, 10, 30, 30)), (blob((10, 10, 30, 30)),), blob((40, 10, 5, 30))),
    ],
)
def test_a_fix_mends_the_mask_and_one_undo_takes_it_back(
    service: Service, folder: Path, images: list[str], rule: str, before: Mask, others: tuple[Mask, ...], after: Mask
) -> None:
    for other in others:
        add(service, images[0], other)
    key = add(service, images[0], before)
    check(service, folder)
    (finding,) = found(service, rule)
    assert service.quality.fix(author="cara", ids=[finding]).fixed == [finding]
    assert mask_of(service, images[0], key) == after
    assert found(service, rule) == [], "what was mended is gone from the list at once"
    service.editor.undo(author="cara", image_id=images[0])
    assert mask_of(service, images[0], key) == before


def test_a_duplicate_and_a_stray_click_are_deleted_and_an_image_is_confirmed_empty(
    service: Service, folder: Path, images: list[str]
) -> None:
    best = add(service, images[0], blob((10, 10, 30, 30)), score=0.9)
    add(service, images[0], blob((10, 10, 30, 31)), score=0.5)
    add(service, images[0], blob((90, 60, 2, 2)))
    check(service, folder)
    ids = [*found(service, "duplicate"), *found(service, "tiny")]
    assert sorted(service.quality.fix(author="cara", ids=ids).fixed) == sorted(ids)
    assert [one.id for one in service.image(author="ann", image_id=images[0]).annotations] == [best]
    empty = found(service, "unlabelled")
    assert len(empty) == 2
    service.quality.fix(author="cara", ids=empty)
    assert service.image(author="ann", image_id=images[1]).image.state == "empty"


def test_what_changed_since_the_check_is_marked_and_what_cannot_be_mended_says_why(
    service: Service, folder: Path, images: list[str]
) -> None:
    first = add(service, images[0], blob((10, 10, 30, 30)), score=0.9)
    second = add(service, images[0], blob((10, 10, 30, 31)), score=0.5)
    hollow = add(service, images[1], blob((10, 10, 40, 40), holes=((20, 20, 3, 3),)))
    check(service, folder)
    service.editor.update(author="ann", annotation_id=hollow, revision=1, category="dog")
    service.editor.delete(author="ann", annotation_id=first, revision=1)
    (hole,), (double,) = found(service, "holes"), found(service, "duplicate")
    (shown,) = service.quality.findings(rule="holes", limit=10, offset=0)
    assert shown.stale
    mended = service.quality.fix(author="cara", ids=[hole, double, 999_999])
    assert mended.fixed == []
    assert "changed since" in mended.refused[hole]
    assert "not there any more" in mended.refused[double]
    assert "already" in mended.refused[999_999]
    assert [one.id for one in service.image(author="ann", image_id=images[0]).annotations] == [second]


def test_nothing_is_deleted_that_was_made_good_since_the_check(
    service: Service, folder: Path, images: list[str]
) -> None:
    keep = add(service, images[0], blob((10, 10, 30, 30)), score=0.9)
    twin = add(service, images[0], blob((10, 10, 30, 31)), score=0.5)
    tiny = add(service, images[1], blob((60, 30, 2, 2)))
    check(service, folder)
    (double,), (speck,) = found(service, "duplicate"), found(service, "tiny")
    time.sleep(0.002)  # times are kept to the millisecond
    service.editor.update(author="ann", annotation_id=keep, revision=1, mask=blob((80, 10, 30, 30)))
    service.editor.update(author="ann", annotation_id=tiny, revision=1, mask=blob((30, 20, 50, 40)))
    mended = service.quality.fix(author="cara", ids=[double, speck])
    assert (mended.fixed, set(mended.refused)) == ([], {double, speck})
    assert mask_of(service, images[0], twin) == blob((10, 10, 30, 31))
    assert mask_of(service, images[1], tiny) == blob((30, 20, 50, 40))


def test_a_fix_that_would_change_nothing_says_so(service: Service, folder: Path, images: list[str]) -> None:
    add(service, images[0], blob((10, 10, 40, 40), holes=((20, 20, 3, 3),)))
    check(service, folder)
    (hole,) = found(service, "holes")
    service.quality.keep_thresholds(Thresholds().changed(["holes.pixels=2"]))
    assert "nothing to mend" in service.quality.fix(author="cara", ids=[hole]).refused[hole]
    assert found(service, "holes") == [hole]


def test_the_review_finds_objects_by_rule(service: Service, folder: Path, images: list[str]) -> None:
    add(service, images[0], blob((10, 10, 30, 30)))
    tiny = add(service, images[1], blob((60, 30, 2, 2)))
    check(service, folder)

    def objects(rule: str) -> list[int]:
        items, _ = service.reviewer.objects(
            where=ObjectFilter(rules=(rule,)), order="image", descending=False, limit=10, offset=0
        )
        return [one.annotation.id for one in items]

    assert (objects("tiny"), objects("holes")) == ([tiny], [])
    assert service.reviewer.facets().rules["tiny"] == 1


def test_a_check_runs_in_a_process_of_its_own(service: Service, images: list[str]) -> None:
    add(service, images[0], blob((90, 60, 2, 2)))
    steps: list[tuple[int, int]] = []
    count = service.quality.check(lambda done, total: steps.append((done, total)))
    assert (count, steps[-1]) == (sum(service.quality.counts().values()), (3, 3))
    assert service.quality.checked() is not None


def test_what_else_was_found_about_a_mended_object_stays_and_is_marked(
    service: Service, folder: Path, images: list[str]
) -> None:
    add(service, images[0], blob((10, 10, 40, 40), (70, 5, 2, 2), holes=((20, 20, 3, 3),)))
    check(service, folder)
    time.sleep(0.002)
    service.quality.fix(author="cara", ids=found(service, "holes"))
    (speck,) = service.quality.findings(rule="specks", limit=10, offset=0)
    assert speck.stale, "the speck is still there, and the list does not say otherwise"
