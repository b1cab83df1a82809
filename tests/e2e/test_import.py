"""A curator brings a dataset in on the Import tab and finds its objects on the images."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.app import Annotator
from tests.e2e.conftest import Launch

pytestmark = pytest.mark.e2e


def test_a_dataset_is_tried_imported_seen_and_refined(
    page: Page, launch: Launch, folder_of_two: Path, tmp_path: Path
) -> None:
    corners = [20, 20, 60, 20, 60, 50, 20, 50]
    square = {"id": 7, "image_id": 1, "category_id": 2, "segmentation": [corners], "iscrowd": 0}
    dataset = tmp_path / "dataset.json"
    dataset.write_text(
        json.dumps(
            {
                "images": [{"id": 1, "file_name": "a.png", "width": 160, "height": 120}],
                "categories": [{"id": 2, "name": "kite"}],
                "annotations": [
                    {**square, "area": 1200, "bbox": [20, 20, 40, 30]},
                    {**square, "id": 8, "image_id": 5, "area": 1200, "bbox": [20, 20, 40, 30]},
                ],
            }
        )
    )
    ann = Annotator(page).open(launch(folder_of_two).url)
    page.get_by_role("tab", name="Import").click()
    page.get_by_test_id("Choose a JSON or zip file-upload-button").set_input_files(dataset)
    expect(page.locator("#ann-import-name")).to_have_text("dataset.json")
    report = page.locator("#ann-import-report")
    page.locator("#ann-import-dry input").check()
    page.locator("#ann-import-start").click()
    expect(report).to_contain_text("objects would come in", timeout=30_000)
    page.locator("#ann-import-dry input").uncheck()
    page.locator("#ann-import-start").click()
    expect(report).to_contain_text("objects came in", timeout=30_000)
    expect(report.locator("details")).to_contain_text("annotations[1].image_id")
    page.get_by_role("tab", name="Annotate").click()
    page.wait_for_function("window.annotator.state().objects.length === 1")
    (found,) = ann.settle().objects
    assert (found["id"], found["area"], found["category"]) == (7, 1200, 2)
    ann.click(40, 35).press("e")
    assert ann.state["draft"]["replaces"] == 7, "an imported object is refined like any other"
    ann.press("Escape")


def test_a_zip_of_a_yolo_dataset_and_a_folder_by_its_path_come_in(
    page: Page, launch: Launch, folder_of_two: Path, tmp_path: Path
) -> None:
    dataset = tmp_path / "yolo"
    (dataset / "labels/train").mkdir(parents=True)
    (dataset / "data.yaml").write_text("train: images/train\nval: images/train\nnames: [kite]\n")
    (dataset / "labels/train/a.txt").write_text("0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n")
    shutil.make_archive(str(tmp_path / "yolo"), "zip", tmp_path, "yolo")
    Annotator(page).open(launch(folder_of_two).url)
    page.get_by_role("tab", name="Import").click()
    page.get_by_test_id("Choose a JSON or zip file-upload-button").set_input_files(tmp_path / "yolo.zip")
    expect(page.locator("#ann-import-name")).to_have_text("yolo.zip")
    report = page.locator("#ann-import-report")
    page.locator("#ann-import-start").click()
    expect(report).to_contain_text("objects came in", timeout=30_000)
    expect(report.locator(".ann-figures b").first).to_have_text("1")
    assert not list(folder_of_two.rglob(".import-*")), "what was unpacked is gone"
    page.get_by_label("Or a path on this computer").fill(str(dataset))
    expect(page.locator("#ann-import-name")).to_have_text("")
    page.locator("#ann-import-start").click()
    expect(report.locator(".ann-figures b").nth(1)).to_have_text("1", timeout=30_000)
    page.get_by_label("Or a path on this computer").fill(str(tmp_path / "nowhere"))
    page.locator("#ann-import-start").click()
    expect(report).to_contain_text("There is nothing at", timeout=30_000)
