"""The quality rules over HTTP."""

from __future__ import annotations

import time

import numpy as np
from fastapi.testclient import TestClient

from annotator.domain.mask import Mask
from annotator.sessions.service import Service
from tests.unit.api.test_routes import assert_error


def test_rules_are_set_run_and_mended(client: TestClient, service: Service, images: list[str]) -> None:
    quality = f"/api/v1/projects/{service.project_id}/quality"
    array = np.zeros((80, 120), bool)
    array[30:35, 30:35] = True
    service.editor.add(author="ann", image_id=images[0], category="cat", mask=Mask.from_array(array))
    before = client.get(quality).json()
    assert (before["checked"], before["checking"]["state"]) == (None, "idle")
    kept = client.put(f"{quality}/thresholds", json={"thresholds": {"tiny": {"on": True, "pixels": 40}}}).json()
    (tiny,) = [rule for rule in kept["rules"] if rule["name"] == "tiny"]
    assert tiny["thresholds"][0]["value"] == 40
    assert client.post(f"{quality}/check").status_code == 202
    deadline = time.monotonic() + 60
    while client.get(quality).json()["checking"]["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    page = client.get(f"{quality}/findings/tiny").json()
    (finding,) = page["items"]
    assert (page["total"], finding["image_name"], finding["fix"], finding["stale"]) == (1, "a.png", "delete", False)
    assert client.get(finding["picture"]).status_code == 200
    mended = client.post(f"{quality}/fix", json={"findings": [finding["id"], 999]}).json()
    assert (mended["fixed"], [one["id"] for one in mended["refused"]]) == ([finding["id"]], [999])
    assert mended["rules"].get("tiny", 0) == 0
    assert_error(client.get(f"{quality}/findings/nothing"), 422, "bad_setting")
    assert_error(
        client.put(f"{quality}/thresholds", json={"thresholds": {"tiny": {"pixels": "x"}}}), 422, "bad_setting"
    )
    assert_error(client.post(f"{quality}/fix", json={"findings": []}), 422, "invalid_input")
