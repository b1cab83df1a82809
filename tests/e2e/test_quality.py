"""A curator lets the rules look, makes one stricter, mends what they find and goes to what is left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from typer.testing import CliRunner

from annotator.cli import app
from tests.e2e.app import Annotator
from tests.e2e.conftest import Launch

pytestmark = pytest.mark.e2e


@pytest.fixture
def project(folder_of_two: Path, tmp_path: Path) -> Path:
    """A square on a.png with a smaller one over it, and nothing on b.png."""
    squares = [(10, 40, 40), (11, 42, 42), (12, 5, 5)]
    annotations = []
    for key, x, side in squares:
        corners = [x, 20, x + side, 20, x + side, 20 + side, x, 20 + side]
        annotations.append(
            {"id": key, "image_id": 1, "category_id": 1, "segmentation": [corners], "area": side * side}
            | {"bbox": [x, 20, side, side], "iscrowd": 0}
        )
    dataset = {
        "images": [{"id": 1, "file_name": "a.png", "width": 160, "height": 120}],
        "categories": [{"id": 1, "name": "kite"}],
        "annotations": annotations,
    }
    path = tmp_path / "dataset.json"
    path.write_text(json.dumps(dataset))
    result = CliRunner().invoke(app, ["import", str(folder_of_two), str(path)])
    assert result.exit_code == 0, result.output
    return folder_of_two


def test_rules_are_run_made_stricter_and_mended(page: Page, launch: Launch, project: Path) -> None:
    Annotator(page).open(launch(project).url)
    page.get_by_role("tab", name="Quality").click()
    expect(page.get_by_text("The rules have not been run yet")).to_be_visible()
    page.get_by_test_id("check").click()
    expect(page.get_by_test_id("rule-unlabelled")).to_contain_text("1", timeout=60_000)
    page.get_by_test_id("rule-tiny").click()
    expect(page.get_by_text("This rule found nothing.")).to_be_visible()
    page.locator("[data-testid=strictness] input[data-field=pixels]").fill("30")
    page.get_by_test_id("keep").click()
    expect(page.get_by_test_id("quality-told")).to_contain_text("Kept with the project")
    page.get_by_test_id("check").click()
    expect(page.get_by_test_id("rule-tiny")).to_contain_text("1", timeout=60_000)
    page.get_by_test_id("rule-tiny").click()
    expect(page.get_by_test_id("finding")).to_have_count(1)
    page.get_by_test_id("findings").focus()
    page.keyboard.press("f")
    expect(page.get_by_test_id("finding")).to_have_count(0)
    expect(page.get_by_test_id("quality-told")).to_contain_text("1 mended")

    page.get_by_test_id("rule-unlabelled").click()
    page.on("dialog", lambda question: question.accept())
    page.get_by_test_id("fix-all").click()
    expect(page.get_by_test_id("finding")).to_have_count(0)

    page.get_by_test_id("rule-overlap").click()
    expect(page.get_by_test_id("finding")).to_have_count(1)
    page.get_by_test_id("in-review").click()
    expect(page.get_by_test_id("review-count")).to_have_text("1 object")
    page.get_by_role("tab", name="Quality").click()
    page.get_by_test_id("rule-overlap").click()
    page.get_by_role("link", name="Open").click()
    expect(page.get_by_role("tab", name="Annotate")).to_have_attribute("aria-selected", "true")
    page.wait_for_function("window.annotator.state().selected !== null")
    assert len(Annotator(page).settle().objects) == 2


def test_statistics_are_shown_and_handed_on(page: Page, launch: Launch, project: Path) -> None:
    Annotator(page).open(launch(project).url)
    page.get_by_role("tab", name="Statistics").click()
    expect(page.locator("#ann-statistics-key")).to_contain_text("3", timeout=60_000)
    expect(page.locator("#ann-statistics .vega-embed svg").first).to_be_visible(timeout=30_000)
    with page.expect_download() as report:
        page.locator("#ann-statistics-html").click()
    assert "Objects per category" in report.value.path().read_text()
    with page.expect_download() as tables:
        page.locator("#ann-statistics-csv").click()
    assert tables.value.suggested_filename.endswith(".zip")


def test_a_version_is_kept_compared_and_restored(page: Page, launch: Launch, project: Path) -> None:
    ann = Annotator(page).open(launch(project).url)
    page.get_by_role("tab", name="Export").click()
    page.get_by_text("Versions", exact=True).click()
    page.locator("#ann-version-name input, #ann-version-name textarea").first.fill("v1")
    page.locator("#ann-version-create").click()
    report = page.locator("#ann-version-report")
    expect(report).to_contain_text("Kept 3 objects", timeout=30_000)
    expect(page.locator("#ann-version-table")).to_contain_text("v1")
    page.get_by_role("tab", name="Annotate").click()
    expect(page.get_by_test_id("canvas")).to_be_visible()
    page.get_by_test_id("object-row").first.click()
    page.get_by_test_id("canvas").focus()
    ann.settle().press("Delete")
    assert len(ann.objects) == 2
    page.get_by_role("tab", name="Export").click()
    page.locator("#ann-version-before input").click()
    page.get_by_role("option", name="v1").first.click()
    page.locator("#ann-version-compare").click()
    expect(report).to_contain_text("1 removed", timeout=30_000)
    page.locator("#ann-version-sure input").check()
    page.locator("#ann-version-restore").click()
    expect(report).to_contain_text("is kept as before-v1-1", timeout=30_000)
    page.get_by_role("tab", name="Annotate").click()
    page.wait_for_function("window.annotator.state().objects.length === 3", timeout=10_000)
