"""Going from image to image: what comes next is ready before it is opened, and is still there after a restart."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.conftest import photo
from tests.e2e.app import Annotator, App

pytestmark = pytest.mark.e2e

NAMES = [f"{number}.png" for number in range(1, 7)]


@pytest.fixture
def six(tmp_path: Path) -> Path:
    """A folder of six photos."""
    for seed, name in enumerate(NAMES):
        photo(tmp_path / "six" / name, width=400, height=300, seed=seed)
    return tmp_path / "six"


def kept(folder: Path) -> int:
    return len(list((folder / ".annotator" / "cache" / "embeddings").rglob("*.safetensors")))


def until_kept(folder: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while kept(folder) < count:
        assert time.monotonic() < deadline, f"only {kept(folder)} of {count} embeddings were made"
        time.sleep(0.05)


def until_ready(person: Annotator) -> None:
    person.page.wait_for_function("window.annotator.state().embedding === 'ready'", timeout=60_000)


LISTEN = """
window.encoded = {};
const send = window.fetch;
window.fetch = async (url, init) => {
  const response = await send(url, init);
  const [image, verb] = String(url).split("/").slice(-2);
  if (verb === "embed") window.encoded[image] = (await response.clone().json()).encoded;
  return response;
};
"""


def until_fetched(person: Annotator, image: str) -> None:
    person.page.wait_for_function(
        "id => performance.getEntriesByType('resource').some((entry) => entry.name.endsWith(`/${id}/pixels`))",
        arg=image,
    )


def test_the_next_images_are_ready_before_they_are_opened(launch: Callable[..., App], page: Page, six: Path) -> None:
    app = launch(six, "--model", "mobile_sam", "--categories", "thing")
    page.add_init_script(LISTEN)
    person = Annotator(page).open(app.url)
    images = [item["id"] for item in person.state["list"]["items"]]
    until_kept(six, 3)  # 1, and 2 and 3 ahead
    for number in (2, 3, 4):
        until_fetched(person, images[number - 1])
        person.press("ArrowRight")
        until_ready(person)
        assert person.state["image"]["name"] == NAMES[number - 1]
        until_kept(six, number + 2)
    assert [page.evaluate("id => window.encoded[id]", image) for image in images[1:4]] == [False] * 3
    with page.expect_response("**/predict") as answer:
        person.click(200, 150)
    assert answer.value.json()["timing_ms"]["encode"] == 0

    app.kill()
    app.start()
    page.reload()
    again = Annotator(page).open(app.url)
    until_ready(again)
    for _ in range(3):
        again.press("ArrowLeft")
        until_ready(again)
    assert page.evaluate("window.encoded") == dict.fromkeys(images[:4], False)  # a restart re-encodes nothing


def test_who_rushes_through_has_only_the_image_embedded_where_they_stop(
    launch: Callable[..., App], page: Page, six: Path
) -> None:
    app = launch(six, "--model", "fake")
    person = Annotator(page).open(app.url)
    until_kept(six, 3)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/embed") else None)
    for _ in range(4):
        person.page.keyboard.press("ArrowRight")
    person.page.wait_for_function("window.annotator.state().image?.name === '5.png'")
    until_ready(person.settle())
    assert person.state["image"]["name"] == "5.png"
    assert len(asked) <= 2
    assert asked[-1].endswith(f"/images/{person.state['image']['id']}/embed")
