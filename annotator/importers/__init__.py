"""Datasets in: what others have annotated, read into values; `sessions.importing` writes them into a project."""

from contextlib import suppress
from pathlib import Path

from annotator.errors import InvalidInput
from annotator.importers.base import IMPORTERS, get_importer, register
from annotator.importers.by_name import NAMED, ByName, recognise
from annotator.importers.coco import CocoImporter

__all__ = ["IMPORTERS", "format_of", "get_importer"]

register(CocoImporter())
for _reader in NAMED:
    register(ByName(_reader))


def format_of(path: Path) -> str:
    """The format of a file or folder, by a short look into it; a file that is of no other should be COCO.

    Raises:
        InvalidInput: a folder that no importer recognises.
    """
    if path.is_dir():
        return recognise(path).name
    with suppress(InvalidInput):
        return recognise(path).name
    return "coco"
