"""Archives: a dataset comes out whole, a hostile one leaves nothing anywhere."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest

from annotator.errors import InvalidInput
from annotator.importers import archives
from annotator.importers.archives import unpacked


def packed(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return path


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    folder = tmp_path / "project" / "data"
    folder.mkdir(parents=True)
    return folder


def everything(tmp_path: Path) -> list[str]:
    return sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))


def refused(archive: Path, beside: Path, match: str) -> None:
    before = everything(beside.parent.parent)
    with pytest.raises(InvalidInput, match=match), unpacked(archive, beside=beside):
        pytest.fail("it was unpacked")
    assert everything(beside.parent.parent) == before


def test_the_only_folder_is_the_dataset_and_is_gone_afterwards(tmp_path: Path, beside: Path) -> None:
    archive = packed(tmp_path / "a.zip", set__data_yaml=b"names: [a]", set__labels__a=b"x", set__b=b"")
    with zipfile.ZipFile(archive, "a") as more:
        for name in ("__MACOSX/set/._b", "set/.DS_Store", "set/._b", "set/empty/"):
            more.writestr(name, b"")
    with unpacked(archive, beside=beside) as folder:
        assert folder.name == "set"
        assert folder.is_relative_to(beside)
        assert everything(folder) == ["b", "data_yaml", "labels", "labels/a"]
    assert list(beside.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/tmp/evil.txt", "a/../../evil.txt", "..\\evil.txt", "C:\\evil", "a\nb"]
)
def test_names_that_lead_out_are_refused(tmp_path: Path, beside: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("good.txt", b"good")
        archive.writestr(name, b"evil")
    refused(tmp_path / "a.zip", beside, "leads out")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(tmp_path: Path, beside: Path, kind: int) -> None:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    refused(tmp_path / "a.zip", beside, "link")


def test_a_bomb_is_stopped_while_it_grows(tmp_path: Path, beside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_FREE", 1 << 20)
    archive = packed(tmp_path / "a.zip", good=b"x", bomb=bytes(40 << 20))
    assert archive.stat().st_size < 100_000
    refused(archive, beside, "200 times")


def test_too_many_entries_are_refused(tmp_path: Path, beside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 3)
    refused(packed(tmp_path / "a.zip", a=b"", b=b"", c=b"", d=b""), beside, "4 entries")


def test_a_damaged_archive_is_refused(tmp_path: Path, beside: Path) -> None:
    archive = packed(tmp_path / "a.zip", a=os.urandom(5000))
    content = bytearray(archive.read_bytes())
    content[2000] ^= 255
    archive.write_bytes(content)
    refused(archive, beside, "no readable zip")
    archive.write_bytes(b"no archive at all")
    refused(archive, beside, "no readable zip")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(tmp_path: Path, beside: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", b"one")
        archive.writestr("a", b"two")
    refused(tmp_path / "a.zip", beside, "twice")
