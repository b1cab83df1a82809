"""The list of images follows the folder, whatever happens to the files, and nothing in the folder is touched."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from annotator.config import Settings
from annotator.domain.project import Image
from annotator.engine import Engine
from annotator.engine.fake import FakePredictor
from annotator.errors import ImageProblem, InvalidInput, NotFound
from annotator.sessions.service import Service
from tests.conftest import photo


def listed(service: Service, status: str | None = None) -> dict[str, Image]:
    page = service.list_images(status=status, query=None, limit=1000, cursor=None)
    return {image.name: image for image in sorted(page.items, key=lambda image: image.problem is None)}


def test_images_are_listed_in_the_order_people_count(service: Service, folder: Path) -> None:
    for number in (1, 2, 10):
        photo(folder / f"img{number}.png", seed=10 + number)
    service.library.scan()
    page = service.list_images(status=None, query=None, limit=1000, cursor=None)
    assert [image.name for image in page.items] == [
        "a.png",
        "b.png",
        "img1.png",
        "img2.png",
        "img10.png",
        "sub/a.png",
    ]


def test_equal_names_in_different_folders_and_equal_files_stay_apart(service: Service, folder: Path) -> None:
    copy = folder / "copy of a.png"
    copy.write_bytes((folder / "a.png").read_bytes())
    service.library.scan()
    images = listed(service)
    assert len({image.id for image in images.values()}) == 4
    assert images["a.png"].id != images["sub/a.png"].id
    assert images["a.png"].source_hash == images["copy of a.png"].source_hash


def test_a_moved_file_keeps_its_image_and_a_vanished_one_says_so(service: Service, folder: Path) -> None:
    before = listed(service)
    (folder / "a.png").rename(folder / "moved ä.png")
    (folder / "b.png").unlink()
    service.library.scan()
    after = listed(service)
    assert after["moved ä.png"].id == before["a.png"].id
    assert after["moved ä.png"].problem is None
    assert "not in the folder any more" in str(after["b.png"].problem)


def test_a_file_that_comes_back_can_be_used_again(service: Service, folder: Path) -> None:
    content = (folder / "b.png").read_bytes()
    (folder / "b.png").unlink()
    service.library.scan()
    (folder / "b.png").write_bytes(content)
    service.library.scan()
    assert listed(service)["b.png"].problem is None


def test_another_picture_under_the_same_name_is_another_image(service: Service, folder: Path) -> None:
    before = listed(service)["b.png"]
    photo(folder / "b.png", seed=99, width=60, height=50)
    service.library.scan()
    after = listed(service)["b.png"]
    assert (after.width, after.height) == (60, 50)
    assert after.source_hash != before.source_hash
    assert after.id != before.id


def test_every_broken_file_is_listed_with_its_reason(service: Service, folder: Path) -> None:
    (folder / "empty.jpg").touch()
    (folder / "text.png").write_text("hello")
    whole = photo(folder / "whole.jpg", seed=5, width=300, height=300).read_bytes()
    (folder / "half.jpg").write_bytes(whole[: len(whole) // 2])
    service.library.scan()
    service.library.verify()
    broken = listed(service, "broken")
    assert set(broken) == {"empty.jpg", "text.png", "half.jpg"}
    assert "empty" in str(broken["empty.jpg"].problem)
    assert "truncated" in str(broken["half.jpg"].problem)
    assert len(listed(service, "todo")) == 4


def test_opening_a_folder_changes_nothing_in_it_but_its_own_data(folder: Path) -> None:
    def state() -> dict[str, str]:
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*")
            if path.is_file() and ".annotator" not in path.parts
        }

    before = state()
    service = Service.open(folder, Settings.load(), engine=Engine(predictor=FakePredictor()))
    service.library.scan()
    service.library.verify()
    service.close()
    assert state() == before


@pytest.mark.sqlite
def test_data_can_be_kept_elsewhere(folder: Path, tmp_path: Path) -> None:
    settings = Settings.load(data_dir=tmp_path / "elsewhere")
    service = Service.open(folder, settings, engine=Engine(predictor=FakePredictor()))
    service.library.scan()
    service.library.verify()
    service.close()
    assert not (folder / ".annotator").exists()
    assert (tmp_path / "elsewhere" / "annotator.db").is_file()


def test_a_link_out_of_the_folder_is_not_followed(service: Service, folder: Path, tmp_path: Path) -> None:
    secret = photo(tmp_path / "secret.png", seed=77)
    os.symlink(secret, folder / "link.png")
    os.symlink(tmp_path, folder / "loop")
    service.library.scan()
    assert list(listed(service)) == ["a.png", "b.png", "sub/a.png"]


def test_a_file_replaced_by_a_link_later_is_not_followed_either(service: Service, folder: Path, tmp_path: Path) -> None:
    secret = photo(tmp_path / "secret.png", seed=77)
    image = listed(service)["a.png"]
    (folder / "a.png").unlink()
    os.symlink(secret, folder / "a.png")
    with pytest.raises(NotFound, match="leads out"):
        service.library.display(image.id)


def test_a_file_that_was_cut_after_it_was_listed_is_a_sentence_not_a_crash(service: Service, folder: Path) -> None:
    image = listed(service)["a.png"]
    (folder / "a.png").write_bytes((folder / "a.png").read_bytes()[:200])
    with pytest.raises(ImageProblem, match=r"a\.png"):
        service.embed(image_id=image.id)
    assert listed(service)["a.png"].problem is not None


@pytest.mark.parametrize("name", ["", "..", "/", ".hidden/", "a\nb.png", "x" * 250 + ".png"])
def test_unusable_upload_names_are_refused(service: Service, name: str) -> None:
    with pytest.raises(InvalidInput, match="name"):
        service.library.add(name, b"")


def test_there_must_be_a_folder() -> None:
    with pytest.raises(NotFound, match="no folder"):
        Service.open(Path("/nowhere/at/all"), Settings.load(), engine=Engine(predictor=FakePredictor()))
