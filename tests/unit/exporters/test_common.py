"""What all folder formats share, seen through one of them."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from annotator.errors import BadSetting, ExportFailed, InvalidInput, StorageProblem
from annotator.exporters import get_exporter
from annotator.exporters.base import ExportAnnotation, ExportReport
from tests.unit.exporters.sources import MemorySource, square


def export(source: MemorySource, target: Path, **options: Any) -> ExportReport:
    return get_exporter("yolo").export(source, target, options, lambda done, total: None)


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def project(count: int = 3, folder: Path | None = None) -> MemorySource:
    source = MemorySource()
    for number in range(count):
        image = source.add(f"clip{number // 10}/{number}.jpg", square())
        if folder is not None:
            source.files[image.id] = folder / f"{number}.jpg"
            source.files[image.id].write_bytes(b"the original %d" % number)
    return source


def test_pictures_are_left_out_copied_linked_or_written_upright(tmp_path: Path) -> None:
    originals = tmp_path / "originals"
    originals.mkdir()
    source = project(2, originals)
    export(source, tmp_path / "none")
    assert not (tmp_path / "none" / "images").exists()
    export(source, tmp_path / "copy", pictures="copy")
    assert (tmp_path / "copy/images/train/clip0/1.jpg").read_bytes() == b"the original 1"
    export(source, tmp_path / "link", pictures="link")
    link = tmp_path / "link/images/train/clip0/1.jpg"
    assert link.is_symlink()
    assert os.path.samefile(link, originals / "1.jpg")
    export(source, tmp_path / "png", pictures="png")
    with Image.open(tmp_path / "png/images/train/clip0/1.png") as image:
        assert image.getpixel((7, 3)) == (7, 3, 200)


def test_exporting_again_over_links_leaves_the_originals_alone(tmp_path: Path) -> None:
    originals = tmp_path / "originals"
    originals.mkdir()
    source = project(1, originals)
    for kind in ("link", "copy", "none"):
        export(source, tmp_path / "out", pictures=kind)
    assert (originals / "0.jpg").read_bytes() == b"the original 0"


def test_a_picture_without_a_file_is_written_as_png_and_said(tmp_path: Path) -> None:
    report = export(project(1), tmp_path / "out", pictures="copy")
    assert (tmp_path / "out/images/train/clip0/0.png").is_file()
    assert "Images without an original file were written as PNG." in report.warnings


def test_a_missing_original_stops_the_export_and_names_the_image(tmp_path: Path) -> None:
    source = project(1)
    source.files["i0"] = tmp_path / "gone.jpg"
    with pytest.raises(ExportFailed, match=r"clip0/0\.jpg is missing"):
        export(source, tmp_path / "out", pictures="copy")
    assert files_in(tmp_path) == []


def test_images_whose_names_differ_in_case_or_suffix_only_keep_files_of_their_own(tmp_path: Path) -> None:
    source = MemorySource()
    for name in ("a/x.jpg", "a/x.png", "A/X.jpg", "a/x-2.jpg"):
        source.add(name, square())
    report = export(source, tmp_path / "out", pictures="png")
    assert len(list((tmp_path / "out/labels").rglob("*.txt"))) == 4
    assert len({path.lower() for path in files_in(tmp_path / "out/images")}) == 4
    assert any("a/x.png is called a/x-2.png" in warning for warning in report.warnings)


def test_names_can_not_leave_the_folder(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("../../outside.jpg", square())
    source.add("/absolute.jpg", square())
    export(source, tmp_path / "a" / "b" / "out", pictures="png")
    assert all(name.startswith("a/b/out/") for name in files_in(tmp_path))


def test_every_image_is_in_one_split_and_an_export_after_adding_images_moves_none(tmp_path: Path) -> None:
    def splits(count: int) -> dict[str, str]:
        target = tmp_path / f"out{count}"
        export(project(count), target, splits="random", fractions="60/20/20", seed=1)
        paths = [Path(name).parts for name in files_in(target / "labels")]
        assert len(paths) == count
        return {"/".join(parts[1:]): parts[0] for parts in paths}

    before, after = splits(30), splits(60)
    assert set(before.values()) == {"train", "val", "test"}
    assert before.items() <= after.items()


def test_images_of_a_folder_share_a_split(tmp_path: Path) -> None:
    export(project(60), tmp_path / "out", splits="folder", fractions="50/50", seed=2)
    places = {tuple(Path(name).parts[:2]) for name in files_in(tmp_path / "out" / "labels")}
    assert len(places) == 6
    assert {split for split, _ in places} == {"train", "val"}


def test_a_pattern_is_only_needed_for_splits_by_pattern(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="needs a pattern"):
        export(project(), tmp_path / "out", splits="pattern")
    export(project(), tmp_path / "out", splits="pattern", pattern="(clip.)")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"seed": -1}, "use a whole number at least 0"),
        ({"seed": True}, "whole number"),
        ({"fractions": 80}, "use text"),
        ({"fractions": "eighty"}, "such as 80/10/10"),
        ({"pictures": "all"}, "none, copy, link, png"),
        ({"colour": "red"}, "There is no option 'colour'"),
    ],
)
def test_unusable_options_say_what_to_use(tmp_path: Path, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadSetting, match=sentence):
        export(project(), tmp_path / "out", **options)
    assert files_in(tmp_path) == []


def test_a_folder_that_no_export_wrote_is_never_replaced(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    export(project(), target)  # an empty folder is fine
    (target / "my notes.txt").write_text("are in an export's folder")
    export(project(), target)
    shutil.rmtree(target)
    target.mkdir()
    (target / "thesis.txt").write_text("mine")
    with pytest.raises(StorageProblem, match="no export wrote"):
        export(project(), target)
    assert files_in(tmp_path) == ["out/thesis.txt"]


class BrokenSource(MemorySource):
    """Whose last image can't be read."""

    def annotations(self, image_id: str) -> list[ExportAnnotation]:
        if image_id == self.listed[-1].id:
            raise ExportFailed("the disk is gone")
        return super().annotations(image_id)


