"""The review over HTTP."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from annotator.domain.mask import Mask
from annotator.sessions.service import Service
from tests.unit.api.test_routes import assert_error

V1 = "/api/v1"


@pytest.fixture
def project(client: TestClient, service: Service, images: list[str]) -> str:
    """Address of a project with a cat on each image."""
    import numpy as np

    array = np.zeros((80, 120), bool)
    array[10:40, 20:70] = True
    for image in images:
        service.editor.add(author="ann", image_id=image, category="cat", mask=Mask.from_array(array), score=0.8)
    return f"{V1}/projects/{service.project_id}"


def test_objects_are_found_judged_and_given_back(client: TestClient, project: str, images: list[str]) -> None:
    listed = client.get(f"{project}/objects", params={"category": [1, 2], "score_min": 0.5, "limit": 2}).json()
    assert (listed["total"], len(listed["items"])) == (3, 2)
    first = listed["items"][0]
    assert (first["image_name"], first["bbox"], first["area"]) == ("a.png", [20, 10, 50, 30], 1500)
    objects = [{"id": one["id"], "revision": one["revision"]} for one in listed["items"]]
    reply = client.post(f"{project}/review", json={"objects": objects, "review": "rejected", "note": "ear"}).json()
    assert [one["review"] for one in reply["items"]] == ["rejected", "rejected"]
    assert (reply["refused"], sorted(reply["images"])) == ([], sorted(images[:2]))
    again = client.post(f"{project}/review", json={"objects": objects, "review": "approved"}).json()
    assert [one["id"] for one in again["refused"]] == [one["id"] for one in objects], "they have changed since"
    returned = client.get(f"{project}/images", params={"status": "returned"}).json()["items"]
    assert [one["name"] for one in returned] == ["a.png", "b.png"]
    assert client.get(project).json()["counts"]["returned"] == 2
    gallery = client.get(f"{project}/gallery", params={"review": "rejected", "sort": "updated"}).json()
    assert [one["rejected"] for one in gallery["items"]] == [1, 1]
    facets = client.get(f"{project}/facets").json()
    assert facets["review"] == {"unreviewed": 1, "approved": 0, "rejected": 2}
    undone = client.post(f"{project}/undo", json={"image": images[0]}).json()
    assert undone["done"] == "reject"


def test_pictures_are_served_to_keep(client: TestClient, project: str) -> None:
    item = client.get(f"{project}/objects").json()["items"][0]
    image = client.get(f"{project}/gallery").json()["items"][0]
    for address in (item["crop"], item["crop"] + "&size=64", image["overview"]):
        reply = client.get(address)
        assert (reply.status_code, reply.headers["content-type"]) == (200, "image/webp")
        assert "immutable" in reply.headers["cache-control"]
    assert_error(client.get(f"{V1}/annotations/999/crop"), 404, "not_found")
    assert_error(client.get(item["crop"] + "&size=9999"), 422, "invalid_input")


def test_bad_requests_change_nothing(client: TestClient, project: str) -> None:
    item = client.get(f"{project}/objects").json()["items"][0]
    seen = {"objects": [{"id": item["id"], "revision": item["revision"]}]}
    for body in (
        seen,
        {**seen, "review": "approved", "category": 1},
        {**seen, "review": "fine"},
        {"review": "approved"},
    ):
        assert_error(client.post(f"{project}/review", json=body), 422, "invalid_input")
    for query in ("since=yesterday", "sort=size", "score_min=nan", "limit=0", "area_min=-1", "review=fine"):
        assert_error(client.get(f"{project}/objects?{query}"), 422, "invalid_input")
    assert_error(client.get(f"{V1}/projects/other/objects"), 404, "not_found")
    assert client.get(f"{project}/objects").json()["items"][0] == item
