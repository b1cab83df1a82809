"""`annotator models` as typed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from annotator.cli import models
from annotator.engine import devices, transfer
from annotator.errors import InvalidInput, ModelProblem, NotFound, StorageProblem
from tests.unit.engine.file_server import Files, serving

WEIGHTS = b"weights" * 10_000


@pytest.fixture
def server() -> Iterator[Files]:
    with serving(Files(content={"/w.pt": WEIGHTS})) as files:
        yield files


@pytest.fixture
def run(server: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Type a command, on a machine with one model of one's own."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr(transfer, "PAUSE", 0.001)
    monkeypatch.setenv("ANNOTATOR_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("ANNOTATOR_CHECKPOINTS_DIR", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("ANNOTATOR_DEVICE", "cpu")
    (tmp_path / "models").mkdir()
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    (tmp_path / "models" / "mine.yaml").write_text(
        "name: mine\nkind: sam2\ntitle: Mine\nlicence: CC0\nparameters: 1500000\nconfig: configs/sam2.1/a.yaml\n"
        f"files: [{{file: w.pt, bytes: {len(WEIGHTS)}, sha256: {digest}, url: {server.url}/w.pt}}]\n"
    )
    app = typer.Typer()
    app.add_typer(models.app, name="models")

    def type_in(*arguments: str) -> Result:
        result = CliRunner().invoke(app, ["models", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return type_in


def row(output: str, name: str) -> str:
    (found,) = [line for line in output.splitlines() if name in line.split()[:2]]
    return found


def test_the_list_says_what_is_here_and_which_is_the_default(run: Callable[..., Result]) -> None:
    output = run().output
    assert row(output, "mobile_sam").startswith("*")
    assert "here" in row(output, "mobile_sam")
    assert "comes with annotator" in row(output, "mobile_sam")
    for part in ("224.4 M", "898 MB", "not here", "facebook/sam2.1-hiera-large", "cpu", "Apache-2.0"):
        assert part in row(output, "sam2.1_large")
    for part in ("1.5 M", "CC0", "not here", "/w.pt"):
        assert part in row(output, "mine")
    assert "annotator models download NAME" in output
    assert "\x1b" not in output, "no colours in a pipe"
    assert not any(line != line.rstrip() for line in output.splitlines())


@pytest.mark.parametrize("device", ["mps", "cuda:99"])
def test_a_device_that_can_not_be_used_does_not_hide_the_list(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    def refuse(wanted: str) -> str:
        raise ModelProblem(f"The device {wanted} can't be used: it is not here.")

    monkeypatch.setattr(devices, "resolve", refuse)
    monkeypatch.setenv("ANNOTATOR_DEVICE", device)
    output = run().output
    assert row(output, "mobile_sam").startswith("*")
    assert f"not on {device}" in row(output, "sam2.1_large")


def test_the_list_as_json(run: Callable[..., Result]) -> None:
    rows = {entry["name"]: entry for entry in json.loads(run("--json").output)}
    assert rows["mobile_sam"]["default"] is True
    assert rows["mine"]["bytes"] == len(WEIGHTS)
    assert rows["mine"]["present"] is False
    assert rows["fake"]["parameters"] is None


def test_a_downloaded_model_is_listed_as_here(run: Callable[..., Result], tmp_path: Path) -> None:
    target = tmp_path / "checkpoints" / "w.pt"
    assert run("download", "mine").output == f"Downloaded, checked: {target}\n"
    assert target.read_bytes() == WEIGHTS
    assert " here " in row(run().output, "mine")
    assert run("download", "mine").output == f"Here already, checked: {target}\n"


def test_the_list_tells_interrupted_from_damaged(run: Callable[..., Result], tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    (folder / "w.pt.part").write_bytes(b"half")
    assert "interrupted" in row(run().output, "mine")
    (folder / "w.pt.part").unlink()
    (folder / "w.pt").write_bytes(b"half")
    assert "damaged" in row(run().output, "mine")


def test_downloads_that_fail_are_sentences(
    run: Callable[..., Result], server: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound, match="mobile_sam"):
        run("download", "sam9")
    with pytest.raises(InvalidInput, match="no hub id"):
        run("download", "mine", "--from", "hub")
    server.refusals = [404]
    with pytest.raises(ModelProblem, match=r"404 Not Found.*put it at .*w\.pt"):
        run("download", "mine")
    monkeypatch.setattr(transfer, "SPARE", 1 << 60)
    with pytest.raises(StorageProblem, match="free some space"):
        run("download", "mine")


def test_only_sam2_can_be_optimized_and_only_when_it_is_here(run: Callable[..., Result]) -> None:
    pytest.importorskip("annotator.engine.optimize")
    with pytest.raises(InvalidInput, match="MobileSAM is as quick as it gets"):
        run("optimize", "mobile_sam")
    with pytest.raises(ModelProblem, match="annotator models download mine"):
        run("optimize", "mine")
