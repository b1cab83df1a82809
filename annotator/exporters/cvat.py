"""CVAT for images 1.1: annotations.xml with masks; zip the folder to import it.

Format: https://docs.cvat.ai/docs/manual/advanced/xml_format/
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np

from annotator.domain.mask import BoolArray, Mask
from annotator.exporters.base import ExportAnnotation
from annotator.exporters.folder import FolderExporter, Item, Job
from annotator.exporters.pixels import crops


class CvatWriter:
    """Writes annotations.xml; splits are CVAT's subsets."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._names = {category.id: category.name for category in job.categories}
        self._root = ET.Element("annotations")
        ET.SubElement(self._root, "version").text = "1.1"
        labels = ET.SubElement(ET.SubElement(ET.SubElement(self._root, "meta"), "task"), "labels")
        for category in job.categories:
            label = ET.SubElement(labels, "label")
            ET.SubElement(label, "name").text = category.name
            ET.SubElement(label, "attributes")

    def write(self, item: Item) -> list[float]:
        """See `Writer.write`."""
        name = item.image.name if self._job.values["pictures"] == "none" else f"{item.stem}{item.suffix}"
        image = ET.SubElement(self._root, "image", id=str(item.image.number - 1), name=name)
        if item.split:
            image.set("subset", item.split)
        image.set("width", str(item.image.width))
        image.set("height", str(item.image.height))
        found = []
        for annotation, pixels, (_rows, _columns) in crops(item.annotations):
            entry = ET.SubElement(
                image, "mask", label=self._names[annotation.category_id], source="semi-auto", occluded="0"
            )
            entry.set("rle", ", ".join(map(str, row_runs(pixels))))
            for key, value in zip(("left", "top", "width", "height"), annotation.mask.bbox, strict=True):
                entry.set(key, str(value))
            entry.set("z_order", "0")
            found.append(_read(entry, annotation).iou(annotation.mask))
        return found

    def finish(self) -> list[str]:
        """Write the file."""
        ET.indent(self._root)
        ET.ElementTree(self._root).write(self._job.folder / "annotations.xml", encoding="utf-8", xml_declaration=True)
        return []


def row_runs(pixels: BoolArray) -> list[int]:
    """Run lengths of an array row by row, starting with background."""
    flat = np.concatenate([[False], pixels.ravel()])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    runs: list[int] = np.diff(np.concatenate([[0], edges, [pixels.size]])).tolist()
    return runs


def _read(entry: ET.Element, annotation: ExportAnnotation) -> Mask:
    left, top, width, height = (int(entry.get(key, "")) for key in ("left", "top", "width", "height"))
    runs = [int(run) for run in entry.get("rle", "").split(",")]
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    mask = annotation.mask
    return Mask.from_crop(flat.reshape(height, width), x=left, y=top, height=mask.height, width=mask.width)


CVAT = FolderExporter("cvat", "CVAT for images 1.1 (XML with masks)", (), CvatWriter, divided=False)
