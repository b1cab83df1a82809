"""Resizing pictures to the size that an encoder takes."""

from __future__ import annotations

import cv2
import numpy as np

from annotator.engine.predictor import RGBArray


def resize(image: RGBArray, *, height: int, width: int) -> RGBArray:
    """Resize an (H, W, 3) image to (height, width, 3): averaging where it shrinks, bilinear where it grows.

    SAM and SAM 2 were trained on antialiased bilinear resizing; plain bilinear sampling of a large photo aliases. The
    two axes are looked at one by one: a thin image can shrink along one and grow along the other.
    """
    rows, columns = image.shape[:2]
    shrunk = min(rows, height), min(columns, width)
    result = np.ascontiguousarray(image)
    if shrunk != (rows, columns):
        result = cv2.resize(result, shrunk[::-1], interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    if shrunk != (height, width):
        result = cv2.resize(result, (width, height), interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    return result
