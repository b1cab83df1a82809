"""A curator runs the rules over a project and gets one sentence for each place worth a look."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from annotator.domain.mask import Mask
from annotator.domain.mask_edit import edited
from annotator.errors import BadSetting
from annotator.exporters.base import ExportCategory
from annotator.quality.findings import Finding
from annotator.quality.rules import RULES
from annotator.quality.running import run
from annotator.quality.thresholds import Thresholds
from tests.unit.exporters.sources import MemorySource

SIZE = (60, 80)


def blob(*boxes: tuple[int, int, int, int], holes: tuple[tuple[int, int, int, int], ...] = ()) -> Mask:
    """Boxes (x, y, width, height) with one corner pixel missing each, so that none is a rectangle."""
    array = np.zeros(SIZE, bool)
    for x, y, width, height in boxes:
        array[y : y + height, x : x + width] = True
        if width * height > 1:
            array[y, x] = False
    for x, y, width, height in holes:
        array[y : y + height, x : x + width] = False
    return Mask.from_array(array)


def found(source: MemorySource, *rules: str, settings: tuple[str, ...] = ()) -> list[Finding]:
    thresholds = Thresholds().changed(settings)
    return list(run(source, thresholds.only(rules) if rules else thresholds, lambda done, total: None))


def one(source: MemorySource, rule: str, *settings: str) -> Finding:
    findings = found(source, rule, settings=settings)
    assert len(findings) == 1, findings
    assert findings[0].severity == RULES[rule].severity
    return findings[0]


def test_a_good_project_has_no_finding() -> None:
    source = MemorySource()
    for number in range(10):
        source.add(f"{number}.jpg", blob((10, 10, 20, 20)))
    assert found(source) == []


def test_two_masks_of_one_object_are_a_duplicate_and_not_an_overlap_too() -> None:
    source = MemorySource()
    source.add("a.jpg", blob((10, 10, 20, 20)), blob((10, 10, 20, 21)), blob((50, 10, 20, 20)))
    finding = one(source, "duplicate")
    assert (finding.image, {finding.annotation, *finding.others}, finding.fix) == ("a.jpg", {1, 2}, "delete")
    assert finding.value == pytest.approx(399 / 419)
    assert found(source, "duplicate", "overlap", "nested") == [finding]


def test_the_approved_one_of_two_duplicates_is_kept_and_the_other_has_the_fix() -> None:
    source = MemorySource()
    image = source.add("a.jpg", blob((10, 10, 20, 20)), blob((10, 10, 20, 21)))
    first, second = source.objects[image.id]
    source.objects[image.id] = [replace(first, score=0.99), replace(second, review="approved", score=0.5)]
    assert one(source, "duplicate").annotation == 1
    source.objects[image.id] = [replace(first, review="approved", score=0.5), replace(second, score=0.99)]
    assert one(source, "duplicate").annotation == 2


def test_the_same_pixels_in_two_categories_are_a_duplicate_without_an_automatic_fix() -> None:
    source = MemorySource(kept=[ExportCategory(1, "cat"), ExportCategory(2, "dog")])
    image = source.add("a.jpg", blob((10, 10, 20, 20)), blob((10, 10, 20, 20)))
    source.objects[image.id][1] = replace(source.objects[image.id][1], category_id=2)
    finding = one(source, "duplicate")
    assert finding.fix is None
    assert "cat" in finding.message
    assert "dog" in finding.message


def test_deleting_what_the_duplicates_offer_leaves_one_of_each_object() -> None:
    source = MemorySource()
    chain = [blob((10, 10, 20, height)) for height in (20, 22, 24)]  # each is a duplicate of the next, not of the last
    image = source.add("a.jpg", *[blob((50, 5, 20, 20))] * 4, *chain)
    findings = found(source, "duplicate", settings=("duplicate.iou=0.9",))
    assert [finding.annotation for finding in findings] == [2, 3, 4, 6]
    gone = {finding.annotation for finding in findings if finding.fix == "delete"}
    source.objects[image.id] = [item for item in source.objects[image.id] if item.id not in gone]
    assert [item.id for item in source.objects[image.id]] == [1, 5, 7]
    assert found(source, "duplicate", settings=("duplicate.iou=0.9",)) == []


def test_a_crowd_region_may_cover_objects_and_have_many_parts() -> None:
    source = MemorySource()
    image = source.add("a.jpg", blob((10, 10, 20, 20)), blob((10, 10, 20, 20), *((70, 7 * n, 3, 3) for n in range(7))))
    assert {finding.rule for finding in found(source, "duplicate", "nested", "parts", "specks")} != set()
    source.objects[image.id][1] = replace(source.objects[image.id][1], extra={"iscrowd": 1})
    assert found(source, "duplicate", "nested", "parts", "specks") == []


def test_overlaps_follow_the_threshold_that_was_set() -> None:
    source = MemorySource()
    source.add("a.jpg", blob((10, 10, 20, 20)), blob((15, 10, 20, 20)))  # IoU about 0.6
    finding = one(source, "overlap")
    assert (finding.annotation, finding.others, finding.fix) == (2, (1,), "no_overlap"), "the newer one gives way"
    assert found(source, "overlap", settings=("overlap.iou=0.7",)) == []


def test_a_part_inside_its_object_is_found() -> None:
    source = MemorySource()
    source.add("a.jpg", blob((10, 10, 40, 40)), blob((20, 20, 6, 6)))
    finding = one(source, "nested")
    assert (finding.annotation, finding.others, finding.value) == (2, (1,), 1.0)


def test_specks_and_small_holes_are_found_and_their_fixes_take_care_of_them() -> None:
    source = MemorySource()
    mask = blob((10, 10, 30, 30), (60, 5, 2, 2), (70, 5, 1, 1), holes=((20, 20, 3, 3),))
    source.add("a.jpg", mask)
    specks, holes = one(source, "specks"), one(source, "holes")
    assert (specks.value, holes.value) == (3, 9)
    assert "2 specks" in specks.message
    assert "4 pixels" in specks.message
    assert specks.fix is not None
    assert holes.fix is not None
    clean = edited(holes.fix, edited(specks.fix, mask).mask).mask
    other = MemorySource()
    other.add("a.jpg", clean)
    assert found(other, "specks", "holes") == []


def test_removing_specks_is_not_offered_where_it_would_remove_the_object() -> None:
    source = MemorySource()
    source.add("a.jpg", blob((10, 10, 5, 5), (60, 5, 2, 2)))
    assert one(source, "specks").fix is None


def test_an_object_of_many_parts_a_tiny_one_and_an_empty_one_are_found() -> None:
    source = MemorySource()
    source.add("a.jpg", blob(*((12 * n, 5, 8, 8) for n in range(6))), blob((40, 40, 4, 4)), blob())
    assert one(source, "parts").value == 6
    assert (one(source, "tiny").annotation, one(source, "tiny").value) == (2, 15)
    assert (one(source, "empty").annotation, one(source, "empty").fix) == (3, "delete")


def test_touching_the_border_counts_the_pixels_on_it() -> None:
    source = MemorySource()
    source.add("a.jpg", blob((0, 10, 20, 20)), blob((30, 30, 10, 10)), blob((70, 50, 10, 10)))
    findings = found(source, "border")
    assert [(finding.annotation, finding.value) for finding in findings] == [(1, 19), (3, 19)]
    assert found(source, "border", settings=("border.pixels=20",)) == []


def test_a_low_score_counts_until_somebody_approves_the_object() -> None:
    source = MemorySource()
    image = source.add("a.jpg", blob((10, 10, 20, 20)))
    source.objects[image.id] = [replace(source.objects[image.id][0], score=0.4)]
    assert one(source, "low_score").value == 0.4
    source.objects[image.id] = [replace(source.objects[image.id][0], review="approved")]
    assert found(source, "low_score") == []


def test_rejected_objects_are_not_looked_at() -> None:
    source = MemorySource()
    image = source.add("a.jpg", blob((10, 10, 20, 20)), blob((10, 10, 20, 20)))
    source.objects[image.id][1] = replace(source.objects[image.id][1], review="rejected")
    assert found(source, "duplicate", "tiny") == []


def test_images_without_objects_are_found_unless_they_are_confirmed_empty() -> None:
    source = MemorySource()
    source.add("forgotten.jpg", state="todo")
    source.add("empty.jpg", state="empty")
    assert one(source, "unlabelled").image == "forgotten.jpg"
    source.listed[0] = replace(source.listed[0], problem="The file is truncated.", width=0, height=0)
    assert found(source, "unlabelled") == []
    assert one(source, "broken_image").message == "The file is truncated."


def test_a_rectangle_and_a_box_without_a_mask_were_never_segmented() -> None:
    source = MemorySource()
    array = np.zeros(SIZE, bool)
    array[5:25, 5:25] = True
    image = source.add("a.jpg", Mask.from_array(array), blob())
    source.objects[image.id][1] = replace(source.objects[image.id][1], provenance={"box": [1, 2, 3, 4]})
    assert [finding.annotation for finding in found(source, "box_only")] == [1, 2]
    assert found(source, "empty") == []


def test_masks_of_another_size_and_categories_that_do_not_exist_are_errors() -> None:
    source = MemorySource()
    image = source.add("a.jpg", blob((10, 10, 20, 20)), blob((40, 10, 20, 20)))
    source.listed[0] = replace(image, width=81)
    source.objects[image.id][1] = replace(source.objects[image.id][1], category_id=7)
    assert [finding.annotation for finding in found(source, "wrong_size")] == [1, 2]
    assert one(source, "no_category").annotation == 2
    assert {finding.severity for finding in found(source, "wrong_size", "no_category")} == {"error"}


def test_the_one_object_of_unusual_size_or_aspect_is_found_among_many() -> None:
    source = MemorySource()
    for number in range(30):
        source.add(f"{number}.jpg", blob((5, 5, 20 + number % 3, 20)))
    source.add("odd.jpg", blob((2, 5, 70, 6)))
    source.add("small.jpg", blob((2, 5, 4, 4)))
    assert {finding.image for finding in found(source, "aspect_outlier")} == {"odd.jpg"}
    size = one(source, "area_outlier")
    assert size.image == "small.jpg"
    assert "smaller" in size.message
    assert found(source, "area_outlier", settings=("area_outlier.examples=100",)) == []


def test_objects_that_are_all_alike_make_no_outlier_of_a_small_difference() -> None:
    source = MemorySource()
    for number in range(30):
        source.add(f"{number}.jpg", blob((5, 5, 20, 20)))
    source.add("b.jpg", blob((5, 5, 21, 20)))
    assert found(source, "area_outlier", "aspect_outlier") == []


def test_categories_with_few_examples_are_found_even_without_any() -> None:
    source = MemorySource(kept=[ExportCategory(1, "cat"), ExportCategory(4, "dog")])
    for number in range(10):
        source.add(f"{number}.jpg", blob((10, 10, 20, 20)))
    finding = one(source, "few_examples")
    assert (finding.category, finding.value) == (4, 0)


def test_a_crowded_image_compares_only_objects_that_can_overlap() -> None:
    source = MemorySource()
    size = (600, 900)
    masks = []
    for number in range(400):
        array = np.zeros((10, 10), bool)
        array[1:, 1:] = True
        array[1, 1] = False
        masks.append(Mask.from_crop(array, x=(number % 40) * 20, y=(number // 40) * 20, height=size[0], width=size[1]))
    source.add("crowd.jpg", *masks, masks[17])
    finding = one(source, "duplicate")
    assert {finding.annotation, *finding.others} == {18, 401}


def test_findings_come_image_by_image_before_the_last_one_is_read() -> None:
    source = MemorySource()
    source.add("a.jpg", blob())
    source.add("b.jpg", blob())
    steps: list[int] = []
    findings = run(source, Thresholds().only(["empty"]), lambda done, total: steps.append(done))
    assert next(findings).image == "a.jpg"
    assert steps == [0]
    assert [finding.image for finding in findings] == ["b.jpg"]
    assert steps == [0, 1, 2]


def test_a_finding_is_plain_json() -> None:
    source = MemorySource()
    source.add("a.jpg", blob((10, 10, 20, 20)), blob((10, 10, 20, 20)))
    data = json.loads(json.dumps(one(source, "duplicate").to_json()))
    assert data["rule"] == "duplicate"
    assert data["others"] == [1]


def test_thresholds_are_kept_as_json_and_read_back() -> None:
    thresholds = Thresholds().changed(["overlap.iou=0.25", "parts.count = 3"])
    thresholds = Thresholds(thresholds.values, frozenset({"border"}))
    again = Thresholds.from_json(json.loads(json.dumps(thresholds.to_json())))
    assert again.to_json() == thresholds.to_json()
    assert again.get("overlap", "iou") == 0.25
    assert not again.on("border")
    assert Thresholds.from_json({}).to_json() == Thresholds().to_json()


@pytest.mark.parametrize("setting", ["overlap", "overlap.iou=x", "overlap.iou=2", "overlap.area=1", "nothing.iou=1"])
def test_a_threshold_that_makes_no_sense_is_refused_with_what_would(setting: str) -> None:
    with pytest.raises(BadSetting, match=r"use|write|has"):
        Thresholds().changed([setting])


@pytest.mark.parametrize(
    "data",
    [[], {"overlap": 0.5}, {"overlap": {"iou": "a"}}, {"overlap": {"iou": True}}, {"x": {}}, {"tiny": {"on": 1}}],
)
def test_thresholds_of_another_form_are_refused(data: object) -> None:
    with pytest.raises(BadSetting):
        Thresholds.from_json(data)


def test_every_rule_has_a_check_and_a_default_within_its_bounds() -> None:
    from annotator.quality.object_checks import CHECKS

    per_image = {name for name, rule in RULES.items() if rule.scope != "dataset"}
    assert set(CHECKS) == per_image
    for rule in RULES.values():
        for threshold in rule.thresholds:
            assert threshold.minimum <= threshold.default <= threshold.maximum
