"""Exporters: a project's annotations as datasets in the formats that others read."""

from annotator.exporters.base import EXPORTERS, get_exporter, register
from annotator.exporters.coco import CocoExporter

__all__ = ["EXPORTERS", "get_exporter"]

register(CocoExporter())
