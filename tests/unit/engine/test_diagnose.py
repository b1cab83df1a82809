"""What the doctor finds on a machine that is well, and on ones that are not."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from annotator.config import Settings
from annotator.engine import devices, diagnose
from annotator.engine.devices import DeviceInfo
from annotator.engine.diagnose import Finding, examine
from annotator.engine.registry import Registry
from annotator.errors import ModelProblem
from annotator.paths import configs_folder

SHIPPED = configs_folder() / "models"


@pytest.fixture(autouse=True)
def _a_machine_with_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "accelerator_possible", lambda: False)
    monkeypatch.setattr(devices, "import_torch", lambda: SimpleNamespace(version=SimpleNamespace(cuda="12.8")))
    monkeypatch.setitem(sys.modules, "sam2.build_sam", SimpleNamespace())


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(folders=[SHIPPED], checkpoints=tmp_path / "checkpoints")


def named(findings: object, what: str) -> Finding:
    (found,) = [entry for entry in findings if entry.what == what]  # type: ignore[attr-defined]
    return found


def test_a_machine_that_is_well_has_no_problem_and_makes_a_mask(registry: Registry, tmp_path: Path) -> None:
    steps: list[str] = []
    findings = list(examine(registry, folders=[("data", tmp_path / "data")], progress=steps.append))
    assert [entry for entry in findings if entry.state == "problem"] == []
    assert {entry.section for entry in findings} == {"versions", "devices", "models", "folders", "test"}
    assert named(findings, "torch").detail.endswith("built for CUDA 12.8") or named(findings, "torch").state == "note"
    (test,) = [entry for entry in findings if entry.section == "test"]
    assert test.what == "mobile_sam"
    assert 0.9 < float(test.detail.split()[1]) <= 1
    assert "Making a test mask" in steps
    assert not (tmp_path / "data").exists(), "looking must not make folders"


def test_models_that_are_missing_are_worth_a_note_with_the_command(registry: Registry) -> None:
    found = diagnose.checkpoint(registry, registry.find("sam2.1_large"), used=False)
    assert (found.state, found.detail) == ("note", "not here")
    assert found.remedy == "Run: annotator models download sam2.1_large"


def test_the_chosen_model_that_is_missing_is_a_problem(registry: Registry) -> None:
    findings = list(examine(registry, model="sam2.1_tiny"))
    problems = [entry for entry in findings if entry.state == "problem"]
    assert [entry.section for entry in problems] == ["models", "test"]
    assert all("annotator models download sam2.1_tiny" in entry.remedy for entry in problems)


@pytest.mark.parametrize("content", [b"half", None])
def test_a_damaged_file_is_a_problem_whether_it_is_used_or_not(tmp_path: Path, content: bytes | None) -> None:
    (tmp_path / "mine.yaml").write_text(
        f"name: mine\nkind: sam2\nconfig: a.yaml\nhub: a/b\nfiles: [{{file: w.pt, bytes: 7, sha256: {'a' * 64}}}]\n"
    )
    (tmp_path / "w.pt").write_bytes(content or b"weights")
    models = Registry(folders=[tmp_path])
    found = diagnose.checkpoint(models, models.find("mine"), used=False)
    assert (found.state, found.detail) == ("problem", "damaged")
    assert "Run: annotator models download mine" in found.remedy


def test_a_model_whose_library_is_missing_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\nkind: sam2\nconfig: a.yaml\nfiles: [{file: w.pt}]\n")
    (tmp_path / "w.pt").write_bytes(b"weights")
    models = Registry(folders=[tmp_path])
    monkeypatch.setattr(diagnose, "_version", lambda name: None)
    for used, state in ((False, "note"), (True, "problem")):
        found = diagnose.checkpoint(models, models.find("mine"), used=used)
        assert found.state == state
        assert found.remedy == "It needs torch and sam2: pip install 'annotator[sam2]'"


def test_a_package_that_must_be_there_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose, "_version", lambda name: None)
    findings = list(diagnose.versions())
    assert named(findings, "onnxruntime").state == "problem"
    assert named(findings, "onnxruntime").remedy == "Run: pip install onnxruntime"
    assert named(findings, "transformers").state == "note"


def test_a_torch_that_is_broken_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ModelProblem("PyTorch is installed but can't be imported (libcublas); run: this")

    monkeypatch.setattr(diagnose, "_version", lambda name: "1.0")
    monkeypatch.setattr(devices, "import_torch", broken)
    found = named(diagnose.versions(), "torch")
    assert found.state == "problem"
    assert "run: this" in found.remedy


def test_a_sam2_that_is_shadowed_by_a_checkout_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def shadowed(name: str) -> None:
        raise RuntimeError("You're likely running Python from the parent directory of the sam2 repository\nmore")

    monkeypatch.setattr(diagnose, "_version", lambda name: "1.0")
    monkeypatch.setattr(importlib, "import_module", shadowed)
    found = named(diagnose.versions(), "sam2")
    assert found.state == "problem"
    assert "parent directory" in found.detail
    assert "outside of checkouts" in found.remedy


@pytest.mark.parametrize(("installed", "state"), [("1.0", "problem"), (None, "note")])
def test_a_gpu_that_can_not_be_used_is_a_problem_for_who_has_sam2(
    monkeypatch: pytest.MonkeyPatch, installed: str | None, state: str
) -> None:
    gpu = DeviceInfo("cuda", "NVIDIA GPU", problem="PyTorch was built without CUDA.")
    monkeypatch.setattr(devices, "describe", lambda: [gpu])
    monkeypatch.setattr(diagnose, "_version", lambda name: installed)
    found = named(diagnose.accelerators("auto", "auto"), "cuda")
    assert (found.state, found.remedy) == (state, "PyTorch was built without CUDA.")


def test_a_device_that_is_asked_for_and_not_there_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    found = named(diagnose.accelerators("mps" if sys.platform != "darwin" else "cuda", "auto"), "SAM 2.1 runs on")
    assert found.state == "problem"
    found = named(diagnose.accelerators("cpu", "fp16"), "SAM 2.1 runs on")
    assert "fp16 is for CUDA devices" in found.detail


def test_a_gpu_is_described_with_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = DeviceInfo("cuda:0", "GPU 0", memory=80 << 30, free=79 << 30, bf16=True)
    monkeypatch.setattr(devices, "describe", lambda: [gpu])
    assert named(diagnose.accelerators("cpu", "auto"), "cuda:0").detail == "GPU 0, 80.0 GiB (79.0 GiB free), bfloat16"


def test_folders_are_measured(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(2_000_000))
    found = diagnose.writable("data", tmp_path)
    assert found.state == "ok"
    assert "2.0 MB," in found.detail


def test_a_folder_that_can_not_be_written_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(diagnose.tempfile, "TemporaryFile", refuse)
    found = diagnose.writable("data", tmp_path / "not" / "yet")
    assert found.state == "problem"
    assert "Permission denied" in found.detail
    assert f"Make {tmp_path} writable" in found.remedy


def test_a_file_where_a_folder_should_be_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert diagnose.writable("data", tmp_path / "data").state == "problem"


def test_a_disk_that_is_nearly_full_is_worth_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose.shutil, "disk_usage", lambda place: SimpleNamespace(free=1 << 29))
    assert diagnose.writable("data", tmp_path).state == "note"


def test_a_model_with_wrong_masks_is_a_problem(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose, "disc_iou", lambda predictor: 0.4)
    found = diagnose.trial(registry, "mobile_sam", "auto", "auto")
    assert found.state == "problem"
    assert "IoU 0.400" in found.detail
    assert "The masks are wrong" in found.remedy


def test_settings_and_doctor_agree_on_what_is_looked_at() -> None:
    assert {"model", "device", "precision"} <= set(Settings.model_fields)
