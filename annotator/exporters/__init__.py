"""Exporters: a project's annotations as datasets in the formats that others read."""

from annotator.exporters.base import EXPORTERS, get_exporter, register
from annotator.exporters.coco import CocoExporter
from annotator.exporters.cutouts import CUTOUTS
from annotator.exporters.cvat import CVAT
from annotator.exporters.labelme import LABELME
from annotator.exporters.labelstudio import LABEL_STUDIO
from annotator.exporters.lvis import LVIS
from annotator.exporters.masks import MASKS
from annotator.exporters.panoptic import PANOPTIC
from annotator.exporters.parquet import PARQUET
from annotator.exporters.sa1b import SA1B
from annotator.exporters.voc import VOC
from annotator.exporters.yolo import YOLO

__all__ = ["EXPORTERS", "get_exporter"]

for _exporter in (
    CocoExporter(),
    YOLO,
    MASKS,
    VOC,
    CUTOUTS,
    SA1B,
    LVIS,
    LABELME,
    PANOPTIC,
    LABEL_STUDIO,
    PARQUET,
    CVAT,
):
    register(_exporter)
