"""One click on the same photo stored in all eight EXIF orientations gives one mask, in the display's coordinates."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from annotator.config import Settings
from annotator.domain.mask import Mask
from annotator.domain.prompt import Box, Point, Prompt
from annotator.sessions.exporting import export_folder
from annotator.sessions.service import Service
from tests.paths import shared


def test_the_same_clicks_on_all_eight_orientations_give_the_same_mask(tmp_path: Path) -> None:
    golden = shared("exif_golden")
    with Image.open(golden / "camel_mask.png") as picture:
        truth = Mask.from_array(np.array(picture) > 0)
    folder = tmp_path / "photos"
    folder.mkdir()
    for path in golden.glob("camel_orient*.jpg"):
        shutil.copy(path, folder)
    x, y, width, height = truth.bbox
    rows, columns = np.nonzero(truth.to_array())
    inside = Point(float(columns[len(columns) // 2]) + 0.5, float(rows[len(rows) // 2]) + 0.5)
    prompt = Prompt(points=(inside,), box=Box(x, y, x + width, y + height))
    service = Service.open(folder, Settings.load())
    try:
        service.categories.ensure(["camel"])
        service.library.scan()
        images = service.list_images(status=None, query=None, limit=10, cursor=None).items
        assert len(images) == 8
        masks = []
        for image in images:
            assert (image.width, image.height) == (truth.width, truth.height)
            answer = service.predict(image_id=image.id, prompt=prompt)
            masks.append(answer.candidates[answer.chosen].mask)
            service.editor.add(author="ann", image_id=image.id, category="camel", mask=masks[-1])
    finally:
        service.close()
    # The files hold the same pixels up to what JPEG lost on differently turned blocks.
    assert min(mask.iou(masks[0]) for mask in masks) > 0.98
    assert min(mask.iou(truth) for mask in masks) > 0.8
    report = export_folder(
        folder, Settings.load(), format="coco", out=tmp_path / "out", options={}, progress=lambda *_: None
    )
    sizes = {(entry["width"], entry["height"]) for entry in json.loads(report.target.read_text())["images"]}
    assert sizes == {(truth.width, truth.height)}
