"""Encoding, in one process: the engine, the plain predictor, and Label Studio's order of steps."""

from __future__ import annotations

import numpy as np

from annotator.bench.context import LABEL_STUDIO, Context
from annotator.bench.figures import Act, Figure, alternate
from annotator.bench.plain import Plain, RGBArray
from annotator.engine import Engine, ImageSource
from annotator.engine.predictor import Predictor
from annotator.images.decode import decode


def source(key: str, pixels: RGBArray) -> ImageSource:
    """An image as the engine sees it."""
    height, width = pixels.shape[:2]
    return ImageSource(key=key, width=width, height=height, load=lambda: pixels)


def measure(context: Context, engine: Engine, predictor: Predictor) -> None:
    """Images to embeddings; what an embedding takes; set_image and predict on each click."""
    pictures = [decode(context.folder / name).pixels for name in context.stock.opened]
    rivals: list[tuple[Figure, Act]] = []
    if context.plain is not None and context.plan.with_raw:
        rivals.append(_raw(context, context.plain, pictures))
    ours = context.figure("engine.encode", "engine: encode an image", label="engine encode", against=("raw.encode",))
    engine.embed(source("warm-up", np.zeros((64, 64, 3), np.uint8)))
    rivals.append((ours, lambda number: engine.embed(source(f"encode-{number}", pictures[number]))))
    if context.plain is not None and context.plan.with_label_studio:
        rivals.append(_label_studio(context, context.plain))
    alternate(rivals, len(pictures), block=1)
    memory = context.figure("memory.ram", "memory of an embedding", unit="MiB")
    memory.values.append(predictor.encode(pictures[0]).nbytes / (1 << 20))


def _raw(context: Context, plain: Plain, pictures: list[RGBArray]) -> tuple[Figure, Act]:
    figure = context.figure("raw.encode", f"{plain.title}: encode an image", label=f"{plain.title}, encode")
    plain.set_image(pictures[0])
    return figure, lambda number: plain.set_image(pictures[number])


def _label_studio(context: Context, plain: Plain) -> tuple[Figure, Act]:
    """What its SAM 2 backend does for each click, without its HTTP: read the file, set_image, predict."""
    title = "Label Studio's order: read, encode and decode on each click"
    figure = context.figure(LABEL_STUDIO, title, label="Label Studio's order")

    def act(number: int) -> None:
        pixels = decode(context.folder / context.stock.opened[number]).pixels
        plain.set_image(pixels)
        plain.click(pixels.shape[1] / 2, pixels.shape[0] / 2)

    act(0)
    return figure, act
