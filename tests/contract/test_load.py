"""A server with more work than it can do, and one that works for a while: seen from outside, with its real model."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from annotator.api.admission import CHANGES_OF_ONE
from annotator.bench.pictures import draw
from tests.benchmarks.load import crowd, hired, holding
from tests.e2e.app import App

PEOPLE = 6
FLOOD = 120
CLICKS = 12
SOAK_SECONDS = 25.0


@pytest.fixture
def tokens(tmp_path: Path) -> list[str]:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(12):
        Image.fromarray(draw(0.4, seed=number)).save(folder / f"{number}.jpg")
    return hired(folder, PEOPLE)


@pytest.fixture
def app(tmp_path: Path, tokens: list[str]) -> Iterator[App]:
    running = App(tmp_path / "photos", ["serve", str(tmp_path / "photos"), "--categories", "thing"])
    yield running.start()
    running.stop()


def person(app: App, token: str) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=FLOOD)
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=f"{app.url}api/v1/", headers=headers, timeout=60, limits=limits)


async def click(client: httpx.AsyncClient, images: list[dict[str, Any]], number: int, tab: str) -> httpx.Response:
    image = images[number % len(images)]
    point = [1 + 37 * number % (image["width"] - 2), 1 + 53 * number % (image["height"] - 2), 1]
    body = {"points": [point], "multimask": "auto"}
    return await client.post(f"images/{image['id']}/predict", json=body, headers={"X-Annotator-Client": tab})


async def flooded(app: App, tokens: list[str]) -> tuple[list[httpx.Response], list[httpx.Response]]:
    """What a script gets that keeps hundreds of prompts under way, and what somebody gets who clicks meanwhile."""
    answers: list[httpx.Response] = []
    numbers = itertools.count(1000)
    async with person(app, tokens[0]) as script, person(app, tokens[1]) as ann:
        images = (await ann.get("projects/photos/images")).json()["items"]
        for image in images:
            assert (await ann.post(f"images/{image['id']}/embed", json={})).status_code == 200
        over = asyncio.Event()

        async def insist(tab: str) -> None:
            while not over.is_set():
                answers.append(await click(script, images, next(numbers), tab))
                if answers[-1].status_code != 200:
                    await asyncio.sleep(float(answers[-1].headers["retry-after"]))

        flood = [asyncio.ensure_future(insist(f"tab {number}")) for number in range(FLOOD)]
        while len(answers) < FLOOD:
            await asyncio.sleep(0.05)
        first = len(answers)
        clicks = [await click(ann, images, number, "ann") for number in range(CLICKS)]
        meanwhile = answers[first:]
        over.set()
        await asyncio.gather(*flood)
        return meanwhile, clicks


def test_a_flood_is_asked_to_come_back_and_costs_nobody_else_a_mask(app: App, tokens: list[str]) -> None:
    asyncio.run(flooded(app, tokens))  # what is kept on purpose, threads among it, is kept after this
    before = holding(app)
    answers, clicks = asyncio.run(flooded(app, tokens))
    after = holding(app)
    assert [reply.status_code for reply in clicks] == [200] * CLICKS
    statuses = Counter(reply.status_code for reply in answers)
    assert set(statuses) <= {200, 429, 503}
    assert statuses[200] > 0
    refused = [reply for reply in answers if reply.status_code != 200]
    assert refused
    assert all(int(reply.headers["retry-after"]) >= 1 and reply.json()["error"]["message"] for reply in refused)
    assert after.mib < before.mib * 1.1
    assert after.files <= before.files + 10
    assert after.threads <= before.threads + CHANGES_OF_ONE


def test_a_day_in_short_leaves_memory_files_and_threads_as_they_were(app: App, tokens: list[str]) -> None:
    crowd(app, tokens, seconds=SOAK_SECONDS / 2, think=0.05)  # what is kept on purpose is kept after this
    row = crowd(app, tokens, seconds=SOAK_SECONDS, think=0.05)
    assert row.errors == {}
    assert row.clicks > 100
    assert row.after.mib < row.before.mib * 1.1
    assert row.after.files <= row.before.files + 4
    assert row.after.threads <= row.before.threads + 4
