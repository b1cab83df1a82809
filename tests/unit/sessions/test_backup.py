"""A project is backed up while somebody works, and comes back whole; what is no backup changes nothing."""

from __future__ import annotations

import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from annotator.cli import app
from annotator.config import Settings
from annotator.domain.mask import Mask
from annotator.engine import Engine
from annotator.engine.fake import FakePredictor
from annotator.errors import AnnotatorError, Conflict, InvalidInput, NotFound
from annotator.sessions.backup import back_up, restore, servers, serving
from annotator.sessions.folders import data_folder
from annotator.sessions.service import Service

pytestmark = pytest.mark.sqlite

MASK = Mask.from_array(np.pad(np.ones((20, 20)), ((10, 50), (10, 90))))
SETTINGS = Settings.load(author="ann")


def add(service: Service, image: str) -> int:
    return service.editor.add(author="ann", image_id=image, category="cat", mask=MASK).id


def objects(folder: Path, image: str) -> list[int]:
    opened = Service.open(folder, SETTINGS, engine=Engine(predictor=FakePredictor()))
    try:
        return [one.id for one in opened.image(author="ann", image_id=image).annotations]
    finally:
        opened.close()


def test_everything_that_was_saved_before_is_in_it_though_work_goes_on(
    service: Service, images: list[str], folder: Path, tmp_path: Path
) -> None:
    before = [add(service, images[0]) for _ in range(20)]
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            add(service, images[1])

    worker = threading.Thread(target=work)
    worker.start()
    try:
        about = back_up(folder, SETTINGS, tmp_path / "b.zip")
    finally:
        stop.set()
        worker.join()
    assert about.project == "photos"
    later = add(service, images[0])
    service.close()
    _, kept = restore(tmp_path / "b.zip", folder, SETTINGS)
    assert objects(folder, images[0]) == before
    assert kept is not None
    assert kept.is_file(), f"what was there before, with object {later}, is kept"


def test_a_damaged_archive_changes_nothing(service: Service, images: list[str], folder: Path, tmp_path: Path) -> None:
    kept = [add(service, images[0])]
    archive = tmp_path / "b.zip"
    back_up(folder, SETTINGS, archive)
    service.close()
    whole = archive.read_bytes()
    tampered = tmp_path / "tampered.zip"
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(tampered, "w") as new:
        new.writestr("manifest.json", old.read("manifest.json"))
        new.writestr("annotator.db", old.read("annotator.db")[:-4096] + bytes(4096))
    for name, content in {
        "cut": whole[: len(whole) // 2],
        "empty": b"",
        "text": b"hello",
        "tampered": tampered.read_bytes(),
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidInput, match="Nothing was changed"):
            restore(tmp_path / name, folder, SETTINGS)
    with pytest.raises(NotFound):
        restore(tmp_path / "missing", folder, SETTINGS)
    assert objects(folder, images[0]) == kept
    assert not list((folder / ".annotator").glob(".restore-*")), "nothing is left behind"


def test_a_project_that_is_served_is_not_replaced(service: Service, folder: Path, tmp_path: Path) -> None:
    back_up(folder, SETTINGS, tmp_path / "b.zip")
    data = data_folder(folder, SETTINGS)
    with serving(data / "missing"):
        assert not (data / "missing").exists(), "no folder is made for it"
    with serving(data), pytest.raises(Conflict, match="stop it"):
        restore(tmp_path / "b.zip", folder, SETTINGS)
    assert servers(data) == []
    (data / "servers").mkdir(exist_ok=True)
    (data / "servers" / "999999999").touch()
    assert servers(data) == [], "a server that was killed holds nothing"


def test_a_backup_moves_a_project_to_another_machine(
    service: Service, images: list[str], folder: Path, tmp_path: Path
) -> None:
    made = add(service, images[0])
    archive = tmp_path / "b.zip"
    result = CliRunner().invoke(app, ["backup", str(folder), "--out", str(archive)])
    assert result.exit_code == 0, result.output
    other = tmp_path / "other"
    other.mkdir()
    for name in ("a.png", "b.png"):
        (other / name).write_bytes((folder / name).read_bytes())
    result = CliRunner().invoke(app, ["restore", str(archive), str(other)])
    assert result.exit_code == 0, result.output
    assert objects(other, images[0]) == [made]


def test_what_is_no_project_or_in_a_server_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not a project"):
        back_up(tmp_path, SETTINGS, tmp_path / "b.zip")
    elsewhere = Settings.load(database_url="postgresql://localhost/annotator")
    with pytest.raises(AnnotatorError, match="pg_dump"):
        back_up(tmp_path, elsewhere, tmp_path / "b.zip")
