"""Which file of a folder is which image of the project: by name while nothing changes, by content when files move."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from annotator.domain.project import Image
from annotator.errors import ImageProblem
from annotator.images.decode import probe
from annotator.images.identity import source_hash
from annotator.store.image_rows import FileRow

GONE = "The file is not in the folder any more, or another picture has its name now; put it back to use the image."


@dataclass(frozen=True, slots=True)
class Seen:
    """An image whose row has to be written, with what its file looked like."""

    image: Image
    bytes: int
    modified_ns: int


class Census:
    """Matches files to rows during one look through a folder.

    A file keeps its image when it moves, because its bytes are the same; a file whose bytes changed is another image.

    Args:
        rows: all images known so far.
        names: names of all files there are now.
    """

    def __init__(self, rows: Iterable[FileRow], names: set[str]) -> None:
        rows = list(rows)
        self._by_name = {row.name: row for row in rows if row.problem != GONE}
        self._lost = {row.source_hash: row for row in rows if row.problem == GONE or row.name not in names}
        self._unmatched = {row.id for row in rows if row.problem != GONE}
        self._ids = {row.id for row in rows}

    def look(self, path: Path, name: str) -> Seen | None:
        """What to write for a file; None when its row is right as it is."""
        row = self._by_name.get(name)
        try:
            stat = path.stat()
            if row is not None and (row.bytes, row.modified_ns) == (stat.st_size, stat.st_mtime_ns):
                self._unmatched.discard(row.id)
                return None
            digest = source_hash(path)
        except OSError as error:
            digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
            problem = f"“{name}” can't be read: {error.strerror}; change its access rights."
            image_id = row.id if row is not None else self._free_id(digest, name)
            self._unmatched.discard(image_id)
            return Seen(Image(image_id, name, digest, 0, 0, problem=problem), 0, 0)
        image_id = self._identify(row, digest, name)
        self._unmatched.discard(image_id)
        try:
            info = probe(path)
            image = Image(image_id, name, digest, info.width, info.height, note=info.note)
        except ImageProblem as problem:
            image = Image(image_id, name, digest, 0, 0, problem=problem.message)
        return Seen(image, stat.st_size, stat.st_mtime_ns)

    def gone(self) -> set[str]:
        """Ids of the images that no file was found for, once all files have been looked at."""
        return set(self._unmatched)

    def _identify(self, row: FileRow | None, digest: str, name: str) -> str:
        if row is not None and row.source_hash == digest:
            return row.id
        lost = self._lost.pop(digest, None)
        return lost.id if lost is not None else self._free_id(digest, name)

    def _free_id(self, digest: str, name: str) -> str:
        """The first quarter of the digest; for a second file with the same bytes one that depends on its name too."""
        image_id = digest[:16]
        if image_id in self._ids:
            image_id = hashlib.sha256(f"{digest}/{name}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self._ids.add(image_id)
        return image_id
