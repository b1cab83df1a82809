"""One decode path: what the model sees, what is displayed and what is exported have one geometry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotator.images.decode import decode, probe
from annotator.images.display import display_image
from annotator.images.thumbnails import thumbnail
from tests.paths import shared


@pytest.mark.parametrize("number", range(1, 9))
def test_the_one_mask_fits_all_eight_orientations(tmp_path: Path, number: int) -> None:
    path = shared("exif_golden", f"camel_orient{number}.jpg")
    with Image.open(shared("exif_golden", "camel_mask.png")) as image:
        mask = np.array(image) > 0
    reference = decode(shared("exif_golden", "camel_orient1.jpg")).pixels.astype(int)
    shown = display_image(path, tmp_path)
    for pixels in (decode(path).pixels, decode(shown.path).pixels):
        assert pixels.shape[:2] == mask.shape
        assert np.abs(pixels.astype(int) - reference)[mask].mean() < 3
    assert (probe(path).height, probe(path).width) == mask.shape
    with Image.open(thumbnail(path, tmp_path, f"{number}")) as small:
        assert small.width > small.height


@pytest.mark.parametrize("folder", ["davis/images", "nuclei/images"])
def test_real_photos_are_displayed_as_they_are(tmp_path: Path, folder: str) -> None:
    for path in sorted(shared(*folder.split("/")).rglob("*.*"))[:12]:
        decoded = decode(path)
        shown = display_image(path, tmp_path)
        assert (shown.height, shown.width) == decoded.pixels.shape[:2]
        assert decode(shown.path).pixels.shape == decoded.pixels.shape
        if shown.path != path:
            assert (decode(shown.path).pixels == decoded.pixels).all()
