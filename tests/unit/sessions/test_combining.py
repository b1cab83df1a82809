"""Objects made of objects, each as one step that undo takes back."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.domain.annotation import Annotation
from annotator.domain.mask import Mask
from annotator.domain.prompt import Point, Prompt
from annotator.errors import Conflict, InvalidInput, NotFound
from annotator.sessions.combining import Seen
from annotator.sessions.service import Service

Box = tuple[int, int, int, int]


def mask(*boxes: Box) -> Mask:
    bits = np.zeros((80, 120), bool)
    for x0, y0, x1, y1 in boxes:
        bits[y0:y1, x0:x1] = True
    return Mask.from_array(bits)


def add(service: Service, image: str, *boxes: Box, category: str = "cat") -> Annotation:
    if category not in [known.name for known in service.project(author="ann").categories]:
        service.categories.add(name=category)
    return service.editor.add(author="ann", image_id=image, category=category, mask=mask(*boxes))


def combine(service: Service, image: str, operation: str, *objects: Annotation) -> int:
    seen = [Seen(one.id, one.revision) for one in objects]
    return service.combiner.combine(author="ann", image_id=image, operation=operation, objects=seen)


def masks(service: Service, image: str) -> dict[int, Mask]:
    return {one.id: one.mask for one in service.image(author="ann", image_id=image).annotations}


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        ("merge", mask((10, 10, 30, 30), (20, 20, 50, 40))),
        ("subtract", mask((10, 10, 30, 20), (10, 20, 20, 30))),
        ("intersect", mask((20, 20, 30, 30))),
    ],
)
def test_two_objects_and_one_step_back(service: Service, images: list[str], operation: str, wanted: Mask) -> None:
    first, second = add(service, images[0], (10, 10, 30, 30)), add(service, images[0], (20, 20, 50, 40), category="dog")
    before = masks(service, images[0])
    assert combine(service, images[0], operation, first, second) == 1
    after = masks(service, images[0])
    assert after[first.id] == wanted
    assert (second.id in after) == (operation != "merge")
    kept = next(one for one in service.image(author="ann", image_id=images[0]).annotations if one.id == first.id)
    assert (kept.category_id, kept.provenance.source) == (first.category_id, "hand")
    assert service.editor.undo(author="ann", image_id=images[0]) == operation
    assert masks(service, images[0]) == before
    service.editor.redo(author="ann", image_id=images[0])
    assert masks(service, images[0]) == after


def test_parts_become_objects_and_the_largest_stays(service: Service, images: list[str]) -> None:
    one = add(service, images[0], (0, 0, 5, 5), (20, 20, 60, 60), (100, 60, 110, 70))
    assert combine(service, images[0], "split", one) == 3
    after = masks(service, images[0])
    assert after[one.id] == mask((20, 20, 60, 60))
    assert {found.area for found in after.values()} == {25, 100, 1600}
    service.editor.undo(author="ann", image_id=images[0])
    assert masks(service, images[0]) == {one.id: one.mask}


def test_what_can_not_be_combined_is_said_and_changes_nothing(service: Service, images: list[str]) -> None:
    first, second = add(service, images[0], (10, 10, 30, 30)), add(service, images[0], (60, 50, 90, 75))
    elsewhere = add(service, images[1], (10, 10, 30, 30))
    before = masks(service, images[0])
    for operation, objects, error, words in [
        ("intersect", (first, second), InvalidInput, "Nothing would be left"),
        ("subtract", (first, second), InvalidInput, "don't overlap"),
        ("subtract", (first,), InvalidInput, "two or more"),
        ("merge", (first, first), InvalidInput, "different"),
        ("split", (first,), InvalidInput, "one part only"),
        ("split", (first, second), InvalidInput, "one object"),
        ("turn", (first,), InvalidInput, "no operation"),
        ("merge", (first, elsewhere), NotFound, "not on this image"),
    ]:
        with pytest.raises(error, match=words):
            combine(service, images[0], operation, *objects)
    assert masks(service, images[0]) == before


def test_an_object_that_somebody_changed_or_locked_is_left_alone(service: Service, images: list[str]) -> None:
    first, second = add(service, images[0], (10, 10, 30, 30)), add(service, images[0], (20, 20, 50, 40))
    locked = service.editor.update(author="bob", annotation_id=second.id, revision=second.revision, locked=True)
    with pytest.raises(Conflict, match="was changed"):
        combine(service, images[0], "merge", first, second)
    with pytest.raises(Conflict, match="locked"):
        combine(service, images[0], "merge", first, locked)
    assert combine(service, images[0], "subtract", first, locked) == 1, "it only lends its shape"


def test_an_accepted_mask_leaves_to_others_what_is_theirs_and_says_how_much(
    service: Service, images: list[str]
) -> None:
    prompt = Prompt(points=(Point(60, 40, 1),))
    add(service, images[0], (0, 0, 1, 1))

    def accepted(draft: str, no_overlap: bool) -> Annotation:
        service.drafts.save(
            author="ann", image_id=images[0], draft_id=draft, prompt=prompt, category_id=None, revision=None, label="p"
        )
        return service.drafts.accept(
            author="ann", image_id=images[0], draft_id=draft, category="cat", no_overlap=no_overlap
        )

    whole = accepted("d0", True)
    assert whole.provenance.cut == 0
    service.editor.undo(author="ann", image_id=images[0])
    x, y, width, height = whole.mask.bbox
    other = add(service, images[0], (x, y, x + width // 2, y + height))
    apart = accepted("d0", True)
    assert apart.mask.iou(other.mask) == 0
    assert apart.provenance.cut == whole.mask.area - apart.mask.area > 0
    with pytest.raises(InvalidInput, match="belongs to other objects"):
        accepted("d2", True)
    assert accepted("d2", False).mask == whole.mask
