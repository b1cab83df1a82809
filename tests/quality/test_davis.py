"""The embedded model answers as well as it did: a small part of `python -m tests.quality.davis`."""

from __future__ import annotations

import pytest

from annotator.engine import Engine
from tests.paths import shared
from tests.quality import davis


@pytest.mark.quality
def test_six_photos_are_segmented_as_well_as_ever() -> None:
    folder = shared("davis")
    engine = Engine()
    measured = [davis.measure(engine, photo) for photo in davis.photos(6, folder=folder)]
    engine.close()
    result = davis.summary(measured)
    # Means of the whole set less about a tenth: six photos vary more than fifty.
    assert result["iou_1"] > 0.55
    assert result["iou_3"] > 0.72
    assert result["iou_5"] > 0.78
    assert result["iou_box"] > 0.72
    assert result["noc_85"] < 9
