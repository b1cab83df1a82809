"""A curator keeps versions of a project, sees what changed, exports an old one again, and goes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from annotator.config import Settings
from annotator.domain.mask import Mask
from annotator.engine import Engine
from annotator.engine.fake import FakePredictor
from annotator.errors import Conflict, InvalidInput, NotFound
from annotator.sessions.combining import Seen
from annotator.sessions.exporting import export_folder
from annotator.sessions.service import Service
from tests.conftest import photo


def square(side: int, at: int = 5) -> Mask:
    array = np.zeros((80, 120), bool)
    array[at : at + side, at : at + side] = True
    return Mask.from_array(array)


def add(service: Service, image: str, side: int, category: str = "cat", author: str = "ann") -> int:
    return service.editor.add(author=author, image_id=image, category=category, mask=square(side)).id


def revision(service: Service, image: str, key: int) -> int:
    return next(one.revision for one in service.image(author="ann", image_id=image).annotations if one.id == key)


def content(service: Service) -> dict[str, object]:
    """Everything that people see of a project."""
    page = service.list_images(status=None, query=None, limit=100, cursor=None)
    found: dict[str, object] = {}
    for image in page.items:
        rows = service.image(author="ann", image_id=image.id).annotations
        found[image.name] = (image.state, {one.id: (one.content(), one.created) for one in rows})
    categories = service.project(author="ann").categories
    return {**found, "categories": {one.id: (one.name, one.colour) for one in categories}}


def test_a_version_says_what_was_added_changed_and_removed_since(service: Service, images: list[str]) -> None:
    kept, gone, redrawn, judged = (add(service, images[0], side) for side in (10, 20, 30, 40))
    service.versions.create(author="ann", name="v1", message="first")
    service.editor.delete(author="ann", annotation_id=gone, revision=1)
    service.editor.update(author="ann", annotation_id=redrawn, revision=1, mask=square(15), category="dog")
    service.reviewer.judge(author="cara", objects=[Seen(judged, 1)], review="approved")
    new = add(service, images[1], 12)
    service.categories.add(name="fish")
    found = {(one.kind, one.id): one for one in service.versions.diff("v1")}
    assert ("annotation", str(kept)) not in found
    assert found["annotation", str(gone)].change == "removed"
    assert found["annotation", str(new)].change == "added"
    changed = found["annotation", str(redrawn)]
    assert (changed.change, changed.image, changed.details) == ("changed", "a.png", ("category cat → dog", "mask"))
    assert changed.iou == pytest.approx(15 * 15 / (30 * 30))
    assert found["annotation", str(judged)].details == ("review unreviewed → approved",)
    assert found["image", images[1]].details == ("state todo → in_progress",)
    assert [one.name for one in found.values() if one.kind == "category"] == ["fish"]
    service.versions.create(author="ann", name="v2")
    assert service.versions.diff("v1", "v2") == service.versions.diff("v1")
    assert service.versions.diff("v2") == service.versions.diff("v2", "v2") == []
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    back = {(one.kind, one.id): one.change for one in service.versions.diff("v2", "v1")}
    assert back == {key: turned[one.change] for key, one in found.items()}


def test_names_are_given_once_and_versions_never_change(service: Service, images: list[str]) -> None:
    add(service, images[0], 10)
    made = service.versions.create(author="ann", name="v1", message="first")
    assert (made.objects, made.images, made.categories) == (1, 3, 2)
    with pytest.raises(Conflict, match="never change"):
        service.versions.create(author="ann", name="v1")
    for name in ("", "a b", "../v1", "-v", "x" * 65):
        with pytest.raises(InvalidInput):
            service.versions.create(author="ann", name=name)
    with pytest.raises(NotFound, match="v1"):
        service.versions.diff("v9")
    add(service, images[0], 20)
    assert service.versions.all() == [made]


@pytest.mark.parametrize("format", ["coco", "yolo", "labelme", "cvat", "parquet", "panoptic", "masks"])
def test_an_export_of_a_version_is_the_same_for_ever(
    service: Service, images: list[str], folder: Path, tmp_path: Path, format: str
) -> None:
    for image in images:
        service.editor.add(author="ann", image_id=image, category="cat", mask=square(20, at=30))
    service.set_state(author="ann", image_id=images[2], state="done")
    service.versions.create(author="ann", name="v1")

    def files(name: str) -> dict[str, bytes]:
        settings = Settings.load()
        export_folder(
            folder, settings, format=format, out=tmp_path / name, options={}, progress=lambda a, b: None, version="v1"
        )
        return {
            path.relative_to(tmp_path / name).as_posix(): path.read_bytes()
            for path in sorted((tmp_path / name).rglob("*"))
            if path.is_file()
        }

    first = files("first")
    assert first
    add(service, images[0], 40, "dog")
    cat = service.project(author="ann").categories[0]
    service.categories.update(cat.id, name="tiger")
    service.set_state(author="ann", image_id=images[2], state="in_progress")
    assert files("second") == first


def test_going_back_restores_everything_and_loses_nothing(service: Service, images: list[str]) -> None:
    ids = [add(service, images[0], side) for side in (10, 20)]
    service.set_state(author="ann", image_id=images[0], state="done")
    service.versions.create(author="ann", name="v1")
    before = content(service)
    service.editor.delete(author="ben", annotation_id=ids[0], revision=1)
    service.editor.update(author="ben", annotation_id=ids[1], revision=1, mask=square(33))
    add(service, images[1], 14, author="ben")
    service.set_state(author="ann", image_id=images[0], state="in_progress")
    later = content(service)
    tried = service.versions.restore(author="cara", name="v1", dry=True)
    assert (content(service), tried.kept) == (later, "")
    done = service.versions.restore(author="cara", name="v1")
    assert content(service) == before
    assert done.differences == tried.differences
    assert done.images == 2
    assert service.versions.diff("v1") == []
    assert service.editor.undo(author="cara", image_id=images[1]) == "restore v1", "each image is one step of undo"
    service.versions.restore(author="cara", name=done.kept)
    assert content(service) == later, "what was there is a version too"


def test_a_locked_object_that_would_change_stops_the_restoring(service: Service, images: list[str]) -> None:
    key = add(service, images[0], 10)
    service.versions.create(author="ann", name="v1")
    service.editor.update(author="ann", annotation_id=key, revision=1, mask=square(30))
    service.editor.update(author="ann", annotation_id=key, revision=2, locked=True)
    before = content(service)
    with pytest.raises(Conflict, match="unlock"):
        service.versions.restore(author="ann", name="v1")
    assert content(service) == before
    assert [one.name for one in service.versions.all()] == ["v1"], "nothing at all was done"


def test_categories_that_changed_places_or_came_later_are_no_obstacle(service: Service, images: list[str]) -> None:
    service.versions.create(author="ann", name="v1")
    cat, dog = service.project(author="ann").categories
    service.categories.update(cat.id, name="x")
    service.categories.update(dog.id, name="cat")
    service.categories.update(cat.id, name="dog")
    service.versions.restore(author="ann", name="v1")
    names = {one.id: one.name for one in service.project(author="ann").categories}
    assert names == {cat.id: "cat", dog.id: "dog"}
    service.categories.delete(dog.id)
    late = service.categories.add(name="dog")
    service.versions.restore(author="ann", name="v1")
    names = {one.id: one.name for one in service.project(author="ann").categories}
    assert names == {cat.id: "cat", dog.id: "dog", late.id: "dog (later)"}


ACTS = st.lists(
    st.tuples(st.sampled_from(["add", "delete", "redraw", "relabel", "approve", "state"]), st.integers(0, 9)),
    max_size=8,
)


@given(before=ACTS, after=ACTS)
@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_done_a_version_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, before: list[tuple[str, int]], after: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("project")
    photo(folder / "a.png")
    service = Service.open(folder, Settings.load(author="ann"), engine=Engine(predictor=FakePredictor()))
    try:
        service.categories.ensure(["cat", "dog"])
        service.library.scan()
        (image,) = service.list_images(status=None, query=None, limit=10, cursor=None).items
        for act, number in before:
            play(service, image.id, act, number)
        service.versions.create(author="ann", name="v1")
        wanted = content(service)
        for act, number in after:
            play(service, image.id, act, number)
        service.versions.restore(author="ann", name="v1")
        assert content(service) == wanted
        assert service.versions.diff("v1") == []
    finally:
        service.close()


def play(service: Service, image: str, act: str, number: int) -> None:
    rows = service.image(author="ann", image_id=image).annotations
    if act == "add" or (not rows and act != "state"):
        add(service, image, 5 + number, "dog" if number % 2 else "cat")
    elif act == "state":
        service.set_state(author="ann", image_id=image, state="done" if number % 2 else "in_progress")
    else:
        one = rows[number % len(rows)]
        if act == "delete":
            service.editor.delete(author="ann", annotation_id=one.id, revision=one.revision)
        elif act == "redraw":
            service.editor.update(author="ann", annotation_id=one.id, revision=one.revision, mask=square(6 + number))
        elif act == "relabel":
            service.reviewer.relabel(author="ann", objects=[Seen(one.id, one.revision)], category=1 + number % 2)
        else:
            service.reviewer.judge(author="ann", objects=[Seen(one.id, one.revision)], review="approved", note="x")
