"""What can go wrong between a checkpoint file and a running SAM 2 (that it runs is in tests/contract)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from annotator.engine.sam2 import Sam2Predictor
from annotator.errors import ModelProblem

TINY = "configs/sam2.1/sam2.1_hiera_t.yaml"


@pytest.fixture
def torch() -> object:
    pytest.importorskip("sam2", reason="the optional package sam2 is not installed")
    return pytest.importorskip("torch")


def load(path: Path, *, device: str = "cpu") -> Sam2Predictor:
    return Sam2Predictor(path, name="sam2.1_tiny", config=TINY, device=device)


@pytest.mark.usefixtures("torch")
def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match="not there"):
        load(tmp_path / "none.pt")


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.pt").write_bytes(content)
    with pytest.raises(ModelProblem, match=r"bad\.pt is not a checkpoint of sam2\.1_hiera_t .*Download it again"):
        load(tmp_path / "bad.pt")


def test_a_checkpoint_of_something_else(tmp_path: Path, torch: object) -> None:
    import torch as real

    for number, content in enumerate(({"model": {"a": real.zeros(1)}}, {"weights": {}}, [1, 2])):
        path = tmp_path / f"{number}.pt"
        real.save(content, path)
        with pytest.raises(ModelProblem, match="is not a checkpoint"):
            load(path)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path, torch: object) -> None:
    import torch as real

    real.save({"model": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(ModelProblem, match="is not a checkpoint"):
        load(tmp_path / "trap.pt")
    assert not Trap.sprung


class Trap:
    """Sets a flag when it is unpickled."""

    sprung = False

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return setattr, (Trap, "sprung", True)


def test_a_device_that_is_not_there(tmp_path: Path, torch: object) -> None:
    import torch as real

    if real.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(ModelProblem, match="device cuda can't be used"):
        load(tmp_path / "any.pt", device="cuda")


def test_without_the_packages_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sam2", None)
    with pytest.raises(ModelProblem, match=r"pip install 'annotator\[sam2\]'"):
        load(tmp_path / "any.pt")
