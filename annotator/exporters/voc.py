"""Pascal VOC: class and object PNGs in VOC's colours, boxes as XML, lists of the splits.

Format: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from annotator.errors import ExportFailed, InvalidInput
from annotator.exporters.base import Option
from annotator.exporters.common import FolderExporter, Item, Work
from annotator.exporters.labelmaps import LabelMap, instance_map, visible_shares, voc_palette, with_border
from annotator.exporters.png import read_png, write_png

VOID = 255
MOST = 254
BORDER = Option(
    "border",
    "Void border",
    "int",
    0,
    "Pixels on both sides of every outline that count as void (255), as in VOC's own images; 0 keeps all pixels.",
    minimum=0,
    maximum=50,
)


def _write(work: Work) -> None:
    if len(work.categories) > MOST:
        raise InvalidInput(
            f"The project has {len(work.categories)} categories; VOC's images hold {MOST}. Use another format."
        )
    lists: dict[str, list[str]] = {}
    for item in work.items():
        picture = work.picture(item, "JPEGImages")
        lists.setdefault(item.split or "train", []).append(item.stem)
        _write_masks(work, item)
        tree = _boxes(work, item, picture)
        ET.indent(tree)
        path = work.path("Annotations", item.stem + ".xml")
        path.write_bytes(ET.tostring(tree, encoding="utf-8", xml_declaration=True))
        _check_boxes(path, item)
    if "val" in lists:
        lists["trainval"] = lists.get("train", []) + lists["val"]
    for name, stems in lists.items():
        text = "".join(f"{stem}\n" for stem in stems)
        work.path("ImageSets", "Segmentation", f"{name}.txt").write_text(text, encoding="utf-8", newline="\n")
    _write_labelmap(work)
    if work.losses:
        work.warn(f"{len(work.losses)} objects are partly covered by later ones, because a pixel holds one only.")


def _write_masks(work: Work, item: Item) -> None:
    """The two PNGs of an image; its objects are noted with the share of them that is visible."""
    kept = item.annotations[:MOST]
    for row in item.annotations[MOST:]:
        work.note(row, item.image, 0.0)
        work.warn(
            f"{item.image.name} has more than {MOST} objects, all that VOC can number; the last ones are left out."
        )
    instances = instance_map(kept, item.image)
    classes: LabelMap = np.array([0, *(work.numbers[row.category_id] for row in kept)], np.uint16)[instances]
    border = with_border(instances, work.values["border"], void=VOID) == VOID
    palette = voc_palette()
    for folder, labels in (("SegmentationClass", classes), ("SegmentationObject", instances)):
        pixels = np.where(border, VOID, labels).astype(np.uint8)
        path = work.path(folder, item.stem + ".png")
        write_png(path, pixels, palette=palette)
        if not np.array_equal(read_png(path), pixels):
            raise ExportFailed(
                f"The masks of {item.image.name} could not be read back; nothing was left, export again."
            )
    for row, share in zip(kept, visible_shares(instances, kept), strict=True):
        work.note(row, item.image, share)


def _boxes(work: Work, item: Item, picture: str) -> ET.Element:
    """The XML of an image; boxes count pixels from 1 and include both corners, as VOC's do."""
    image = item.image
    root = ET.Element("annotation")
    place = picture.rpartition("/")
    for tag, text in (("folder", place[0]), ("filename", place[2])):
        ET.SubElement(root, tag).text = text
    ET.SubElement(ET.SubElement(root, "source"), "database").text = work.source.project_name
    size = ET.SubElement(root, "size")
    for tag, value in (("width", image.width), ("height", image.height), ("depth", 3)):
        ET.SubElement(size, tag).text = str(value)
    ET.SubElement(root, "segmented").text = str(int(bool(item.annotations)))
    for row in item.annotations:
        x, y, width, height = row.mask.bbox
        element = ET.SubElement(root, "object")
        name = work.categories[work.numbers[row.category_id] - 1].name
        edges = (x == 0, y == 0, x + width == image.width, y + height == image.height)
        texts = {"name": name, "pose": "Unspecified", "truncated": str(int(any(edges))), "difficult": "0"}
        for tag, text in texts.items():
            ET.SubElement(element, tag).text = text
        box = ET.SubElement(element, "bndbox")
        for tag, value in (("xmin", x + 1), ("ymin", y + 1), ("xmax", x + width), ("ymax", y + height)):
            ET.SubElement(box, tag).text = str(value)
    return root


def _check_boxes(path: Path, item: Item) -> None:
    try:
        found = ET.parse(path).getroot().findall("object")
    except ET.ParseError as error:
        # Control characters in a name: XML has no way to write them.
        raise InvalidInput(
            f"A name on {item.image.name} holds a character that XML can't ({error}); rename the category or file."
        ) from error
    if len(found) != len(item.annotations):
        raise ExportFailed(f"{path.name} lacks objects; nothing was left, export again.")


def _write_labelmap(work: Work) -> None:
    """Names and colours as other annotation tools write and read them beside VOC's folders."""
    palette = voc_palette()
    rows = [("background", 0), *((row.name, number) for number, row in enumerate(work.categories, 1))]
    lines = ["# label:color_rgb:parts:actions"]
    lines += [f"{name}:{','.join(str(value) for value in palette[number])}::" for name, number in rows]
    work.path("labelmap.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


VOC = FolderExporter("voc", "Pascal VOC (class and object PNG, XML)", _write, (BORDER,))
"""Writes `SegmentationClass`, `SegmentationObject`, `Annotations`, `ImageSets` and `labelmap.txt`."""
