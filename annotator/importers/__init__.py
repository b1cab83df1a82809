"""Datasets in: what others have annotated, read into values; `sessions.importing` writes them into a project."""

from annotator.importers.base import IMPORTERS, get_importer, register
from annotator.importers.by_name import NAMED, ByName
from annotator.importers.coco import CocoImporter

__all__ = ["IMPORTERS", "get_importer"]

register(CocoImporter())
for _reader in NAMED:
    register(ByName(_reader))
