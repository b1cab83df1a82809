"""Any file in, pixels or a reason out."""

from __future__ import annotations

import csv
import io
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from annotator.errors import ImageProblem
from annotator.images import opening
from annotator.images.convert import window
from annotator.images.decode import decode, probe, scaled
from tests.paths import DATA, shared

ODD = DATA / "odd_images"
CAMEL = [f"camel_orient{number}.jpg" for number in range(1, 9)]

# Files that must fail, with a word of the reason; everything else in `broken` and `bomb` must be shown.
UNUSABLE = {
    "broken.png": "damaged",
    "broken_data_stream.png": "damaged",
    "truncated_image.png": "truncated",
    "truncated_jpeg.jpg": "truncated",
    "truncated_end_chunk.png": "truncated",
    "pngtest_bad.png.bin": "not a picture",
    "seek_too_large.tif": "damaged",
    "crash-338516dbd2f0e83caddb8ce256c22db3bd6dc40f.tif": "damaged",
    "crash-2020-10-test.tif": "damaged",
    "oom-225817ca0f8c663be7ab4b9e717b02c661e66834.tif": "damaged",
    "badwidth.bmp": "megapixels",
    "badbitcount.bmp": "damaged",
    "invalid_header_length.jp2": "damaged",
    "decompression_bomb.gif": "megapixels",
    "decompression_bomb.ico": "megapixels",
    "png_decompression_dos.png": "damaged",
}
# Pillow's releases differ over these: shown or refused, both are fine.
EITHER = {"broken_data_stream.png", "truncated_end_chunk.png", "badbitcount.bmp", "seek_too_large.tif"}


