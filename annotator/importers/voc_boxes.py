"""Pascal VOC's XML files: the boxes of an image.

Format: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf, section 3
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree as xml

from annotator.errors import InvalidInput
from annotator.importers import files, records
from annotator.importers.named import (
    Box,
    ImageSizes,
    ImportAnnotation,
    ImportCategory,
    Imported,
    ImportImage,
    Problem,
    Progress,
    each_file,
)

FOLDER = "Annotations"
_KNOWN = ("name", "bndbox")


@dataclass(frozen=True, slots=True)
class VocBoxImporter:
    """Reads a folder of XML files, or a VOC folder with `Annotations` but without label maps.

    VOC counts pixels from 1 and a box's last pixel is inside: 1 to 10 becomes 0 to 10.
    """

    name: str = "voc_boxes"
    title: str = "Pascal VOC boxes (XML)"

    def recognises(self, path: Path) -> bool:
        """See `NamedImporter.recognises`."""
        root, names = _files(path)
        if not names:
            return False
        try:
            return _parsed(root / names[0]).find("object") is not None
        except InvalidInput:
            return False

    def read(
        self, path: Path, *, images: ImageSizes, progress: Progress, companion: Path | None = None
    ) -> Iterator[Imported]:
        """See `NamedImporter.read`."""
        root, names = _files(path)
        if not names:
            raise InvalidInput(f"{path} has no XML file: there are no boxes of VOC in it.", field="path")
        reader = _Reader(root, images)
        yield from each_file(names, reader.read, progress)


@dataclass(slots=True)
class _Reader:
    root: Path
    images: ImageSizes
    _seen: set[str] = field(default_factory=set)
    _categories: set[str] = field(default_factory=set)

    def read(self, file: str) -> Iterator[Imported]:
        """What a file adds."""
        content = _parsed(self.root / file)
        given = records.image_name(content.findtext("filename"))
        # The file may lie in a folder beside the images', of which `filename` says nothing.
        name = files.known_as((PurePosixPath(file).parent / given).as_posix(), self.images)
        if name in self._seen:
            raise InvalidInput(f"The image {records.shown(name)} has another file already.")
        sides = (_number(content.findtext(f"size/{side}")) for side in ("width", "height"))
        # Some programs write 0 for what they don't know.
        across, down = (int(side) if side else None for side in sides)
        width, height = records.image_size(name, across, down, self.images)
        self._seen.add(name)
        yield ImportImage(name, width, height)
        for index, item in enumerate(content.iterfind("object")):
            where = f"{file}: object[{index}]"
            try:
                category = records.category_name(item.findtext("name"))
                box = _box(item, width=width, height=height)
            except InvalidInput as error:
                yield Problem(where, error.message)
                continue
            if category not in self._categories:
                self._categories.add(category)
                yield ImportCategory(category)
            yield ImportAnnotation(name, category, None, where, box=box, extra=_rest(item))


def _files(path: Path) -> tuple[Path, list[str]]:
    if path.is_dir():
        root = path / FOLDER if (path / FOLDER).is_dir() else path
        return root, files.listed(root, ".xml")
    return path.parent, [path.name] if path.suffix.lower() == ".xml" and path.is_file() else []


def _parsed(path: Path) -> xml.Element:
    text = files.read_text(path, files.MAX_XML)
    # Entities can grow exponentially or name other files; VOC has neither them nor a document type.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InvalidInput(f"{path.name} declares a document type; VOC's files have none, and it is not read.")
    try:
        root = xml.fromstring(text)
    except (xml.ParseError, ValueError, RecursionError):  # ValueError: it names an encoding Python lacks
        raise InvalidInput(f"{path.name} is no valid XML.") from None
    if root.tag != "annotation":
        raise InvalidInput(f"{path.name} holds <{root.tag:.40}> and no <annotation>.")
    return root


def _box(item: xml.Element, *, width: int, height: int) -> Box:
    values = [_number(item.findtext(f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax")]
    known = [value for value in values if value is not None]
    if len(known) < 4:
        raise InvalidInput("Its bndbox lacks one of xmin, ymin, xmax, ymax, or one is no number.")
    x0, y0, x1, y1 = known
    return records.box_inside(x0 - 1, y0 - 1, x1, y1, height=height, width=width)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if records.real(value) else None


def _rest(item: xml.Element) -> dict[str, Any]:
    """Texts such as pose, truncated and difficult."""
    return {child.tag: child.text for child in item if child.tag not in _KNOWN and child.text and not len(child)}
