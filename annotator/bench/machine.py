"""The machine and the software that a report's figures belong to, in words."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

import annotator
from annotator.engine import devices

PACKAGES = ("numpy", "onnxruntime", "openvino", "torch", "sam2", "transformers", "fastapi", "uvicorn", "gradio")


def machine() -> dict[str, Any]:
    """What computes here: `summary` in words, `system`, and the devices with their memory in bytes."""
    found = devices.describe()
    words = [f"{device.title} ({_gib(device.memory)})" for device in found if device.problem is None]
    if len(found) == 1:
        words.append("no GPU")
    return {
        "summary": "; ".join(words),
        "system": f"{platform.system()} {platform.machine()}",
        "devices": [
            {"name": device.name, "title": device.title, "memory": device.memory, "problem": device.problem}
            for device in found
        ],
    }


def versions() -> dict[str, str]:
    """Versions of annotator, Python and the libraries that are installed."""
    found = {"annotator": annotator.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _gib(size: int | None) -> str:
    return "memory unknown" if size is None else f"{size / (1 << 30):.0f} GiB"
