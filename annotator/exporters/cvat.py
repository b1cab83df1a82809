"""CVAT: a zip of "CVAT for images 1.1" with every object as a mask, to import into a task or project.

Format: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
"""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt

from annotator.domain.mask import BoolArray, Mask
from annotator.errors import ExportFailed, InvalidInput
from annotator.exporters.base import ExportAnnotation, ExportImage
from annotator.exporters.common import FolderExporter, Item, Work

FILE_NAME = "cvat.zip"
_XML = "annotations.xml"
Objects = dict[str, tuple[ExportImage, tuple[ExportAnnotation, ...]]]


def _write(work: Work) -> None:
    xml = work.path(_XML)
    written: Objects = {}
    with xml.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n')
        _write_meta(work, stream)
        for item in work.items():
            name = work.picture(item, *(part for part in ("images", item.split) if part)).partition("/")[2]
            _write_image(work, item, name, stream)
            written[str(item.image.number)] = (item.image, item.annotations)
        stream.write("</annotations>\n")
    _check(work, xml, written)
    images = work.folder / "images"
    with zipfile.ZipFile(work.path(FILE_NAME), "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, xml, _XML, zipfile.ZIP_DEFLATED)
        for path in sorted(images.rglob("*")) if images.is_dir() else []:
            if path.is_file():
                # Pictures are compressed already.
                _add(archive, path, path.relative_to(work.folder).as_posix(), zipfile.ZIP_STORED)
    xml.unlink()
    shutil.rmtree(images, ignore_errors=True)
    if work.values["pictures"] == "none":
        work.warn("Without pictures the zip is for a task that has them, under the same names.")


def _add(archive: zipfile.ZipFile, path: Path, name: str, compression: int) -> None:
    """Add a file without the time at which it was written: the same objects are to give the same bytes."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = compression
    entry.external_attr = 0o644 << 16
    with path.open("rb") as stream, archive.open(entry, "w", force_zip64=True) as target:
        shutil.copyfileobj(stream, target, 1 << 20)


def _write_meta(work: Work, stream: IO[str]) -> None:
    stream.write(f"  <meta>\n    <task>\n      <name>{escape(work.source.project_name)}</name>\n")
    stream.write("      <mode>annotation</mode>\n      <labels>\n")
    for row in work.categories:
        colour = f"<color>{escape(row.colour)}</color>" if row.colour else ""
        stream.write(f"        <label><name>{escape(row.name)}</name>{colour}<type>mask</type>")
        stream.write("<attributes></attributes></label>\n")
    stream.write("      </labels>\n    </task>\n  </meta>\n")


def _write_image(work: Work, item: Item, name: str, stream: IO[str]) -> None:
    image = item.image
    subset = f" subset={quoteattr(item.split)}" if item.split else ""
    stream.write(
        f'  <image id="{image.number}" name={quoteattr(name)}{subset} width="{image.width}" height="{image.height}">\n'
    )
    for order, row in enumerate(item.annotations):
        x, y, width, height = row.mask.bbox
        label = quoteattr(work.categories[work.numbers[row.category_id] - 1].name)
        counts = ", ".join(map(str, row_runs(row.mask.to_array()[y : y + height, x : x + width])))
        stream.write(
            f'    <mask label={label} source="manual" occluded="0" rle="{counts}" left="{x}" top="{y}"'
            f' width="{width}" height="{height}" z_order="{order}"></mask>\n'
        )
    stream.write("  </image>\n")


def row_runs(inside: BoolArray) -> list[int]:
    """Lengths of background and foreground by turns, row by row, starting with background."""
    flat = np.concatenate([[False], inside.ravel()])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    runs: list[int] = np.diff(edges, prepend=0, append=inside.size).tolist()
    return runs


def _check(work: Work, xml: Path, written: Objects) -> None:
    """Read the file back, image by image, and compare every mask."""
    images = 0
    for element in _images(xml):
        images += 1
        image, rows = written[element.attrib["id"]]
        for row, found in zip(rows, element.findall("mask"), strict=True):
            width, height = int(found.attrib["width"]), int(found.attrib["height"])
            runs: npt.NDArray[np.int64] = np.array(found.attrib["rle"].split(","), np.int64)
            inside = np.repeat(np.arange(len(runs)) % 2, runs).reshape(height, width)
            left, top = int(found.attrib["left"]), int(found.attrib["top"])
            mask = Mask.from_crop(inside, x=left, y=top, height=image.height, width=image.width)
            work.require_equal(row, image, mask)
    if images != len(written):
        raise ExportFailed(f"The XML has {images} images, not {len(written)}; nothing was left, export again.")


def _images(xml: Path) -> Iterator[ET.Element]:
    try:
        for _, element in ET.iterparse(xml):
            if element.tag == "image":
                yield element
                element.clear()
    except ET.ParseError as error:
        # Control characters in a name: XML has no way to write them.
        raise InvalidInput(
            f"A category or image has a name that XML can't hold ({error}); rename it and export again."
        ) from error


CVAT = FolderExporter("cvat", "CVAT for images 1.1 (zip)", _write, result=FILE_NAME)
"""Writes `cvat.zip` with `annotations.xml` and, on request, `images/…`."""
