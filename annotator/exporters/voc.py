"""Pascal VOC: class and object PNG with VOC's palette, XML with boxes, image sets.

Format: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import numpy.typing as npt

from annotator.errors import InvalidInput
from annotator.exporters.folder import FolderExporter, Item, Job
from annotator.exporters.pixels import ious, painted
from annotator.exporters.png import read_png, write_png

MOST = 254
"""Values of a palette without 0, background, and 255, void."""


class VocWriter:
    """Writes SegmentationClass, SegmentationObject, Annotations and ImageSets."""

    def __init__(self, job: Job) -> None:
        if len(job.categories) > MOST:
            raise InvalidInput(f"VOC holds {MOST} categories and the project has {len(job.categories)}; use COCO.")
        self._job = job
        self._names = {category.id: category.name for category in job.categories}
        self._sets: dict[str, list[str]] = {split: [] for split in job.splits or ("train",)}

    def write(self, item: Item) -> list[float]:
        """See `Writer.write`; measured in SegmentationObject, where a later object lies on top."""
        if len(item.annotations) > MOST:
            raise InvalidInput(
                f"{item.image.name} has {len(item.annotations)} objects and a VOC image holds {MOST}; use COCO or"
                " instance."
            )
        kinds = [annotation.category_id for annotation in item.annotations]
        values = list(range(1, len(item.annotations) + 1))
        colours = palette()
        for folder, numbers in (("SegmentationClass", kinds), ("SegmentationObject", values)):
            pixels = painted(item.image, item.annotations, numbers, np.uint8)
            write_png(self._job.place(folder, item, ".png"), pixels, palette=colours)
        self._write_boxes(item)
        self._sets[item.split or "train"].append(item.stem)
        return ious(read_png(self._job.place("SegmentationObject", item, ".png")), item.annotations, values)

    def finish(self) -> list[str]:
        """Write the image sets and labelmap.txt (name:r,g,b::)."""
        for kind in ("Segmentation", "Main"):
            folder = self._job.folder / "ImageSets" / kind
            folder.mkdir(parents=True)
            for split, stems in self._sets.items():
                (folder / f"{split}.txt").write_text("".join(f"{stem}\n" for stem in stems), encoding="utf-8")
        rows = zip(["background", *self._names.values()], palette().tolist(), strict=False)
        lines = [f"{name}:{','.join(map(str, colour))}::\n" for name, colour in rows]
        (self._job.folder / "labelmap.txt").write_text("".join(lines), encoding="utf-8")
        return []

    def _write_boxes(self, item: Item) -> None:
        root = ET.Element("annotation")
        _add(root, "filename", f"{item.stem}{item.suffix}")
        size = ET.SubElement(root, "size")
        for name, value in (("width", item.image.width), ("height", item.image.height), ("depth", 3)):
            _add(size, name, value)
        _add(root, "segmented", int(bool(item.annotations)))
        for annotation in item.annotations:
            x, y, width, height = annotation.mask.bbox
            entry = ET.SubElement(root, "object")
            _add(entry, "name", self._names[annotation.category_id])
            box = ET.SubElement(entry, "bndbox")
            # VOC counts pixels from 1 and includes the last one.
            for name, value in (("xmin", x + 1), ("ymin", y + 1), ("xmax", x + width), ("ymax", y + height)):
                _add(box, name, value)
        ET.indent(root)
        ET.ElementTree(root).write(self._job.place("Annotations", item, ".xml"), encoding="utf-8")


def palette() -> npt.NDArray[np.uint8]:
    """VOC's 256 colours: the bits of the index, three at a time, fill red, green and blue from the top."""
    index = np.arange(256)
    colours = np.zeros((256, 3), np.uint8)
    for level in range(8):
        for channel in range(3):
            colours[:, channel] |= (((index >> (3 * level + channel)) & 1) << (7 - level)).astype(np.uint8)
    return colours


def _add(parent: ET.Element, name: str, value: object) -> None:
    ET.SubElement(parent, name).text = str(value)


VOC = FolderExporter(
    "voc", "Pascal VOC (class and object PNG, XML)", (), VocWriter, pictures="JPEGImages", divided=False
)