def odd_rows() -> list[dict[str, str]]:
    if not ODD.exists():
        return []
    with (ODD / "index.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def outcome(read: Callable[[Path], Any], path: Path) -> tuple[Any, str | None]:
    """What reading gives: a result or the reason against it. Anything else that is raised fails the test."""
    try:
        return read(path), None
    except ImageProblem as problem:
        return None, problem.message


@pytest.mark.parametrize("row", odd_rows(), ids=lambda row: row["file"])
def test_every_odd_file_is_shown_or_refused_with_its_reason(row: dict[str, str]) -> None:
    path = ODD / row["group"] / row["file"]
    expected = UNUSABLE.get(row["file"])
    decoded, reason = outcome(decode, path)
    if reason is not None:
        assert expected is not None, f"{row['file']} must be shown: {reason}"
        assert row["file"] in reason
        assert re.search(expected, reason)
        assert reason.endswith(".")
        assert str(ODD) not in reason
        return
    assert expected is None or row["file"] in EITHER
    info = probe(path)
    assert decoded.pixels.shape == (info.height, info.width, 3)
    assert decoded.pixels.dtype == np.uint8
    assert decoded.pixels.flags.c_contiguous
    assert decoded.note == info.note
    frames = int(row["frames"])
    assert (frames > 1) == bool(decoded.note and f"of {frames} " in decoded.note)


def test_the_odd_files_are_all_there() -> None:
    assert shared("odd_images").exists()
    assert len(odd_rows()) == 91


@pytest.mark.parametrize("name", CAMEL)
def test_eight_orientations_display_alike(name: str) -> None:
    upright = decode(shared("exif_golden", CAMEL[0])).pixels.astype(int)
    turned = decode(shared("exif_golden", name)).pixels.astype(int)
    info = probe(shared("exif_golden", name))
    assert turned.shape == upright.shape == (info.height, info.width, 3)
    assert np.abs(turned - upright).mean() < 3


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif"])
def test_orientation_is_applied_once_in_every_format(tmp_path: Path, suffix: str, value: int) -> None:
    # Four corners of different brightness tell the eight orientations apart.
    corners = Image.fromarray(np.array([[0, 80], [170, 255]], np.uint8).repeat(24, 0).repeat(32, 1)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = value
    path = tmp_path / f"corners.{suffix}"
    corners.save(path, exif=exif)
    expected = {
        1: (0, 80, 170, 255),
        2: (80, 0, 255, 170),
        3: (255, 170, 80, 0),
        4: (170, 255, 0, 80),
        5: (0, 170, 80, 255),
        6: (170, 0, 255, 80),
        7: (255, 80, 170, 0),
        8: (80, 255, 0, 170),
    }[value]
    pixels = decode(path).pixels
    seen = pixels[[4, 4, -5, -5], [4, -5, 4, -5], 0].astype(int)
    assert np.abs(seen - expected).max() < 20
    assert pixels.shape[:2] == ((64, 48) if value >= 5 else (48, 64))
    info = probe(path)
    assert (info.height, info.width) == pixels.shape[:2]
    small = scaled(path, 16).pixels
    assert small.shape[:2] == ((16, 12) if value >= 5 else (12, 16))
    assert np.abs(small[[1, 1, -2, -2], [1, -2, 1, -2], 0].astype(int) - expected).max() < 30


@pytest.mark.parametrize("name", ["003cee89357d", "0280fa8f60f6", "00071198d059"])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_twelve_bits_in_sixteen_are_windowed(name: str, suffix: str) -> None:
    decoded = decode(shared("derived16", f"{name}_12in16.{suffix}"))
    assert "0.1 and 99.9 percentiles" in (decoded.note or "")
    assert decoded.pixels.min() == 0
    assert decoded.pixels.max() == 255
    assert (decoded.pixels == 255).mean() < 0.01
    assert len(np.unique(decoded.pixels)) > 50


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_windowing_survives_any_values(dtype: type) -> None:
    assert (window(np.zeros((4, 5), dtype)) == 0).all()
    assert (window(np.full((4, 5), 700, dtype)) == 128).all()
    ramp = window(np.arange(1000, 2000, dtype=dtype).reshape(25, 40))
    assert (ramp[0, 0], ramp[-1, -1]) == (0, 255)
    assert (np.diff(ramp.ravel().astype(int)) >= 0).all()
    lonely = np.zeros((100, 100), dtype)
    lonely[3, 4] = 900
    assert window(lonely)[3, 4] == 255


def test_floats_that_are_no_numbers_are_black() -> None:
    values = np.linspace(-5, 5, 400, dtype=np.float32).reshape(20, 20)
    values[0, :2] = np.nan, -np.inf
    values[1, 1] = np.inf
    shown = window(values)
    assert (shown[0, :2] == 0).all()
    assert shown[1, 1] == 255
    assert (window(np.full((3, 3), np.nan, np.float32)) == 0).all()


def test_transparency_is_shown_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (6, 4), (200, 0, 0, 0)).save(tmp_path / "clear.png")
    decoded = decode(tmp_path / "clear.png")
    assert (decoded.pixels == 255).all()
    assert decoded.note == "transparency shown on white"


def test_lab_is_converted(tmp_path: Path) -> None:
    Image.merge("LAB", [Image.new("L", (8, 8), value) for value in (255, 128, 128)]).save(tmp_path / "lab.tif")
    assert decode(tmp_path / "lab.tif").pixels.min() > 240


def test_orientation_behind_the_pixels_of_a_png_counts(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    Image.new("RGB", (30, 20)).save(stream, "PNG", exif=exif)
    data = stream.getvalue()
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    tail = data.index(b"IEND") - 4
    path = tmp_path / "late.png"
    path.write_bytes(data[:start] + data[end:tail] + data[start:end] + data[tail:])
    assert (probe(path).width, probe(path).height) == (20, 30)
    assert decode(path).pixels.shape == (30, 20, 3)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (bytes(1000), "not a picture"),
        (b"Dear diary", "not a picture"),
        (b"\x89PNG\r\n\x1a\n", "begins like a PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not run"),
    ],
)
def test_a_file_that_is_no_picture_says_what_it_is(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "holiday photo é.png"
    path.write_bytes(content)
    for read in (decode, probe):
        with pytest.raises(ImageProblem, match=reason) as caught:
            read(path)
        assert "holiday photo é.png" in caught.value.message
        assert str(tmp_path) not in caught.value.message


def test_missing_folder_pipe_and_forbidden_are_reasons(tmp_path: Path) -> None:
    with pytest.raises(ImageProblem, match="does not exist"):
        decode(tmp_path / "gone.png")
    with pytest.raises(ImageProblem, match="folder"):
        decode(tmp_path)
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageProblem, match="regular file"):
        decode(tmp_path / "pipe.png")


