"""Folders of a stranger's dataset: what belongs to it, and which image of the project a file is about."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from annotator.domain.project import natural_key
from annotator.errors import ImageProblem, InvalidInput
from annotator.images.decode import probe
from annotator.importers.named import ImageSizes
from annotator.importers.records import image_name, shown

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".JPG", ".JPEG", ".PNG", ".TIF", ".TIFF")
"""Endings that are tried for the image of a file named like it, the most common first."""
MAX_TEXT = 64 << 20
MAX_YAML = 1 << 20
MAX_XML = 8 << 20


def listed(root: Path, *suffixes: str) -> list[str]:
    """Relative paths, with forward slashes, of the files with one of these endings, in natural order.

    Hidden files, and links that lead out of the folder, are left out.
    """
    top = Path(os.path.realpath(root))
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(folder, name)
            if name.startswith(".") or path.suffix.lower() not in suffixes:
                continue
            if not path.is_symlink() or Path(os.path.realpath(path)).is_relative_to(top):
                found.append(path.relative_to(root).as_posix())
    return sorted(found, key=natural_key)


def json_files(path: Path) -> tuple[Path, list[str]]:
    """A folder and the JSON files in it, or a JSON file's folder and its name alone; no name where there is none."""
    if path.is_dir():
        return path, listed(path, ".json")
    return path.parent, [path.name] if path.suffix.lower() == ".json" and path.is_file() else []


def read_text(path: Path, limit: int = MAX_TEXT) -> str:
    """A text file in UTF-8.

    Raises:
        InvalidInput: it can't be read, is no UTF-8 or is longer than the limit in bytes.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            raise InvalidInput(f"{path.name} is longer than {limit >> 20} MiB; that is no such file.")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{path.name} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path.name} is not written in UTF-8.") from None


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file that holds an object; nothing in it is run.

    Raises:
        InvalidInput: it can't be read, or is something else.
    """
    text = read_text(path, MAX_YAML)
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):  # a date such as 2023-99-99 is a ValueError
        raise InvalidInput(f"{path.name} is no valid YAML.", field="path") from None
    if not isinstance(value, dict):
        raise InvalidInput(f"{path.name} holds no object with names and values.", field="path")
    return value


def image_of(root: Path, stem: str, images: ImageSizes, *, on_disk: bool = True) -> tuple[str, int, int]:
    """(name, width, height) of the image that a file without ending (`images/train/a`) is about.

    The project may have been made from the dataset's folder, from its folder of images, or from the files alone, so
    shorter and shorter paths are looked for. An image the project lacks is taken from the dataset's folder.

    Raises:
        InvalidInput: there is no such image.
    """
    parts = PurePosixPath(image_name(stem)).parts
    for start in range(len(parts)):
        for suffix in SUFFIXES:
            name = "/".join(parts[start:]) + suffix
            known = images(name)
            if known is not None:
                return name, *known
    for suffix in SUFFIXES if on_disk else ():
        path = root / (stem + suffix)
        if path.is_file():
            try:
                info = probe(path)
            except ImageProblem as error:
                raise InvalidInput(f"The image {shown(stem + suffix)} can't be read: {error.message}") from None
            return stem + suffix, info.width, info.height
    raise InvalidInput(f"Neither the project nor the dataset has an image {shown(parts[-1])} with any usual ending.")


def known_as(name: str, images: ImageSizes) -> str:
    """The name, or the longest end of its path, that an image of the project has; the name itself if none does."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    ends = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((end for end in ends if images(end) is not None), name)


def numbered_names(value: Any) -> Iterator[tuple[Any, Any]]:
    """(number, name) of names given as a list or as an object by number."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)
