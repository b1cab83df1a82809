"""Embeddings on disk: what outlives the process, and what a GPU machine makes for a laptop.

One safetensors file an embedding, named by the hash of its key, with everything that is not a tensor in its header.
Servers and `annotator precompute` may use one folder at once: files are written beside their place and renamed, and
whoever finds a file that is damaged or not one of ours removes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from annotator.engine.predictor import Embedding, FeaturesArray

FORMAT = "annotator-embedding-1"
SUFFIX = ".safetensors"
BUDGET_FILE = "budget"
RETRY_SECONDS = 60.0
"""How long nothing is written after writing failed."""
ABANDONED_SECONDS = 3600.0
"""Age of an unfinished file whose writer must be dead."""
_KEEP = 0.95  # of the budget: to look through the folder on each write once it is full would cost more than the write
_LOOK = 16  # other processes write too: the folder is looked through once a sixteenth of the budget was written


@dataclass(frozen=True, slots=True)
class _File:
    used: int  # nanoseconds since 1970
    path: str
    nbytes: int


class DiskCache:
    """Embeddings in a folder, within a budget: what was used least recently goes first.

    It never raises for what is in the folder or wrong with it: a file that can't be read is a miss, and where nothing
    can be written nothing is kept.

    Args:
        folder: made when the first embedding is kept.
        budget: bytes; 0 keeps nothing. A larger one that was reserved for the folder takes its place.
        untouched: whether it is only read: nothing is written there, removed or marked as used.

    Attributes:
        folder: as given.
        problem: a sentence, while nothing can be written.
    """

    def __init__(self, folder: Path, budget: int, *, untouched: bool = False) -> None:
        self.folder = folder
        self._untouched = untouched
        self.problem: str | None = None
        self._given = budget
        self._lock = threading.Lock()
        self._bytes: int | None = None  # as far as this process knows
        self._unseen = 0  # written since the folder was looked through
        self._pause = 0.0

    @property
    def budget(self) -> int:
        """Bytes that may be kept: what was given, or more where more was reserved."""
        if self._given <= 0:
            return 0
        try:
            return max(self._given, int((self.folder / BUDGET_FILE).read_text("ascii")))
        except (OSError, ValueError):
            return self._given

    def reserve(self, budget: int) -> None:
        """Give the folder a larger budget, for every process that uses it from now on and wherever it is copied to.

        Raises:
            OSError: the folder can't be written.
        """
        if budget > self.budget:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write(self.folder / BUDGET_FILE, str(budget).encode("ascii"))

    @property
    def nbytes(self) -> int:
        """Bytes on disk; looks through the folder."""
        return sum(file.nbytes for file in self._files())

    def path(self, key: str) -> Path:
        """Where the embedding with this key is, or would be."""
        digest = hashlib.sha256(key.encode()).hexdigest()
        return self.folder / digest[:2] / f"{digest}{SUFFIX}"

    def has(self, key: str) -> bool:
        """Whether there is a file for the key, without reading it."""
        return self._given > 0 and os.path.isfile(self.path(key))

    def get(self, key: str) -> Embedding | None:
        """The embedding, which counts as used now; None where there is none."""
        if self._given <= 0:
            return None
        path = self.path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        embedding = _parse(key, content)
        if self._untouched:
            return embedding
        with suppress(OSError):  # whoever may only read does so
            if embedding is None:
                path.unlink()
            else:
                _touch(path)
        return embedding

    def put(self, key: str, embedding: Embedding) -> None:
        """Keep an embedding, in place of any with the same key."""
        if self._untouched or self._given <= 0 or time.monotonic() < self._pause:
            return
        content = _bytes_of(key, embedding)
        budget = self.budget
        if len(content) > budget:
            self.problem = (
                f"An embedding takes {len(content) / 1e6:.1f} MB on disk but only {budget / 1e6:.1f} MB may be used;"
                " raise the setting disk_cache_mb."
            )
            return
        path = self.path(key)
        before = _size(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write(path, content)
        except OSError as error:
            self._pause = time.monotonic() + RETRY_SECONDS
            self.problem = (
                f"Embeddings can't be kept in “{self.folder}”: {error.strerror or error}. Free space there or make it"
                " writable; until then images are encoded again after each start."
            )
            return
        self.problem = None
        self._account(len(content), before, budget)

    def clear(self) -> None:
        """Remove every embedding and what was reserved."""
        with self._lock:
            for file in self._files():
                _remove(file.path)
            _remove(self.folder / BUDGET_FILE)
            self._bytes = None

    def _account(self, written: int, replaced: int, budget: int) -> None:
        with self._lock:
            self._unseen += written
            if self._bytes is not None:
                self._bytes += written - replaced
                if self._bytes <= budget and self._unseen <= budget // _LOOK:
                    return
            files = sorted(self._files(), key=lambda file: (file.used, file.path))
            self._bytes = sum(file.nbytes for file in files)
            self._unseen = 0
            if self._bytes <= budget:
                return
            for file in files[:-1]:  # the last one was just made
                if self._bytes <= budget * _KEEP:
                    return
                _remove(file.path)
                self._bytes -= file.nbytes

    def _files(self) -> Iterator[_File]:
        """What is kept; what a killed process left unfinished is removed on the way."""
        for folder in _entries(self.folder):
            if not folder.is_dir(follow_symlinks=False):
                continue
            for entry in _entries(Path(folder.path)):
                try:
                    stat = entry.stat(follow_symlinks=False)
                except OSError:
                    continue  # another process removed it
                if entry.name.endswith(SUFFIX):
                    yield _File(stat.st_mtime_ns, entry.path, stat.st_size)
                elif entry.name.startswith(".") and time.time() - stat.st_mtime > ABANDONED_SECONDS:
                    _remove(entry.path)

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        temporary = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with temporary.open("xb") as stream:
                stream.write(content)
            _touch(temporary)
            os.replace(temporary, path)
        except BaseException:
            _remove(temporary)
            raise


def _bytes_of(key: str, embedding: Embedding) -> bytes:
    from safetensors.numpy import save

    header = {
        "format": FORMAT,
        "key": key,
        "model": embedding.model,
        "height": str(embedding.height),
        "width": str(embedding.width),
        "frame": json.dumps(embedding.frame),
        "via": json.dumps(embedding.via),
    }
    content: bytes = save(dict(embedding.arrays), metadata={**header, "crc32": _checksum(header, embedding.arrays)})
    return content


def _parse(key: str, content: bytes) -> Embedding | None:
    """The embedding in a file; None where it is damaged or not the one of this key."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        length = int.from_bytes(content[:8], "little")
        header = dict(json.loads(content[8 : 8 + length])["__metadata__"])
        arrays = dict(sorted(load(content).items()))
        checksum = header.pop("crc32")
        if header["format"] != FORMAT or header["key"] != key or checksum != _checksum(header, arrays):
            return None
        height, width = json.loads(header["frame"])
        return Embedding(
            model=header["model"],
            height=int(header["height"]),
            width=int(header["width"]),
            arrays=arrays,
            frame=(float(height), float(width)),
            via=json.loads(header["via"]),
        )
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _checksum(header: Mapping[str, str], arrays: Mapping[str, FeaturesArray]) -> str:
    """Of everything: a copy that was cut short and filled with zeros has the right size and opens."""
    value = zlib.crc32(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        value = zlib.crc32(f"{name}{arrays[name].dtype}{arrays[name].shape}".encode(), value)
        value = zlib.crc32(np.ascontiguousarray(arrays[name]).reshape(-1).view(np.uint8).data, value)
    return f"{value:08x}"


def _touch(path: str | Path) -> None:
    now = time.time_ns()  # finer than the clock that the file system uses by itself
    os.utime(path, ns=(now, now))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _remove(path: str | Path) -> None:
    with suppress(OSError):
        os.unlink(path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
