"""The engine and the API against onnxruntime called directly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from fastapi.testclient import TestClient
from PIL import Image

from annotator import demo
from annotator.api.app import create_app
from annotator.config import Settings
from annotator.domain.prompt import Point, Prompt
from annotator.images.decode import decode
from annotator.paths import checkpoints_folder
from annotator.sessions.service import Service
from tests.benchmarks.figures import Figure

ENCODES = 5
LARGE = (4000, 3000)


def raw_sessions() -> tuple[onnxruntime.InferenceSession, onnxruntime.InferenceSession]:
    """The same two model files, opened with onnxruntime's defaults."""
    folder = checkpoints_folder() / "mobile_sam"
    providers = ["CPUExecutionProvider"]
    return (
        onnxruntime.InferenceSession(folder / "encoder.onnx", providers=providers),
        onnxruntime.InferenceSession(folder / "decoder.onnx", providers=providers),
    )


def raw_inputs(embedding: np.ndarray, x: float, y: float) -> dict[str, Any]:
    """A decoder call for one foreground point in the 1024 frame."""
    return {
        "image_embeddings": embedding,
        "point_coords": np.array([[[x, y], [0, 0]]], np.float32),
        "point_labels": np.array([[1, -1]], np.float32),
        "mask_input": np.zeros((1, 1, 256, 256), np.float32),
        "has_mask_input": np.zeros(1, np.float32),
    }


def points(count: int, width: int, height: int) -> list[tuple[int, int]]:
    """Places all over an image, no two alike, the same in every run."""
    random = np.random.default_rng(0)
    return [(int(x), int(y)) for x, y in random.uniform((0.1, 0.1), (0.9, 0.9), (count, 2)) * (width, height)]


def measure(scratch: Path, *, clicks: int) -> list[Figure]:
    """All figures that need no browser."""
    demo.prepare(scratch)
    pixels = decode(scratch / "cheetah.jpg").pixels
    large = Image.fromarray(pixels).resize(LARGE, Image.Resampling.BICUBIC)
    large.save(scratch / "large.jpg", quality=90)
    service = Service.open(scratch, Settings.load())
    try:
        service.ensure_categories(["animal"])
        service.library.scan()
        return _measure(service, clicks)
    finally:
        service.close()


def _measure(service: Service, clicks: int) -> list[Figure]:
    listed = service.list_images(status=None, query=None, limit=100, cursor=None).items
    by_name = {image.name: image for image in listed}
    small, large = by_name["cheetah.jpg"], by_name["large.jpg"]
    encoder, decoder = raw_sessions()
    tensor = np.random.default_rng(0).normal(size=(1, 3, 1024, 1024)).astype(np.float32)
    name = encoder.get_inputs()[0].name
    embedding = encoder.run(None, {name: tensor})[0]
    service.embed(image_id=small.id)
    raw_encode, encode = (
        Figure("raw-encode", "onnxruntime: encoder alone"),
        Figure("encode", "engine: decode the photo, prepare, encode", "raw-encode"),
    )
    others = [image for image in listed if image.id not in (small.id, large.id)]
    for number in range(ENCODES):
        raw_encode.repeat(1, lambda _: encoder.run(None, {name: tensor}))
        if number < len(others):
            encode.repeat(1, lambda _, image=others[number]: service.embed(image_id=image.id))
    first = Figure("first-12mp", "first mask on a new 12-megapixel photo (engine)", "raw-encode")
    first.repeat(1, lambda _: service.predict(image_id=large.id, prompt=Prompt(points=(Point(2000, 1500),))))
    raw_decode = Figure("raw-decode", "onnxruntime: decoder alone")
    decode_figure = Figure("decode", "engine: point to full-size mask, 502×343", "raw-decode")
    decode_large = Figure("decode-12mp", "engine: point to full-size mask, 12 megapixels", "raw-decode")
    api = Figure("api", "API: POST predict, 502×343", "raw-decode")
    with TestClient(create_app(service), base_url="http://127.0.0.1:7860") as client:
        url = f"/api/v1/images/{small.id}/predict"
        for x, y in points(clicks, 1, 1) and points(clicks, small.width, small.height):
            raw_decode.repeat(1, lambda _, x=x, y=y: decoder.run(None, raw_inputs(embedding, x * 2.0, y * 2.0)))
            decode_figure.repeat(
                1, lambda _, x=x, y=y: service.predict(image_id=small.id, prompt=Prompt(points=(Point(x, y),)))
            )
            api.repeat(1, lambda _, x=x, y=y: client.post(url, json={"points": [[x + 0.5, y + 0.5, 1]]}))
        for x, y in points(clicks, large.width, large.height):
            decode_large.repeat(
                1, lambda _, x=x, y=y: service.predict(image_id=large.id, prompt=Prompt(points=(Point(x, y),)))
            )
    return [raw_encode, encode, first, raw_decode, decode_figure, decode_large, api]
