"""The page's core runs in node without a browser; `node --test tests/js/` is the same."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.paths import ROOT


def test_the_core_of_the_page() -> None:
    node = shutil.which("node")
    if node is None:
        message = "node is not on this machine; install it (version 20 or newer) to test the page's core"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    done = subprocess.run([node, "--test", "tests/js/"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 0" not in done.stdout
