"""Exporters: a project's annotations as datasets in the formats that others read."""

from annotator.exporters.base import EXPORTERS, get_exporter, register
from annotator.exporters.coco import CocoExporter
from annotator.exporters.cutouts import CUTOUTS
from annotator.exporters.cvat import CVAT
from annotator.exporters.masks import BINARY, INSTANCE, SEMANTIC
from annotator.exporters.per_image import LABELME, SA1B
from annotator.exporters.voc import VOC
from annotator.exporters.yolo import YOLO

__all__ = ["EXPORTERS", "get_exporter"]

for _exporter in (CocoExporter(), YOLO, VOC, SEMANTIC, INSTANCE, BINARY, CUTOUTS, LABELME, SA1B, CVAT):
    register(_exporter)
