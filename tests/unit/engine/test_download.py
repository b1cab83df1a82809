"""Downloads of models: from the official address, from the hub, and without a network."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotator.engine import transfer
from annotator.engine.download import download
from annotator.engine.registry import Registry
from annotator.errors import BadSetting, InvalidInput, ModelProblem, NotFound
from tests.unit.engine.file_server import Files, serving

WEIGHTS = random.Random(0).randbytes(50_000)
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture(autouse=True)
def _a_quiet_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(transfer, "PAUSE", 0.001)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    """The official address and the hub in one."""
    there = {"/official/w.pt": WEIGHTS, "/owner/model/resolve/main/w.pt": WEIGHTS}
    with serving(Files(content=there)) as files:
        monkeypatch.setenv("HF_ENDPOINT", files.url)
        yield files


@pytest.fixture
def registry(server: Files, tmp_path: Path) -> Registry:
    return described(tmp_path, f"url: {server.url}/official/w.pt, bytes: {len(WEIGHTS)}, sha256: {SHA256}")


def described(folder: Path, file: str, hub: str = "hub: owner/model") -> Registry:
    models = folder / "models"
    models.mkdir(exist_ok=True)
    (models / "mine.yaml").write_text(
        f"name: mine\nkind: sam2\nconfig: a.yaml\n{hub}\nfiles: [{{file: w.pt{', ' if file else ''}{file}}}]\n"
    )
    return Registry(folders=[models], checkpoints=folder / "checkpoints")


def target(folder: Path) -> Path:
    return folder / "checkpoints" / "w.pt"


def test_from_the_official_address(registry: Registry, server: Files, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    done = download(registry, "mine", progress=lambda *step: seen.append(step))
    assert (done.paths, done.already) == ((target(tmp_path),), ())
    assert target(tmp_path).read_bytes() == WEIGHTS
    assert server.paths() == ["/official/w.pt"]
    assert "authorization" not in server.asked[0][1], "the hub's token is the hub's alone"
    assert seen[-1] == ("w.pt", len(WEIGHTS), len(WEIGHTS))
    assert registry.is_present(registry.find("mine"))


def test_from_the_hub_with_the_persons_token(registry: Registry, server: Files, tmp_path: Path) -> None:
    download(registry, "mine", source="hub")
    assert target(tmp_path).read_bytes() == WEIGHTS
    assert server.paths() == ["/owner/model/resolve/main/w.pt"]
    assert server.asked[0][1]["authorization"] == "Bearer hf_secret"


def test_from_the_hub_where_there_is_no_other_address(server: Files, tmp_path: Path) -> None:
    download(described(tmp_path, ""), "mine")
    assert server.paths() == ["/owner/model/resolve/main/w.pt"]


def test_what_is_here_and_right_is_not_fetched_again(registry: Registry, server: Files, tmp_path: Path) -> None:
    download(registry, "mine")
    done = download(registry, "mine")
    assert done.already == done.paths == (target(tmp_path),)
    assert len(server.asked) == 1


@pytest.mark.parametrize("content", [b"half", bytes(len(WEIGHTS))])
def test_what_is_here_and_wrong_is_fetched_again(
    registry: Registry, server: Files, tmp_path: Path, content: bytes
) -> None:
    target(tmp_path).parent.mkdir()
    target(tmp_path).write_bytes(content)
    download(registry, "mine")
    assert target(tmp_path).read_bytes() == WEIGHTS


def test_a_download_that_fails_leaves_the_old_file_as_it_was(registry: Registry, server: Files, tmp_path: Path) -> None:
    target(tmp_path).parent.mkdir()
    target(tmp_path).write_bytes(b"old")
    server.content["/official/w.pt"] = bytes(len(WEIGHTS))
    with pytest.raises(ModelProblem, match="not the file that was expected"):
        download(registry, "mine")
    assert target(tmp_path).read_bytes() == b"old"
    assert [path.name for path in target(tmp_path).parent.iterdir()] == ["w.pt"]


@pytest.mark.parametrize("source", ["url", "hub"])
def test_offline_nothing_is_asked_for_and_the_way_by_hand_is_said(
    registry: Registry, server: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelProblem, match="HF_HUB_OFFLINE is set") as caught:
        download(registry, "mine", source=source)
    assert f"get w.pt from {server.url}/official/w.pt or {server.url}/owner/model" in caught.value.message
    assert f"put it at {target(tmp_path)}" in caught.value.message
    assert server.asked == []


def test_without_a_network_the_way_by_hand_is_said(
    registry: Registry, server: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = described(tmp_path, "url: http://127.0.0.1:9/w.pt")
    with pytest.raises(ModelProblem, match=r"http://127\.0\.0\.1:9/w\.pt can't be downloaded") as caught:
        download(models, "mine")
    assert f"put it at {target(tmp_path)}" in caught.value.message


def in_the_hubs_cache(folder: Path, content: bytes) -> None:
    cache = folder / "hub" / "models--owner--model"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text("abc")
    (cache / "snapshots" / "abc").mkdir(parents=True)
    (cache / "snapshots" / "abc" / "w.pt").write_bytes(content)


def test_what_the_hubs_cache_has_needs_no_network(
    registry: Registry, server: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    in_the_hubs_cache(tmp_path, WEIGHTS)
    download(registry, "mine")
    assert target(tmp_path).read_bytes() == WEIGHTS
    assert server.asked == []


def test_another_file_in_the_hubs_cache_is_not_taken(registry: Registry, server: Files, tmp_path: Path) -> None:
    in_the_hubs_cache(tmp_path, bytes(len(WEIGHTS)))
    download(registry, "mine")
    assert target(tmp_path).read_bytes() == WEIGHTS


def test_a_model_of_ones_own_without_an_address_says_where_its_file_goes(tmp_path: Path) -> None:
    models = described(tmp_path, "", hub="")
    with pytest.raises(InvalidInput, match=r"has no address \(“url”\)|has no hub id") as caught:
        download(models, "mine")
    assert str(target(tmp_path)) in caught.value.message
    assert "mine.yaml" in caught.value.message


def test_a_model_of_ones_own_that_is_here_is_checked(tmp_path: Path) -> None:
    models = described(tmp_path, "", hub="")
    target(tmp_path).parent.mkdir()
    target(tmp_path).write_bytes(WEIGHTS)
    assert download(models, "mine").already == (target(tmp_path),)


def test_mistakes_are_named(registry: Registry) -> None:
    with pytest.raises(NotFound, match="no model “yours”"):
        download(registry, "yours")
    with pytest.raises(BadSetting, match="use url or hub"):
        download(registry, "mine", source="torrent")
    with pytest.raises(InvalidInput, match="needs no weights"):
        download(Registry(), "fake")


FOLDER = {"config.json": b"{}", "model.safetensors": WEIGHTS, "processor_config.json": b'{"a": 1}'}


class TestTransformers:
    """A model of transformers is a folder of files; the hub says which."""

    @pytest.fixture
    def models(self, server: Files, tmp_path: Path) -> Registry:
        names = [*FOLDER, "README.md", "pytorch_model.bin"]
        large = {"sha256": SHA256, "size": len(WEIGHTS), "pointerSize": 100}
        siblings = [
            {"rfilename": name, "size": len(FOLDER.get(name, b"")), "lfs": large if name.endswith("rs") else None}
            for name in names
        ]
        info = {"id": "owner/model", "siblings": [{**s} for s in siblings]}
        server.pages["/api/models/owner/model"] = json.dumps(info)
        for name, content in FOLDER.items():
            server.content[f"/owner/model/resolve/main/{name}"] = content
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "t.yaml").write_text("name: t\nkind: transformers\nhub: owner/model\n")
        return Registry(folders=[tmp_path / "models"], checkpoints=tmp_path / "checkpoints")

    def test_its_files_are_downloaded_and_checked(self, models: Registry, server: Files, tmp_path: Path) -> None:
        assert not models.is_present(models.find("t"))
        download(models, "t")
        folder = tmp_path / "checkpoints" / "t"
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == FOLDER
        assert server.paths()[-1].endswith("model.safetensors"), "a folder without weights does not count as present"
        assert models.is_present(models.find("t"))
        assert len(download(models, "t").already) == len(FOLDER)

    def test_wrong_weights_are_refused(self, models: Registry, server: Files) -> None:
        server.content["/owner/model/resolve/main/model.safetensors"] = bytes(len(WEIGHTS))
        with pytest.raises(ModelProblem, match="not the file that was expected"):
            download(models, "t")
        assert not models.is_present(models.find("t"))

    def test_a_hub_that_does_not_know_it_is_a_sentence(self, models: Registry, server: Files) -> None:
        del server.pages["/api/models/owner/model"]
        with pytest.raises(ModelProblem, match="The hub did not answer for"):
            download(models, "t")

    def test_offline_is_a_sentence(
        self, models: Registry, server: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TRANSFORMERS_OFFLINE", "yes")
        with pytest.raises(ModelProblem, match=r"TRANSFORMERS_OFFLINE is set.*Copy the files of .*owner/model to"):
            download(models, "t")
        assert server.asked == []

    def test_before_that_loading_says_the_command(self, models: Registry) -> None:
        with pytest.raises(ModelProblem, match=r"Run: annotator models download t$"):
            models.load("t", "cpu")

    def test_a_folder_of_this_machine_is_not_downloaded(self, tmp_path: Path) -> None:
        (tmp_path / "t.yaml").write_text("name: t\nkind: transformers\nfolder: saved\n")
        models = Registry(folders=[tmp_path])
        with pytest.raises(InvalidInput, match="saved"):
            download(models, "t")
        with pytest.raises(ModelProblem, match=r"saved is missing\. Put it there"):
            models.load("t", "cpu")