def test_reading_without_permission_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.png"
    Image.new("L", (2, 2)).save(path)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageProblem, match="not permitted"):
        decode(path)


def test_a_picture_over_the_limit_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "vast.png"
    Image.new("1", (20_001, 5_000)).save(path)
    for read in (probe, decode):
        with pytest.raises(ImageProblem, match=r"20001×5000 = 100 megapixels, the limit is 100"):
            read(path)


def test_a_hundred_megapixels_are_decoded(tmp_path: Path) -> None:
    path = tmp_path / "vast.png"
    image = Image.new("L", (12_500, 8_000))
    image.putpixel((12_499, 7_999), 255)
    image.save(path, compress_level=1)
    decoded = decode(path)
    assert decoded.pixels.shape == (8_000, 12_500, 3)
    assert decoded.pixels[-1, -1].tolist() == [255, 255, 255]


def test_reading_leaves_no_file_open_and_no_warning(tmp_path: Path) -> None:
    fds = Path("/proc/self/fd")
    if not fds.exists():
        pytest.skip("open files can only be counted through /proc")
    before = len(list(fds.iterdir()))
    for path in sorted(shared("odd_images").rglob("*.*")):
        for read in (probe, decode):
            outcome(read, path)
    assert len(list(fds.iterdir())) == before


def test_warnings_stay_quiet_in_threads_that_decode_at_once() -> None:
    path = shared("odd_images", "broken", "hopper_bad_exif.jpg")
    failures: list[Exception] = []

    def read() -> None:
        try:
            for _ in range(5):
                decode(path)
        except Exception as error:
            failures.append(error)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        threads = [Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures
    assert not caught


def small_files() -> dict[str, bytes]:
    """One small good file of each common format."""
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 32, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    files = {}
    for name in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "JPEG2000", "TGA", "ICO", "PPM", "PCX", "DDS"):
        stream = io.BytesIO()
        picture.save(stream, name, **({"exif": exif} if name in ("PNG", "JPEG", "WEBP", "TIFF") else {}))
        files[name] = stream.getvalue()
    stream = io.BytesIO()
    frames = [picture.convert("P"), picture.transpose(Image.Transpose.ROTATE_180).convert("P")]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    files["animation"] = stream.getvalue()
    stream = io.BytesIO()
    Image.fromarray(np.arange(768, dtype=np.uint16).reshape(24, 32)).save(stream, "TIFF", compression="tiff_lzw")
    files["deep"] = stream.getvalue()
    return files


GOOD = small_files()
edits = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=6)), max_size=5)


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(sorted(GOOD)), edits=edits, keep=st.one_of(st.just(1.0), st.floats(0, 1)))
def test_whatever_the_bytes_there_are_pixels_or_a_reason(
    tmp_path: Path, kind: str, edits: list[tuple[float, bytes]], keep: float
) -> None:
    data = bytearray(GOOD[kind])
    for place, patch in edits:
        # Twice as often in the header, where formats keep what matters.
        at = int(place * (len(data) if len(patch) % 2 else min(len(data), 120)))
        data[at : at + len(patch)] = patch
    path = tmp_path / "mutated.bin"
    path.write_bytes(data[: int(keep * len(data))])
    for read in (probe, decode, lambda path: scaled(path, 16)):
        result, reason = outcome(read, path)
        assert reason is None or reason.endswith(".")
        if not edits and keep == 1.0:
            assert result is not None


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400))
def test_noise_is_pixels_or_a_reason(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "noise"
    path.write_bytes(data)
    for read in (probe, decode):
        _, reason = outcome(read, path)
        assert reason is None or "noise" in reason


def test_the_good_files_of_the_property_test_are_good(tmp_path: Path) -> None:
    for kind, data in GOOD.items():
        path = tmp_path / kind
        path.write_bytes(data)
        assert probe(path).width == decode(path).pixels.shape[1]


def test_ghostscript_is_never_a_reader() -> None:
    assert "EPS" not in opening.formats()
    assert ".eps" not in opening.suffixes()
    assert {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".avif"} <= opening.suffixes()
