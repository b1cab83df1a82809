"""What annotator is compared with does the same work: the same masks come out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from annotator.bench.encoding import source
from annotator.bench.installation import with_random_weights
from annotator.bench.pictures import draw, places
from annotator.bench.plain import plain
from annotator.domain.prompt import Point, Prompt
from annotator.engine import Engine
from annotator.engine.registry import Registry


def test_the_embedded_model_called_directly_gives_the_engines_masks() -> None:
    registry = Registry()
    rival, reason = plain(registry, registry.find("mobile_sam"), "cpu")
    assert rival is not None, reason
    pixels = draw(0.3, seed=5)
    height, width = pixels.shape[:2]
    engine = Engine(model="mobile_sam", device="cpu")
    rival.set_image(pixels)
    overlaps = []
    for x, y in places(6, width=width, height=height):
        prediction = engine.predict(source("drawn", pixels), Prompt(points=(Point(x, y),)))
        ours = prediction.candidates[prediction.chosen].mask.to_array()
        theirs = rival.click(x, y)
        overlaps.append((ours & theirs).sum() / (ours | theirs).sum())
    engine.close()
    assert np.mean(overlaps) > 0.95


def test_random_weights_stand_in_for_a_checkpoint(tmp_path: Path) -> None:
    pytest.importorskip("sam2", reason="sam2 is not installed", exc_type=ImportError)
    installation = with_random_weights(Registry(), "sam2.1_tiny", scratch=tmp_path / "scratch")
    registry = installation.registry()
    config = registry.find("sam2.1_tiny")
    assert registry.is_present(config)
    assert "random" in config.title
    assert set(installation.environment()) == {"ANNOTATOR_MODELS_DIR", "ANNOTATOR_CHECKPOINTS_DIR"}
    rival, reason = plain(registry, config, "cpu")
    assert rival is not None, reason
    rival.set_image(draw(0.05, seed=1))
    assert rival.click(30, 30).shape == draw(0.05, seed=1).shape[:2]


def test_models_of_other_kinds_have_no_rival_and_say_so() -> None:
    registry = Registry()
    rival, reason = plain(registry, registry.find("fake"), "cpu")
    assert rival is None
    assert "kind fake" in reason
