"""A SAM 2.1 checkpoint on a CPU, from the click to the dataset, beside the embedded model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from annotator.api.app import create_app
from annotator.bench.installation import with_random_weights
from annotator.config import Settings
from annotator.engine import Engine
from annotator.engine.registry import Registry
from annotator.sessions.service import Service

for package in ("torch", "sam2", "onnx"):
    pytest.importorskip(package, reason=f"the optional package {package} is not installed")

MODEL = "sam2.1_tiny"
V1 = "/api/v1"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return with_random_weights(Registry(), MODEL, scratch=tmp_path_factory.mktemp("random")).registry()


@pytest.fixture
def client(folder: Path, registry: Registry) -> Iterator[TestClient]:
    engine = Engine(model="mobile_sam", device="cpu", registry=registry)
    service = Service.open(folder, Settings.load(author="ann"), engine=engine)
    service.categories.ensure(["cat"])
    service.library.scan()
    with TestClient(create_app(service), base_url="http://127.0.0.1:7860") as browser:
        yield browser
    service.close()


def test_a_checkpoint_is_prepared_loaded_clicked_and_accepted(client: TestClient) -> None:
    loaded = client.post(f"{V1}/models/{MODEL}/load")
    assert loaded.status_code == 202, loaded.text
    project = client.get(f"{V1}/projects").json()["items"][0]["id"]
    image = client.get(f"{V1}/projects/{project}/images").json()["items"][0]["id"]
    body = {"points": [[60, 40, 1]], "box": None, "mask": None, "multimask": "auto"}
    small = client.post(f"{V1}/images/{image}/predict", json={**body, "seq": 1, "model": "mobile_sam"}).json()
    large = client.post(f"{V1}/images/{image}/predict", json={**body, "seq": 2, "model": MODEL})
    assert large.status_code == 200, large.text
    assert (small["model"], large.json()["model"]) == ("mobile_sam", MODEL)
    assert len(large.json()["candidates"]) == 3

    states = {model["name"]: model for model in client.get(f"{V1}/models").json()["items"]}
    assert states[MODEL]["state"] == states["mobile_sam"]["state"] == "ready"
    draft = {"id": "d1", "points": body["points"], "revision": None, "label": "point"}
    assert client.put(f"{V1}/images/{image}/draft", json=draft).status_code == 200
    accepted = client.post(f"{V1}/images/{image}/annotations", json={"category": "cat", "draft": "d1", "model": MODEL})
    assert accepted.status_code == 201, accepted.text
    seen = large.json()
    assert accepted.json()["annotation"]["rle"] == seen["candidates"][seen["chosen"]]["rle"]
