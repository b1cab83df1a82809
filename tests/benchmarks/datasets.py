"""Importing and exporting 50,000 objects on 5,000 images, and the first sight of them in the gallery."""

from __future__ import annotations

import json
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from annotator.bench.figures import Figure
from tests.e2e.app import CHROMIUM_FLAGS, App, chromium

IMAGES = 5000
OBJECTS = 50_000
SIZE = (640, 480)


def measure(folder: Path, *, images: int = IMAGES, objects: int = OBJECTS) -> Iterator[Figure]:
    """Time and peak memory of each step in a process of its own; ratios to reading the same JSON alone."""
    photos, dataset = folder / "photos", folder / "dataset.json"
    _make(photos, dataset, images=images, objects=objects)
    about = f"{objects:,} objects on {images:,} images"
    plain = Figure("dataset_plain", f"json.loads of a COCO file with {about}", label="json.loads", values=[])
    plain.values.append(_apart(_read_json, dataset)[0])
    yield plain
    for name, title, work, arguments in (
        ("import", "Import", _import, (photos, dataset)),
        ("export_coco", "Export as COCO", _export, (photos, folder / "out", "coco")),
        ("export_yolo", "Export as YOLO", _export, (photos, folder / "out", "yolo")),
        ("version", "Keep as a version", _version, (photos,)),
    ):
        milliseconds, megabytes = _apart(work, *arguments)
        yield Figure(f"dataset_{name}", f"{title} of {about}", against=("dataset_plain",), values=[milliseconds])
        yield Figure(f"dataset_{name}_memory", f"{title}: peak memory", unit="MiB", values=[megabytes])
    yield _gallery(photos)


def _make(photos: Path, dataset: Path, *, images: int, objects: int) -> None:
    """Small pictures that differ, with polygons of 24 corners on them."""
    photos.mkdir(parents=True)
    generator = np.random.default_rng(5)
    for number in range(images):
        colour = tuple(int(value) for value in generator.integers(0, 255, 3))
        Image.new("RGB", SIZE, colour).save(photos / f"{number:05}.jpg", comment=str(number).encode())
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    annotations = []
    for key in range(1, objects + 1):
        radius = generator.uniform(8, 60)
        x, y = generator.uniform(radius, SIZE[0] - radius), generator.uniform(radius, SIZE[1] - radius)
        reach = radius * generator.uniform(0.7, 1, angles.size)
        ring = np.stack([x + reach * np.cos(angles), y + reach * np.sin(angles)], axis=1).round(2)
        least, most = ring.min(axis=0), ring.max(axis=0)
        annotations.append(
            {
                "id": key,
                "image_id": key % images + 1,
                "category_id": key % 80 + 1,
                "segmentation": [ring.ravel().tolist()],
                "bbox": [*least.tolist(), *(most - least).tolist()],
                "area": float(np.pi * radius**2),
                "iscrowd": 0,
            }
        )
    rows = [
        {"id": number + 1, "file_name": f"{number:05}.jpg", "width": SIZE[0], "height": SIZE[1]}
        for number in range(images)
    ]
    categories = [{"id": number, "name": f"category {number}"} for number in range(1, 81)]
    dataset.write_text(json.dumps({"images": rows, "categories": categories, "annotations": annotations}))


def _apart(work: Callable[..., Any], *arguments: Any) -> tuple[float, float]:
    """Milliseconds and peak MiB of work in a fresh process, or of the largest one that it starts."""
    context = multiprocessing.get_context("spawn")
    queue: Any = context.Queue()
    process = context.Process(target=_timed, args=(queue, work, arguments))
    process.start()
    milliseconds, megabytes = queue.get()
    process.join()
    return milliseconds, megabytes


def _timed(queue: Any, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    started = time.perf_counter()
    work(*arguments)
    took = 1000 * (time.perf_counter() - started)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    queue.put((took, peak / 1024))


def _read_json(path: Path) -> None:
    json.loads(path.read_text())


def _import(photos: Path, dataset: Path) -> None:
    from annotator.config import Settings
    from annotator.sessions.importing import import_folder

    import_folder(photos, Settings.load(author="bench"), dataset, progress=lambda done, total: None)


def _export(photos: Path, out: Path, format: str) -> None:
    from annotator.config import Settings
    from annotator.sessions.exporting import export_folder

    export_folder(photos, Settings.load(), format=format, out=out, options={}, progress=lambda done, total: None)


def _version(photos: Path) -> None:
    import annotator

    with annotator.open(photos) as project:
        project.create_version("bench")


def _gallery(photos: Path) -> Figure:
    """From the click on the Review tab to the first picture of an object."""
    app = App(photos, ["serve", str(photos)]).start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(app.url)
            page.wait_for_function("window.annotator && window.annotator.state().painted", timeout=120_000)
            page.wait_for_timeout(3000)
            started = time.perf_counter()
            page.get_by_role("tab", name="Review").click()
            page.wait_for_function("document.querySelector('.rev-tile img')?.naturalWidth > 0", timeout=60_000)
            seconds = time.perf_counter() - started
            browser.close()
    finally:
        app.stop()
    return Figure("gallery", "Gallery: first picture after opening the Review tab", values=[1000 * seconds])
