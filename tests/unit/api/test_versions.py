"""Versions over HTTP."""

from __future__ import annotations

from fastapi.testclient import TestClient

from annotator.sessions.service import Service
from tests.unit.api.test_routes import assert_error


def test_a_version_is_made_compared_and_restored(client: TestClient, service: Service, images: list[str]) -> None:
    versions = f"/api/v1/projects/{service.project_id}/versions"
    assert client.get(versions).json() == {"items": []}
    made = client.post(versions, json={"name": "v1", "message": "first"})
    assert (made.status_code, made.json()["author"], made.json()["images"]) == (201, "ann", 3)
    assert_error(client.post(versions, json={"name": "v1"}), 409, "conflict")
    assert_error(client.post(versions, json={"name": "a/b"}), 422, "invalid_input")
    client.patch(f"/api/v1/images/{images[0]}", json={"state": "done"})
    (found,) = client.get(f"{versions}/v1/diff").json()["items"]
    assert (found["name"], found["details"]) == ("a.png", ["state todo → done"])
    assert client.get(f"{versions}/v1/diff?to=v1").json() == {"items": []}
    assert_error(client.get(f"{versions}/v2/diff"), 404, "not_found")
    assert client.post(f"{versions}/v1/restore", json={"dry_run": True}).json()["kept"] == ""
    assert client.post(f"{versions}/v1/restore", json={}).json()["kept"] == "before-v1-1"
    assert client.get(f"{versions}/v1/diff").json() == {"items": []}
