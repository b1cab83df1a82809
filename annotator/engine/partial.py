"""A file that is not whole yet: its bytes, which version of the file they belong to, and who is writing them."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from annotator.errors import ModelProblem

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Transfer:
    """A file that is to be fetched. Its bytes gather in `<name>.part`; `<name>.part.json` says what they belong to.

    Attributes:
        url: of the file.
        target: where it goes.
        bytes, sha256: what it has to be; None: not known.
        headers: sent with the request, not to other hosts.
        help: sentence for people who have to get the file in another way.
    """

    url: str
    target: Path
    bytes: int | None = None
    sha256: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    help: str = ""

    @property
    def part(self) -> Path:
        """Where the bytes gather."""
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def note(self) -> Path:
        """Where it is remembered what the bytes belong to."""
        return self.target.with_name(f"{self.target.name}.part.json")

    def size(self) -> int:
        """Bytes that are here."""
        return self.part.stat().st_size if self.part.is_file() else 0

    def hash(self, size: int) -> Hash:
        """SHA-256 of the first `size` bytes, to go on with."""
        digest = hashlib.sha256()
        if size:
            with self.part.open("rb") as file:
                while block := file.read(min(BLOCK, size - file.tell())):
                    digest.update(block)
        return digest

    def discard(self) -> None:
        """Leave nothing behind."""
        self.part.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def remember(self, version: str | None) -> None:
        """Write down which version of the file the bytes belong to."""
        self.note.write_text(json.dumps({"url": self.url, "version": version}))

    def remembered(self) -> str | None:
        """The version that was written down, if it was of the same address."""
        try:
            known = json.loads(self.note.read_text())
            version = known["version"] if known["url"] == self.url else None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return version if isinstance(version, str) else None

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other programs out: two that write one file would spoil it.

        Raises:
            ModelProblem: another one is at it.
        """
        import filelock

        path = self.target.with_name(f".{self.target.name}.lock")
        lock = filelock.FileLock(path)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise ModelProblem(f"{self.target.name} is being downloaded by another program; wait for it.") from None
        try:
            yield
        finally:
            lock.release()
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
