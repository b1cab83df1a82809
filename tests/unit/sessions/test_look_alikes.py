"""Pictures of a project that look the same, found by what they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from annotator.exporters.base import ExportImage
from annotator.sessions.look_alikes import look_alikes


def listed(*names: str, problem: str | None = None) -> list[ExportImage]:
    return [ExportImage(name, place, name, 9, 9, "todo", problem) for place, name in enumerate(names, 1)]


def scene(seed: int) -> Image.Image:
    """Blobs of colour that no other seed has."""
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((400, 300), Image.Resampling.BICUBIC)


def test_copies_in_other_sizes_and_formats_look_the_same(tmp_path: Path) -> None:
    scene(1).save(tmp_path / "a.png")
    scene(2).save(tmp_path / "b.png")
    scene(1).resize((200, 150)).save(tmp_path / "copy.jpg", quality=60)
    scene(2).point(lambda value: min(255, value + 12)).save(tmp_path / "brighter.png")
    scene(3).save(tmp_path / "alone.png")
    names = ("a.png", "b.png", "copy.jpg", "brighter.png", "alone.png")
    seen: list[tuple[int, int]] = []
    found = look_alikes(listed(*names), tmp_path, lambda done, total: seen.append((done, total)))
    assert found == [("a.png", "copy.jpg"), ("b.png", "brighter.png")]
    assert seen == [(step, 5) for step in range(1, 6)]


def test_pictures_that_cannot_be_read_are_alone(tmp_path: Path) -> None:
    scene(1).save(tmp_path / "a.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    images = [*listed("a.png", "broken.png", "missing.png"), *listed("a.png", problem="It is too large.")]
    assert look_alikes(images, tmp_path, lambda done, total: None) == []
