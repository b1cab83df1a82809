"""Finding image candidates in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator.images.discover import discover


def names(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in discover(root)]


def touch(root: Path, *files: str) -> None:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_natural_order_through_all_folders(tmp_path: Path) -> None:
    touch(tmp_path, "img10.jpg", "img2.JPG", "b/img1.png", "a b/ümläut 图.webp", "b/img01.png", "Z.tif", "a.tif")
    assert names(tmp_path) == [
        "a b/ümläut 图.webp",
        "a.tif",
        "b/img01.png",
        "b/img1.png",
        "img2.JPG",
        "img10.jpg",
        "Z.tif",
    ]


def test_names_of_digits_and_superscripts_sort_without_error(tmp_path: Path) -> None:
    touch(tmp_path, "1.png", "a1.png", "1a.png", "².png", "x².png", "٣.png", "2/1.png")
    assert sorted(names(tmp_path)) == sorted(["1.png", "a1.png", "1a.png", "².png", "x².png", "٣.png", "2/1.png"])


def test_what_is_no_candidate_is_left_out(tmp_path: Path) -> None:
    touch(
        tmp_path, "a.png", "notes.txt", "b.pdf", "c.eps", "noext", ".hidden.png", ".annotator/thumb.jpg", ".git/x.png"
    )
    touch(tmp_path, "exports/p/coco/cut.png", "sub/exports/kept.png")
    assert names(tmp_path) == ["a.png", "sub/exports/kept.png"]


def test_equal_base_names_stay_apart(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png", "b/1.png", "1.png")
    assert sorted(names(tmp_path)) == ["1.png", "a/1.png", "b/1.png"]


def test_links_are_followed_inside_the_root_only(tmp_path: Path) -> None:
    root = tmp_path / "root"
    touch(tmp_path, "secret.png", "outside/o.png", "root/in.png", "root/sub/s.png")
    (root / "out.png").symlink_to(tmp_path / "secret.png")
    (root / "outdir").symlink_to(tmp_path / "outside")
    (root / "alias.png").symlink_to(root / "in.png")
    (root / "sub" / "loop").symlink_to(root)
    (root / "broken.png").symlink_to(root / "nowhere.png")
    assert names(root) == ["alias.png", "in.png", "sub/s.png"]


def test_a_root_that_is_a_link_works(tmp_path: Path) -> None:
    touch(tmp_path, "real/a.png")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert names(tmp_path / "link") == ["a.png"]


@pytest.mark.parametrize("name", ["missing", "file.png"])
def test_no_folder_has_no_candidates(tmp_path: Path, name: str) -> None:
    touch(tmp_path, "file.png")
    assert names(tmp_path / name) == []
