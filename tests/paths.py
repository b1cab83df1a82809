"""Where tests find what is not part of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"


def shared(*parts: str) -> Path:
    """A path in the shared test data; the test is skipped where that folder is missing."""
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the test data {'/'.join(parts)} is not beside this checkout (../shared/data)")
    return path
