"""The pictures of a run: drawn the same every time, or a person's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from annotator.bench.pictures import Pictures, draw, places
from annotator.errors import BadSetting
from annotator.images.decode import decode


def test_a_drawn_picture_has_the_size_and_is_the_same_in_every_run() -> None:
    first = draw(0.1, seed=1)
    assert first.shape[0] * first.shape[1] == pytest.approx(100_000, rel=0.02)
    assert (first == draw(0.1, seed=1)).all()
    assert (first != draw(0.1, seed=2)).any()
    assert first.std() > 10  # something is on it


def test_drawn_files_differ_so_that_none_is_known_already(tmp_path: Path) -> None:
    names = Pictures(tmp_path).next("opened", 4)
    assert len({(tmp_path / name).read_bytes() for name in names}) == 4
    assert decode(tmp_path / names[0]).pixels.shape[2] == 3


def test_own_pictures_come_first_without_broken_ones_and_copies(folder: Path, tmp_path: Path) -> None:
    shutil.copyfile(folder / "a.png", folder / "copy of a.png")
    (folder / "broken.jpg").write_bytes(b"not a picture")
    target = tmp_path / "target"
    target.mkdir()
    pictures = Pictures(target, own=folder)
    names = pictures.next("opened", 5)
    assert pictures.copied == 3
    assert [Path(name).suffix for name in names] == [".png", ".png", ".png", ".jpg", ".jpg"]
    own = {path.read_bytes() for path in (folder / "a.png", folder / "b.png", folder / "sub" / "a.png")}
    assert {(target / name).read_bytes() for name in names[:3]} == own


def test_a_folder_without_pictures_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadSetting, match="no pictures"):
        Pictures(tmp_path, own=tmp_path / "empty")


def test_places_are_inside_and_never_twice() -> None:
    found = places(500, width=40, height=30)
    assert len(set(found)) == 500
    assert (np.array(found) > 0).all()
    assert (np.array(found) < (40, 30)).all()


def test_twins_look_alike_and_are_two_images(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path)
    names = [*pictures.twins("empty", "full", 0.1), pictures.drawn("another", 0.1)]
    assert len({(tmp_path / name).read_bytes() for name in names}) == 3
    left, right, other = (decode(tmp_path / name).pixels.astype(int) for name in names)
    assert np.abs(left - right).mean() < np.abs(left - other).mean() / 5
