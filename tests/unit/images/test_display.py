"""What the browser gets and what lists show."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotator.errors import ImageProblem, StorageProblem
from annotator.images.cache import write_whole
from annotator.images.decode import decode, probe
from annotator.images.display import DISPLAY_LONGEST, display_image, display_size
from annotator.images.identity import source_hash
from annotator.images.thumbnails import thumbnail
from tests.paths import DATA, shared

ODD = DATA / "odd_images"


def gradient(width: int, height: int) -> Image.Image:
    """A picture with another colour everywhere."""
    across = np.linspace(0, 255, width, dtype=np.uint8)[None, :].repeat(height, 0)
    down = np.linspace(0, 255, height, dtype=np.uint8)[:, None].repeat(width, 1)
    return Image.fromarray(np.dstack([across, down, 255 - across]))


@pytest.mark.parametrize(
    ("suffix", "media_type"), [("jpg", "image/jpeg"), ("png", "image/png"), ("webp", "image/webp")]
)
def test_a_plain_file_is_handed_out_untouched(tmp_path: Path, suffix: str, media_type: str) -> None:
    path = tmp_path / f"plain.{suffix}"
    gradient(60, 40).save(path)
    shown = display_image(path, tmp_path / "cache")
    assert (shown.path, shown.media_type, shown.width, shown.height) == (path, media_type, 60, 40)
    assert not (tmp_path / "cache").exists()


def rotated(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    gradient(60, 40).save(path, "JPEG", exif=exif)


def late_density(path: Path) -> None:
    exif = Image.Exif()
    exif[0x011A] = exif[0x011B] = 36.0
    exif.get_ifd(0x8769).update({0xA002: 30, 0xA003: 20})
    gradient(60, 40).save(path, "JPEG", exif=exif)


CONVERTED: dict[str, Callable[[Path], None]] = {
    "rotated": rotated,
    "claims another size": late_density,
    "16-bit": lambda path: Image.fromarray(np.arange(2400, dtype=np.uint16).reshape(40, 60)).save(path, "PNG"),
    "transparent": lambda path: gradient(60, 40).convert("RGBA").save(path, "PNG"),
    "palette": lambda path: gradient(60, 40).convert("P").save(path, "PNG"),
    "CMYK": lambda path: gradient(60, 40).convert("CMYK").save(path, "JPEG"),
    "animated": lambda path: gradient(60, 40).save(
        path, "WEBP", save_all=True, append_images=[gradient(60, 40).rotate(180)], lossless=True
    ),
    "TIFF": lambda path: gradient(60, 40).save(path, "TIFF"),
}


@pytest.mark.parametrize("kind", sorted(CONVERTED))
def test_what_browsers_show_differently_is_converted_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "source.img"
    CONVERTED[kind](path)
    before = path.read_bytes()
    shown = display_image(path, tmp_path / "cache")
    assert shown.path == tmp_path / "cache" / f"{source_hash(path)}{shown.path.suffix}"
    assert decode(shown.path).pixels.shape == decode(path).pixels.shape == (shown.height, shown.width, 3)
    difference = decode(shown.path).pixels.astype(int) - decode(path).pixels
    assert np.abs(difference).mean() < (3 if shown.media_type == "image/jpeg" else 0.01)
    shown.path.write_bytes(b"kept")
    assert display_image(path, tmp_path / "cache").path.read_bytes() == b"kept"
    assert path.read_bytes() == before


@pytest.mark.parametrize("path", sorted(ODD.rglob("*.*")), ids=lambda path: path.name)
def test_every_odd_picture_is_displayed_with_the_size_the_model_sees(tmp_path: Path, path: Path) -> None:
    try:
        decoded = decode(path)
    except ImageProblem:
        with pytest.raises(ImageProblem):
            thumbnail(path, tmp_path, "x")
        assert list(tmp_path.iterdir()) == []
        return
    shown = display_image(path, tmp_path)
    assert probe(shown.path).format in {"JPEG", "PNG", "WEBP"}
    assert (shown.height, shown.width) == decoded.pixels.shape[:2]
    assert decode(shown.path).pixels.shape == decoded.pixels.shape
    with Image.open(thumbnail(path, tmp_path, source_hash(path))) as small:
        assert small.format == "JPEG"
        assert max(small.size) <= 192


@pytest.mark.parametrize("value", [1, 6])
def test_a_huge_photo_is_displayed_scaled_and_in_full_on_request(tmp_path: Path, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    path = tmp_path / "huge.jpg"
    gradient(8_193, 1_001).save(path, exif=exif, quality=80)
    info = probe(path)
    shown = display_image(path, tmp_path / "cache")
    assert max(shown.width, shown.height) == DISPLAY_LONGEST
    assert (shown.width, shown.height) == display_size(width=info.width, height=info.height)
    assert (probe(shown.path).width, probe(shown.path).height) == (shown.width, shown.height)
    whole, small = decode(path).pixels.astype(int), decode(shown.path).pixels.astype(int)
    # Corners and centre show the same place: nothing is cut off or shifted.
    for down, across in [(0, 0), (0, 1), (1, 0), (1, 1), (0.5, 0.5)]:
        one = whole[int(down * (info.height - 1)), int(across * (info.width - 1))]
        other = small[int(down * (shown.height - 1)), int(across * (shown.width - 1))]
        assert np.abs(one - other).max() < 12
    full = display_image(path, tmp_path / "cache", full=True)
    assert (
        (full.width, full.height)
        == (info.width, info.height)
        == display_size(width=info.width, height=info.height, full=True)
    )


def test_a_wide_gamut_profile_reaches_the_browser(tmp_path: Path) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    gradient(60, 40).save(tmp_path / "a.jpg", icc_profile=profile)
    assert display_image(tmp_path / "a.jpg", tmp_path / "cache").path == tmp_path / "a.jpg"
    gradient(60, 40).save(tmp_path / "a.tif", icc_profile=profile)
    with Image.open(display_image(tmp_path / "a.tif", tmp_path / "cache").path) as copy:
        assert copy.info["icc_profile"] == profile


def test_thumbnail_is_made_once_and_upright(tmp_path: Path) -> None:
    sizes = set()
    for number in range(1, 9):
        path = shared("exif_golden", f"camel_orient{number}.jpg")
        with Image.open(thumbnail(path, tmp_path, f"hash{number}")) as small:
            sizes.add(small.size)
    assert len(sizes) == 1
    assert max(next(iter(sizes))) == 192
    made = tmp_path / "hash1-192.jpg"
    made.write_bytes(b"kept")
    assert thumbnail(shared("exif_golden", "camel_orient1.jpg"), tmp_path, "hash1").read_bytes() == b"kept"


def test_a_cache_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def fail(stream: io.BufferedIOBase) -> None:
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageProblem, match="No space left"):
        write_whole(tmp_path / "x.jpg", fail)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(StorageProblem):
        write_whole(tmp_path / "file" / "x.jpg", lambda stream: stream.write(b""))


def test_the_same_bytes_have_the_same_identity(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").write_bytes(b"abc")
    assert source_hash(tmp_path / "a") == source_hash(tmp_path / "b")
    assert source_hash(tmp_path / "a").startswith("ba7816bf8f01cfea")
