"""Where every image goes: the split that it belongs to, and the stem of the files about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from annotator.exporters.base import ExportSource, Option, Progress
from annotator.exporters.splits import SplitImage, assign, groups_by_folder, groups_by_pattern, read_fractions

SPLITS = (
    Option(
        "splits",
        "Splits",
        "choice",
        "none",
        "none; random: by a hash of the name; folder: images of a folder stay together; pattern: images with the same"
        " part of the name do; near_duplicates: images that look alike do. Images stay in their split when others are"
        " added.",
        ("none", "random", "folder", "pattern", "near_duplicates"),
    ),
    Option("fractions", "Shares of train/val/test", "text", "80/10/10", "Two or three numbers, such as 80/20."),
    Option(
        "pattern",
        "Pattern for splits",
        "text",
        "",
        "A regular expression; images whose names agree in its first parenthesis stay together, as in (.*)_frame.",
    ),
    Option("stratified", "Stratify", "bool", False, "Give every split its share of every combination of categories."),
    Option("seed", "Seed", "int", 0, "Another seed gives other splits.", minimum=0),
)
"""Options of every exporter that can split."""


def places(
    source: ExportSource, values: Mapping[str, Any], progress: Progress
) -> tuple[dict[str, str], dict[str, str]]:
    """Stem and split of every image by id; the split is empty when the export is not split.

    Args:
        progress: of what takes long, which is looking at the pictures for near-duplicates.
    """
    fractions = read_fractions(values["fractions"])
    kind = values["splits"]
    stratified = kind != "none" and values["stratified"]
    listed = [
        SplitImage(
            image.id,
            image.number,
            image.name,
            frozenset(row.category_id for row in source.annotations(image.id)) if stratified else frozenset(),
        )
        for image in source.images()
    ]
    if kind == "none":
        return _stems(listed), {image.id: "" for image in listed}
    groups = None
    if kind == "folder":
        groups = groups_by_folder(listed)
    elif kind == "pattern":
        groups = groups_by_pattern(listed, values["pattern"])
    elif kind == "near_duplicates":
        groups = _groups_by_look(listed, source.look_alikes(progress))
    return _stems(listed), assign(listed, fractions, seed=values["seed"], groups=groups, stratified=stratified)


def _groups_by_look(images: list[SplitImage], alike: list[tuple[str, ...]]) -> dict[str, str]:
    """The name of the oldest image that looks like it, for every image: its own, if it looks like no older one.

    A newer image that looks like an older one goes where that is; it moves an image only if it looks like two that did
    not look alike before, and then the newer group joins the older.
    """
    age = {image.id: (image.number, image.id) for image in images}
    names = {image.id: image.name for image in images}
    groups = dict(names)
    for group in alike:
        oldest = min(group, key=age.__getitem__)
        groups.update(dict.fromkeys(group, names[oldest]))
    return groups


def _stems(images: list[SplitImage]) -> dict[str, str]:
    """A stem for every image that no other has, upper and lower case taken as one; the older image keeps its own."""
    taken: set[str] = set()
    stems = {}
    for image in sorted(images, key=lambda image: (image.number, image.id)):
        path = PurePosixPath(*(part for part in PurePosixPath(image.name).parts if part not in ("/", "..")))
        plain = stem = path.with_suffix("").as_posix() if path.name else f"image-{image.number}"
        while stem.casefold() in taken:
            stem = f"{plain}-{image.number}" if stem == plain else f"{stem}-"
        taken.add(stem.casefold())
        stems[image.id] = stem
    return stems
