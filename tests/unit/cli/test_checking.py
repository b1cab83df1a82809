"""`annotator check` as typed by a curator and by CI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from annotator.cli.checking import check
from annotator.domain.mask import Mask
from annotator.sessions.service import Service

app = typer.Typer()
app.command()(check)


def run(*arguments: object) -> Result:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def disc(x: int) -> Mask:
    rows, columns = np.mgrid[:60, :80]
    return Mask.from_array((columns - x) ** 2 + (rows - 30) ** 2 <= 12**2)


def coco(path: Path, *masks: Mask, **first: Any) -> Path:
    annotations = [
        {
            "id": number,
            "image_id": 1,
            "category_id": 1,
            "segmentation": mask.to_rle(),
            "area": mask.area,
            "bbox": list(mask.bbox),
            "iscrowd": 0,
        }
        for number, mask in enumerate(masks, 1)
    ]
    annotations[0].update(first)
    data = {
        "images": [{"id": 1, "file_name": "train/a.jpg", "width": 80, "height": 60}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": annotations,
    }
    path.write_text(json.dumps(data))
    return path


FEW = ("--set", "few_examples.count=1")


def test_a_clean_file_is_0(tmp_path: Path) -> None:
    done = run(coco(tmp_path / "c.json", disc(20), disc(60)), *FEW)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (
        0,
        f"{tmp_path / 'c.json'}: 0 errors, 0 warnings, 0 notes.",
    )


def test_findings_are_1_and_grouped_by_rule_with_their_image(tmp_path: Path) -> None:
    done = run(coco(tmp_path / "c.json", disc(20), disc(20), disc(60)), *FEW)
    assert done.exit_code == 1
    assert "Duplicate (warning, 1; rule duplicate)" in done.stdout
    assert "  train/a.jpg: Object 2 (cat) and object 1 are the same object" in done.stdout


def test_invalid_records_are_named_and_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    done = run(coco(tmp_path / "c.json", disc(20), disc(60), disc(60), category_id=5), *FEW)
    assert done.exit_code == 1
    assert "annotations[0].category_id: " in done.stdout
    assert "1 annotations are too wrong" in done.stdout
    assert "rule duplicate" in done.stdout


def test_only_the_rules_asked_for_with_thresholds_as_typed(tmp_path: Path) -> None:
    path = coco(tmp_path / "c.json", disc(30), disc(36))
    assert run(path, "--rule", "overlap").exit_code == 1
    assert run(path, "--rule", "overlap", "--set", "overlap.iou=0.8").exit_code == 0
    assert run(path, "--rule", "tiny", "--rule", "empty").exit_code == 0


def test_notes_fail_only_where_they_should(tmp_path: Path) -> None:
    path = coco(tmp_path / "c.json", disc(5))
    assert run(path, "--rule", "border").exit_code == 0
    assert run(path, "--rule", "border", "--fail-on", "info").exit_code == 1
    assert run(path, "--rule", "border", "--fail-on", "nothing").exit_code == 2


def test_many_findings_are_shown_by_example(tmp_path: Path) -> None:
    path = coco(tmp_path / "c.json", *[disc(30)] * 5)
    short = run(path, "--rule", "duplicate", "--examples", 3).stdout
    assert short.count("train/a.jpg: ") == 3
    assert "… and 1 more" in short
    assert run(path, "--rule", "duplicate", "--examples", 0).stdout.count("train/a.jpg: ") == 4


def test_json_holds_everything(tmp_path: Path) -> None:
    done = run(coco(tmp_path / "c.json", disc(20), disc(20), area=1), "--json", *FEW)
    data = json.loads(done.stdout)
    assert done.exit_code == 1
    assert data["counts"] == {"error": 0, "warning": 2, "info": 0}
    assert data["problems"][0]["where"] == "annotations[0].area"
    assert data["findings"][0]["rule"] == "duplicate"


def test_pictures_are_looked_for_where_their_folder_is_named(tmp_path: Path) -> None:
    path = coco(tmp_path / "c.json", disc(20))
    assert "missing" not in run(path, *FEW).stdout.lower()
    missing = run(path, "--images", tmp_path, *FEW)
    assert missing.exit_code == 1
    assert "Missing file (error, 1)" in missing.stdout
    (tmp_path / "train").mkdir()
    Image.new("RGB", (80, 60)).save(tmp_path / "train" / "a.jpg")
    assert run(path, "--images", tmp_path, *FEW).exit_code == 0
    assert run(path, "--images", tmp_path / "nowhere", *FEW).exit_code == 2


def test_the_same_picture_in_training_and_test_is_an_error(tmp_path: Path) -> None:
    path = coco(tmp_path / "c.json", disc(20))
    data = json.loads(path.read_text())
    data["images"].append({"id": 2, "file_name": "test/b.jpg", "width": 80, "height": 60})
    path.write_text(json.dumps(data))
    rows, columns = np.mgrid[:60, :80]
    picture = Image.fromarray((columns * 3 + rows % 7).astype(np.uint8)).convert("RGB")
    for name in ("train/a.jpg", "test/b.jpg"):
        (tmp_path / name).parent.mkdir()
        picture.save(tmp_path / name)
    done = run(path, "--images", tmp_path, "--rule", "split_leak")
    assert done.exit_code == 1
    assert "“train/a.jpg” (train) looks the same as “test/b.jpg”" in done.stdout


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"images": [], "annotations": [], "categories": []}', "nonsense"])
def test_a_file_that_is_no_dataset_is_2(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    assert run(tmp_path / "c.json").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.json"], "There is no"),
        (["."], "is not a project yet"),
        (["c.json", "--rule", "nothing"], "There is no rule"),
        (["c.json", "--set", "overlap.iou=7"], "use a number from 0 to 1"),
    ],
)
def test_mistakes_are_sentences_on_stderr_and_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    coco(tmp_path / "c.json", disc(20))
    done = run(*arguments)
    assert done.exit_code == 2
    assert sentence in done.stderr


def test_names_from_a_stranger_do_not_reach_the_terminal_as_commands(tmp_path: Path) -> None:
    path = coco(tmp_path / "c.json", disc(20), disc(20))
    path.write_text(path.read_text().replace("train/a.jpg", "\\u001b[2Jx\\ud800"))
    done = run(path, *FEW)
    assert done.exit_code == 1
    assert "\x1b" not in done.stdout
    assert "[2Jx" in done.stdout


def test_the_folder_of_a_project_is_checked_by_the_same_rules(folder: Path, service: Service) -> None:
    images = service.list_images(status=None, query=None, limit=10, cursor=None).items
    (folder / "sub" / "a.png").write_bytes((folder / "a.png").read_bytes())
    mask = Mask.from_crop(disc(20).to_array(), x=0, y=0, height=80, width=120)
    for _ in range(2):
        service.editor.add(author="ann", image_id=images[0].id, category="cat", mask=mask)
    done = run(folder, "--json")
    assert done.exit_code == 1
    found = {(finding["rule"], finding["image"]) for finding in json.loads(done.stdout)["findings"]}
    assert found == {
        ("duplicate", images[0].name),
        ("unlabelled", images[1].name),
        ("unlabelled", images[2].name),
        ("few_examples", None),
        ("near_duplicate", "a.png"),
    }


def test_what_set_says_is_kept_with_the_project_when_asked(service: Service, folder: Path) -> None:
    result = CliRunner().invoke(app, [str(folder), "--set", "tiny.pixels=77", "--save"])
    assert result.exit_code in (0, 1), result.output
    assert service.quality.thresholds().get("tiny", "pixels") == 77