def test_a_failed_export_leaves_the_older_one_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "new" / "out"
    broken = BrokenSource(**{name: getattr(project(), name) for name in ("listed", "objects")})
    with pytest.raises(ExportFailed, match="disk"):
        export(broken, target)
    assert list(tmp_path.iterdir()) == []
    export(project(), target)
    before = files_in(tmp_path)
    with pytest.raises(ExportFailed, match="disk"):
        export(broken, target)
    assert files_in(tmp_path) == before


def test_the_folder_says_what_wrote_it(tmp_path: Path) -> None:
    export(project(), tmp_path / "out", splits="random", seed=5)
    about = json.loads((tmp_path / "out" / ".annotator-export.json").read_text())
    assert about["format"] == "yolo"
    assert (about["options"]["splits"], about["options"]["seed"]) == ("random", 5)


def test_what_is_unusable_is_skipped_with_the_reason(tmp_path: Path) -> None:
    source = project(3)
    source.listed[0] = replace(source.listed[0], problem="It is damaged.")
    source.objects["i1"] = [replace(source.objects["i1"][0], review="rejected")]
    report = export(source, tmp_path / "out")
    assert report.images == report.annotations == 1
    assert [entry.what for entry in report.skipped] == ["image clip0/0.jpg", "object 2 on clip0/1.jpg"]


def test_nothing_to_export_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    source = MemorySource()
    source.add("a.jpg", state="todo")
    with pytest.raises(InvalidInput, match="nothing to export"):
        export(source, tmp_path / "out")
    assert files_in(tmp_path) == []


def test_progress_reaches_its_end(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    get_exporter("yolo").export(project(4), tmp_path / "out", {}, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
