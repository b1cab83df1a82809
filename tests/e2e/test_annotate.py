"""The main job in a real browser, with real mouse and keyboard events and the real model."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from annotator.config import Settings
from annotator.domain.mask import Mask
from annotator.sessions.exporting import export_folder
from tests.conftest import photo
from tests.e2e.app import Annotator
from tests.e2e.conftest import Launch

pytestmark = pytest.mark.e2e


@pytest.fixture
def ann(page: Page, launch: Launch) -> Annotator:
    return Annotator(page).open(launch().url)


def test_the_whole_job_from_the_first_click_to_the_exported_file(
    ann: Annotator, launch: Launch, tmp_path: Path
) -> None:
    page = ann.page
    expect(page.get_by_test_id("hint")).to_be_visible()
    assert ann.state["image"]["name"] == "cheetah.jpg"

    ann.click(250, 170)
    expect(page.get_by_test_id("candidate")).to_have_count(3)
    first = ann.draft_mask()
    assert first.area > 1000
    chosen = ann.state["draft"]["chosen"]
    ann.press("Tab")
    assert ann.state["draft"]["chosen"] == (chosen + 1) % 3
    assert ann.draft_mask() != first
    ann.press("Tab", "Tab")
    assert ann.draft_mask() == first

    ann.click(300, 150)
    expect(page.get_by_test_id("candidate")).to_have_count(0)
    before = ann.draft_mask()
    ann.click(30, 30, button="right")
    points = ann.state["draft"]["points"]
    assert [point["label"] for point in points] == [1, 1, 0]
    seen = ann.draft_mask()
    ann.press("z")
    assert ann.draft_mask() == before
    ann.press("Shift+Z")
    assert ann.draft_mask() == seen

    ann.press("Enter")
    assert ann.state["draft"] is None
    expect(page.get_by_test_id("object-row")).to_have_count(1)
    expect(page.get_by_test_id("saved")).to_have_text(re.compile(r"[Ss]aved \d\d:\d\d:\d\d"))
    assert Mask.from_rle(ann.objects[0]["rle"]) == seen

    ann.drag((60, 60), (200, 250))
    assert ann.state["draft"]["box"] == pytest.approx([60, 60, 200, 250], abs=2)
    ann.press("2", "Enter")
    expect(page.get_by_test_id("object-row")).to_have_count(2)
    shown = {entry["id"]: Mask.from_rle(entry["rle"]) for entry in ann.objects}

    page.reload()
    ann.open(page.url)
    assert {entry["id"]: Mask.from_rle(entry["rle"]) for entry in ann.objects} == shown
    ann.press("z")
    expect(page.get_by_test_id("object-row")).to_have_count(1)
    assert ann.state["draft"]["box"] is not None
    ann.press("Shift+Z")
    expect(page.get_by_test_id("object-row")).to_have_count(2)

    report = export_folder(
        tmp_path / "demo", Settings.load(), format="coco", out=tmp_path / "out", options={}, progress=lambda *_: None
    )
    data = json.loads(report.target.read_text())
    exported = {entry["id"]: Mask.from_rle(entry["segmentation"]) for entry in data["annotations"]}
    assert exported == shown
    assert {entry["category_id"] for entry in data["annotations"]} == {1, 2}
    assert [entry["file_name"] for entry in data["images"]] == ["cheetah.jpg"]


def test_the_next_image_is_one_key_away_and_the_place_is_remembered(ann: Annotator) -> None:
    first = ann.state["image"]["name"]
    ann.press("ArrowRight")
    ann.page.wait_for_function("name => window.annotator.state().image?.name !== name", arg=first)
    second = ann.settle().state["image"]["name"]
    assert second != first
    address = ann.page.url.split("#")[0]
    ann.page.goto("about:blank")
    ann.open(address)
    assert ann.state["image"]["name"] == second


def test_points_and_boxes_are_moved_and_removed_one_by_one(ann: Annotator) -> None:
    ann.click(250, 170).click(300, 150)
    ann.drag((300, 150), (320, 160))
    points = ann.state["draft"]["points"]
    assert (points[1]["x"], points[1]["y"]) == pytest.approx((320, 160), abs=2)
    ann.click(250, 170, modifier="Alt")
    assert len(ann.state["draft"]["points"]) == 1
    ann.press("z", "z")
    points = ann.state["draft"]["points"]
    assert (points[1]["x"], points[1]["y"]) == pytest.approx((300, 150), abs=2)
    ann.press("Escape")
    assert ann.state["draft"] is None
    ann.press("z")
    assert len(ann.state["draft"]["points"]) == 2


def test_the_same_prompt_gives_the_same_mask_however_it_came_about(ann: Annotator) -> None:
    ann.click(250, 170).click(300, 150).click(150, 250, button="right")
    straight = ann.draft_mask()
    ann.click(100, 100)
    ann.press("z")
    assert ann.draft_mask() == straight
    ann.click(300, 150, modifier="Alt")
    assert len(ann.state["draft"]["points"]) == 2
    ann.press("z")
    assert ann.draft_mask() == straight


def test_zooming_and_panning_never_moves_a_click(ann: Annotator) -> None:
    x, y = ann.place(250, 170)
    ann.page.mouse.move(x, y)
    for _ in range(4):
        ann.page.mouse.wheel(0, -240)
        ann.settle()
    assert ann.place(250, 170) == pytest.approx((x, y), abs=1)
    ann.click(251, 171)
    point = ann.state["draft"]["points"][0]
    assert (point["x"], point["y"]) == pytest.approx((251, 171), abs=0.5)
    ann.page.mouse.move(x, y)
    ann.page.keyboard.down("Space")
    ann.page.mouse.down()
    ann.page.mouse.move(x + 60, y + 30, steps=4)
    ann.page.mouse.up()
    ann.page.keyboard.up("Space")
    assert len(ann.state["draft"]["points"]) == 1
    assert ann.place(250, 170) == pytest.approx((x + 60, y + 30), abs=3)
    ann.press("f")
    ann.click(320, 150)
    assert len(ann.state["draft"]["points"]) == 2


def test_objects_are_relabelled_hidden_locked_and_deleted_in_the_list(ann: Annotator) -> None:
    page = ann.page
    ann.click(250, 170).press("Enter")
    row = page.get_by_test_id("object-row")
    row.click()
    ann.press("3")
    assert ann.objects[0]["category"] == 3
    ann.press("Shift+h")
    assert ann.objects[0]["hidden"] is True
    ann.press("Shift+h", "l")
    assert (ann.objects[0]["hidden"], ann.objects[0]["locked"]) == (False, True)
    ann.press("l", "Delete")
    expect(row).to_have_count(0)
    ann.press("z")
    expect(row).to_have_count(1)


def test_a_killed_server_loses_nothing_and_the_page_goes_on(page: Page, launch: Launch) -> None:
    app = launch()
    ann = Annotator(page).open(app.url)
    ann.click(250, 170).press("Enter")
    ann.click(100, 100)
    before = ann.state
    app.kill()
    page.mouse.click(*ann.place(120, 110))
    page.wait_for_function("window.annotator.state().draft.points.length === 2")
    app.start()
    ann.settle()
    page.reload()
    ann.open(page.url)
    after = ann.state
    assert [o["id"] for o in after["objects"]] == [o["id"] for o in before["objects"]]
    assert len(after["draft"]["points"]) == 2


def test_two_people_on_two_images_never_see_each_others_masks(browser: Browser, launch: Launch) -> None:
    app = launch()
    contexts = [browser.new_context(viewport={"width": 1200, "height": 800}) for _ in range(2)]
    try:
        people = [Annotator(context.new_page()).open(app.url) for context in contexts]
        people[1].press("ArrowRight")
        names = [person.state["image"]["name"] for person in people]
        assert names[0] != names[1]
        for step in range(4):
            for person in people:
                image = person.state["image"]
                x, y = image["width"] * (0.3 + 0.1 * step), image["height"] * 0.5
                person.page.mouse.click(*person.place(x, y))
            for person in people:
                person.settle()
        for person in people:
            image = person.state["image"]
            mask = person.draft_mask()
            assert (mask.width, mask.height) == (image["width"], image["height"])
            assert len(person.state["draft"]["points"]) == 4
            person.press("Enter")
            assert len(person.objects) == 1
    finally:
        for context in contexts:
            context.close()


def test_ones_own_folder_with_awkward_names(page: Page, launch: Launch, tmp_path: Path) -> None:
    folder = tmp_path / "my photos ü"
    for seed, name in enumerate(["a b/1.png", "ä/1.png", "<img src=x onerror=alert(1)>.png"]):
        photo(folder / name, seed=seed, width=64, height=48)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    ann = Annotator(page).open(launch(folder, "--categories", "person,car").url)
    expect(page.get_by_test_id("image-item")).to_have_count(4)
    expect(page.get_by_test_id("category")).to_have_count(2)
    expect(page.get_by_text("<img src=x onerror=alert(1)>.png").first).to_be_visible()
    ann.click(32, 24).press("Enter")
    assert len(ann.objects) == 1


def test_no_request_leaves_the_machine(browser: Browser, launch: Launch) -> None:
    app = launch()
    context = browser.new_context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    ann = Annotator(context.new_page()).open(app.url)
    ann.click(100, 100)
    context.close()
    assert asked
    outside = [url for url in asked if not url.startswith((app.url, "data:", "blob:"))]
    assert not outside, outside


def test_no_route_reads_a_file_outside_its_own_folders(launch: Launch, tmp_path: Path) -> None:
    app = launch()
    (tmp_path / "secret.txt").write_text("secret")
    database = tmp_path / "demo" / ".annotator" / "annotator.db"
    assert database.is_file()
    for path in (
        f"gradio_api/file={tmp_path}/secret.txt",
        f"gradio_api/file={database}",
        "gradio_api/file=/etc/passwd",
        "gradio_api/file=pyproject.toml",
        "annotator/static/..%2fapp.py",
        "annotator/static/%2e%2e/app.py",
        "api/v1/images/..%2f..%2fsecret.txt/pixels",
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(app.url + path)
        assert refused.value.code in (403, 404), path
        refused.value.close()


def test_the_export_tab_writes_what_was_seen_and_hands_it_out(ann: Annotator, tmp_path: Path) -> None:
    page = ann.page
    ann.click(250, 170).press("Enter")
    seen = Mask.from_rle(ann.objects[0]["rle"])
    page.get_by_role("tab", name="Export").click()
    page.locator("fieldset", has_text="Segmentation").get_by_label("auto", exact=True).check()
    page.locator("#ann-export-start").click()
    expect(page.get_by_test_id("report")).to_contain_text("1.0000", timeout=30_000)
    with page.expect_download() as waiting:
        page.locator("#ann-export-download").click()
    saved = tmp_path / "download.json"
    waiting.value.save_as(saved)
    (entry,) = json.loads(saved.read_text())["annotations"]
    assert entry["area"] == seen.area
    assert entry["bbox"] == list(seen.bbox)
    page.get_by_role("tab", name="Annotate").click()
    ann.click(100, 100)
    assert ann.state["draft"] is not None


def test_an_export_without_anything_to_export_says_what_to_do(ann: Annotator) -> None:
    page = ann.page
    page.get_by_role("tab", name="Export").click()
    page.locator("#ann-export-start").click()
    expect(page.get_by_role("alert").filter(has_text="Nothing was exported")).to_contain_text("Accept objects")


def test_categories_are_added_and_numbered_and_typing_never_reaches_the_canvas(ann: Annotator) -> None:
    page = ann.page
    ann.click(250, 170)
    page.keyboard.press("n")
    page.keyboard.type("zebra fish")
    page.keyboard.press("Enter")
    ann.settle()
    expect(page.get_by_test_id("category").filter(has_text="zebra fish")).to_be_visible()
    assert ann.state["draft"] is not None
    assert ann.state["project"]["categories"][-1]["name"] == "zebra fish"
    ann.press("5", "Enter")
    assert ann.objects[0]["category"] == ann.state["project"]["categories"][4]["id"]


def test_a_photo_of_twelve_megapixels_and_a_deep_tiff_are_annotated_in_full_resolution(
    page: Page, launch: Launch, tmp_path: Path
) -> None:
    folder = tmp_path / "large"
    folder.mkdir()
    tower = Image.open(demo_photo("tower.jpg"))
    tower.resize((3000, 4775)).save(folder / "a.jpg", quality=90)
    deep = np.asarray(tower.convert("L")).astype(np.uint16) * 16
    Image.fromarray(deep).save(folder / "b.tif")
    ann = Annotator(page).open(launch(folder).url)
    image = ann.state["image"]
    assert (image["width"], image["height"]) == (3000, 4775)
    assert max(image["pixels"]["width"], image["pixels"]["height"]) <= 4096
    ann.click(1500, 2500)
    mask = ann.draft_mask()
    assert (mask.width, mask.height) == (3000, 4775)
    assert mask.to_array()[2500, 1500]
    ann.press("Escape", "ArrowRight")
    page.wait_for_function("window.annotator.state().image?.name === 'b.tif' && window.annotator.state().painted")
    assert "16-bit" in ann.settle().state["image"]["note"]
    ann.click(190, 300)
    assert ann.draft_mask().area > 0


def demo_photo(name: str) -> Path:
    """One of the photos that come with Gradio."""
    import gradio

    return Path(gradio.__file__).parent / "media_assets" / "images" / name
