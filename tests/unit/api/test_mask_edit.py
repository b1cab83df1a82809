"""Clean-ups over HTTP: each operation, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from annotator.domain.mask import Mask

V1 = "/api/v1"
RING, SPECK, OTHER = (np.zeros((80, 120), bool) for _ in range(3))
RING[10:50, 10:50] = True
RING[20:30, 20:30] = False
SPECK[70:75, 100:105] = True
OTHER[40:60, 40:60] = True


@pytest.fixture
def other(client: TestClient, images: list[str]) -> int:
    """An object on the image: `OTHER`."""
    body = {"category": "cat", "rle": Mask.from_array(OTHER).to_rle()}
    added: int = client.post(f"{V1}/images/{images[0]}/annotations", json=body).json()["annotation"]["id"]
    return added


def edit(client: TestClient, image: str, operation: str, **options: Any) -> Any:
    body = {"rle": Mask.from_array(RING | SPECK).to_rle(), "operation": operation, **options}
    return client.post(f"{V1}/images/{image}/mask-edit", json=body)


@pytest.mark.parametrize(
    ("operation", "options", "wanted", "added", "removed"),
    [
        ("fill_holes", {}, None, 100, 0),
        ("fill_holes", {"up_to": 99}, RING | SPECK, 0, 0),
        ("remove_specks", {}, RING, 0, 25),
        ("remove_specks", {"up_to": 24}, RING | SPECK, 0, 0),
        ("keep_largest", {}, RING, 0, 25),
        ("merge", {"others": True}, RING | SPECK | OTHER, 300, 0),
        ("subtract", {"others": True}, (RING | SPECK) & ~OTHER, 0, 100),
        ("intersect", {"others": True}, RING & OTHER, 0, 1425),
        ("no_overlap", {}, (RING | SPECK) & ~OTHER, 0, 100),
    ],
)
def test_each_operation_says_what_it_would_change_and_changes_nothing(
    client: TestClient,
    images: list[str],
    other: int,
    operation: str,
    options: dict[str, Any],
    wanted: np.ndarray | None,
    added: int,
    removed: int,
) -> None:
    if options.get("others"):
        options = {"others": [other]}
    reply = edit(client, images[0], operation, **options)
    assert reply.status_code == 200, reply.text
    assert (reply.json()["added"], reply.json()["removed"]) == (added, removed)
    if wanted is not None:
        assert (Mask.from_rle(reply.json()["rle"]).to_array() == wanted).all()
    view = client.get(f"{V1}/images/{images[0]}").json()
    assert [one["id"] for one in view["annotations"]] == [other]
    assert view["draft"] is None


def test_smoothing_rounds_corners(client: TestClient, images: list[str]) -> None:
    smooth = Mask.from_rle(edit(client, images[0], "smooth", strength=3).json()["rle"]).to_array()
    assert RING[10, 10]
    assert not smooth[10, 10]
    assert smooth[15, 30]


def test_an_object_does_not_overlap_with_itself(client: TestClient, images: list[str], other: int) -> None:
    reply = edit(client, images[0], "no_overlap", **{"except": other}).json()
    assert (reply["added"], reply["removed"]) == (0, 0)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"operation": "melt"}, 422),
        ({"others": [999]}, 404),
        ({"up_to": 0}, 422),
        ({"rle": {"size": [5, 5], "counts": [25]}}, 422),
    ],
)
def test_what_makes_no_sense_is_refused(
    client: TestClient, images: list[str], change: dict[str, Any], status: int
) -> None:
    body = {"rle": Mask.from_array(RING).to_rle(), "operation": "merge", **change}
    reply = client.post(f"{V1}/images/{images[0]}/mask-edit", json=body)
    assert reply.status_code == status, reply.text
    assert set(reply.json()) == {"error"}
