"""YOLO datasets: `data.yaml` and a text file with an object per line for each image.

Format: https://docs.ultralytics.com/datasets/segment/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from annotator.errors import InvalidInput
from annotator.importers import files, records
from annotator.importers.named import (
    Box,
    Given,
    ImageSizes,
    ImportAnnotation,
    ImportCategory,
    ImportDataset,
    Imported,
    ImportImage,
    Problem,
    Progress,
)

SETTINGS = ("data.yaml", "dataset.yaml", "data.yml", "dataset.yml")
NAMES = "classes.txt"
LABELS = "labels"


@dataclass(frozen=True, slots=True)
class YoloImporter:
    """Reads a folder with `data.yaml` (or `classes.txt`) and folders `labels`, or the YAML file itself.

    Category numbers are YOLO's and start at 0. The line an object was written as is kept in `given.fields["line"]`.
    """

    name: str = "yolo"
    title: str = "YOLO segmentation or detection (data.yaml and labels)"

    def recognises(self, path: Path) -> bool:
        """See `NamedImporter.recognises`."""
        try:
            names = _names(path)
        except InvalidInput:
            return False
        return bool(names) and any(True for _ in _label_files(_root(path)))

    def read(
        self, path: Path, *, images: ImageSizes, progress: Progress, companion: Path | None = None
    ) -> Iterator[Imported]:
        """See `NamedImporter.read`; lines are boxes or polygons, each with a confidence behind it or without."""
        root = _root(path)
        names = _names(path)
        labels = list(_label_files(root))
        if not labels:
            raise InvalidInput(f"{root} has no text file in a folder “{LABELS}”: it is no YOLO dataset.", field="path")
        settings = _settings(path)
        if settings is not None:
            extra = {key: value for key, value in files.read_yaml(settings).items() if key in ("path", "train", "val")}
            yield ImportDataset({key: value for key, value in extra.items() if isinstance(value, str)})
        categories: dict[int, str] = {}
        for number, given in names:
            yield from _category(number, given, categories)
        seen: set[str] = set()
        for done, file in enumerate(labels, 1):
            yield from _file(root, file, images, categories, seen)
            progress(done, len(labels))


def _file(root: Path, file: str, images: ImageSizes, categories: dict[int, str], seen: set[str]) -> Iterator[Imported]:
    try:
        name, width, height = files.image_of(root, _image_stem(file), images)
        if name in seen:
            raise InvalidInput(f"The image {records.shown(name)} has another file of labels already.")
        text = files.read_text(root / file)
    except InvalidInput as error:
        yield Problem(file, error.message)
        return
    seen.add(name)
    yield ImportImage(name, width, height)
    for index, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        where = f"{file}:{index}"
        try:
            yield _object(line, name, categories, where, width=width, height=height)
        except InvalidInput as error:
            yield Problem(where, error.message)


def _object(
    line: str, image: str, categories: dict[int, str], where: str, *, width: int, height: int
) -> ImportAnnotation:
    try:
        number, *values = (float(word) for word in line.split())
    except ValueError:
        raise InvalidInput(f"The line {records.shown(line)} holds something that is no number.") from None
    if not all(records.real(value) for value in (number, *values)):
        raise InvalidInput(f"The line {records.shown(line)} holds something that is no finite number.")
    if number not in categories:
        raise InvalidInput(f"The category is {number:g}, which the dataset gives no name.")
    # An odd value behind the pairs is what a model's confidence is written as.
    score = values.pop() if len(values) % 2 and len(values) >= 5 else None
    given = Given({"line": line})
    category = categories[int(number)]
    if len(values) == 4:
        box = _box(values, width=width, height=height)
        return ImportAnnotation(image, category, None, where, box=box, score=score, given=given)
    if len(values) < 6:
        raise InvalidInput(f"{len(values)} numbers are neither a box (4) nor a polygon (6, 8, 10, …).")
    polygon = [value * (height if place % 2 else width) for place, value in enumerate(values)]
    mask = records.drawn([polygon], height=height, width=width)
    return ImportAnnotation(image, category, mask, where, score=score, given=given)


def _box(values: list[float], *, width: int, height: int) -> Box:
    x, y, w, h = values
    x0, x1, y0, y1 = (x - w / 2) * width, (x + w / 2) * width, (y - h / 2) * height, (y + h / 2) * height
    return records.box_inside(x0, y0, x1, y1, height=height, width=width)


def _category(number: object, given: object, categories: dict[int, str]) -> Iterator[Imported]:
    where = f"names[{number}]"
    try:
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= records.MAX_NUMBER:
            raise InvalidInput(f"The category's number is {records.shown(number)}; it must be 0 or more.")
        wanted = records.category_name(given)
    except InvalidInput as error:
        yield Problem(where, error.message)
        return
    name = records.unique(wanted, categories.values())
    if name != wanted:
        yield Problem(where, f"Two categories are called {wanted}; this one is imported as {name}.", dropped=False)
    categories[number] = name
    yield ImportCategory(name, number=number, given=Given({} if name == given else {"name": given}))


def _names(path: Path) -> list[tuple[object, object]]:
    settings = _settings(path)
    if settings is not None:
        return list(files.numbered_names(files.read_yaml(settings).get("names")))
    if path.is_dir() and (path / NAMES).is_file():
        return list(enumerate(files.read_text(path / NAMES, files.MAX_YAML).split("\n")[: 1 << 16]))
    raise InvalidInput(f"{path} has neither data.yaml nor {NAMES}: it is no YOLO dataset.", field="path")


def _settings(path: Path) -> Path | None:
    if path.is_dir():
        return next((path / name for name in SETTINGS if (path / name).is_file()), None)
    return path if path.suffix.lower() in (".yaml", ".yml") and path.is_file() else None


def _root(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _label_files(root: Path) -> Iterator[str]:
    for name in files.listed(root, ".txt"):
        if LABELS in PurePosixPath(name).parts[:-1]:
            yield name


def _image_stem(file: str) -> str:
    """`labels/train/a.txt` is about `images/train/a`: the last folder of that name is replaced."""
    parts = list(PurePosixPath(file).with_suffix("").parts)
    last = max(place for place, part in enumerate(parts[:-1]) if part == LABELS)
    parts[last] = "images"
    return "/".join(parts)
