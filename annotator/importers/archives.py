"""A zip archive of a dataset, unpacked where nothing else is and removed afterwards; no byte of it is trusted."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from annotator.errors import InvalidInput, StorageProblem
from annotator.importers.coco_values import shown
from annotator.scratch import scratch_folder

MAX_ENTRIES = 500_000
MAX_BYTES = 16 << 30
"""Size of everything in an archive."""
MAX_RATIO = 200
"""How much larger than the archive its contents may be: labels as PNG or JSON reach 100, a bomb 1,000."""
_FREE = 64 << 20  # what even a tiny archive may grow to
_PIECE = 1 << 20
_IGNORED = {"__MACOSX", ".DS_Store", "Thumbs.db"}


@contextmanager
def unpacked(archive: Path, *, beside: Path) -> Iterator[Path]:
    """The folder of a dataset in a zip archive, for as long as the block runs.

    Nothing is written outside a new folder in `beside`: names that lead out of it and links are refused, and sizes are
    counted while they are written, because what an archive says of itself can be wrong.

    Raises:
        InvalidInput: it is no zip archive, is damaged or encrypted, or holds something that a dataset does not.
        StorageProblem: there is no place for it.
    """
    try:
        with scratch_folder(beside, prefix=".import-") as scratch:
            unpacked_to = scratch / "archive"
            unpacked_to.mkdir()
            _unpack(archive, unpacked_to)
            yield _inner(unpacked_to)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InvalidInput(f"{archive.name} is no readable zip archive ({error}); pack it again.") from None


def _unpack(archive: Path, folder: Path) -> None:
    left = min(MAX_BYTES, _FREE + MAX_RATIO * archive.stat().st_size)
    with zipfile.ZipFile(archive) as packed:
        entries = packed.infolist()
        if len(entries) > MAX_ENTRIES:
            raise InvalidInput(f"{archive.name} has {len(entries)} entries; at most {MAX_ENTRIES} are read.")
        for entry in entries:
            place = _place(entry)
            if place is not None:
                left -= _write(packed, entry, folder / place, left)


def _place(entry: zipfile.ZipInfo) -> PurePosixPath | None:
    """Where an entry goes; None for folders and for what systems leave in archives.

    Raises:
        InvalidInput: it leads out of the folder, is a link or a device, or is encrypted.
    """
    name = entry.filename.replace("\\", "/")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or name[1:2] == ":" or not name.isprintable():
        raise InvalidInput(f"The archive's entry {shown(entry.filename)} leads out of its folder; nothing was read.")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InvalidInput(
            f"The archive's entry {shown(entry.filename)} is a link or no file; pack the files themselves."
        )
    if entry.flag_bits & 1:
        raise InvalidInput("The archive is encrypted; pack it again without a password.")
    if entry.is_dir() or name.endswith("/") or _IGNORED.intersection(path.parts) or path.name.startswith("._"):
        return None
    return path


def _write(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Unpack an entry; its size in bytes."""
    written = 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with packed.open(entry) as source, target.open("xb") as stream:
            while piece := source.read(_PIECE):
                written += len(piece)
                if written > left:
                    raise InvalidInput(
                        f"The archive grows beyond {MAX_RATIO} times its size or {MAX_BYTES >> 30} GiB, as no dataset"
                        " does; give the server its folder instead."
                    )
                stream.write(piece)
    except (FileExistsError, NotADirectoryError):
        raise InvalidInput(f"The archive holds {shown(entry.filename)} twice; pack it again.") from None
    except OSError as error:
        raise StorageProblem(
            f"The archive can't be unpacked: {error.strerror or error}. Nothing was imported; make room, or give the"
            " server the dataset's folder."
        ) from error
    return written


def _inner(folder: Path) -> Path:
    """The folder itself or, where nothing but one folder is in it, that one."""
    entries = list(folder.iterdir())
    while len(entries) == 1 and entries[0].is_dir():
        folder = entries[0]
        entries = list(folder.iterdir())
    return folder
