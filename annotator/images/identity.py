"""What makes an image the same image: the bytes of its file."""

from __future__ import annotations

import hashlib
from pathlib import Path

_BLOCK = 1 << 20


def source_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex, read in blocks.

    Raises:
        OSError: the file can't be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
