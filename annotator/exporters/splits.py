"""Which split an image belongs to: decided by its group and the seed, so that it stays there when images are added."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from annotator.errors import BadSetting

NAMES = ("train", "val", "test")
_GOLDEN = 0.6180339887498949
"""Multiples of the golden ratio, modulo 1, fill [0, 1) evenly however many there are."""


@dataclass(frozen=True, slots=True)
class SplitImage:
    """An image to assign.

    Attributes:
        number: its place in the order of adding; later images have greater numbers.
        name: its path relative to the project, with forward slashes.
        categories: ids of the categories on it; only looked at when stratifying.
    """

    id: str
    number: int
    name: str
    categories: frozenset[int] = frozenset()


def read_fractions(text: str) -> tuple[float, ...]:
    """The shares of train, val and, if given, test, adding up to 1, from "80/10/10" or "80/20".

    Raises:
        BadSetting: there are not two or three numbers, one is negative, or all are zero.
    """
    try:
        numbers = [float(part) for part in text.split("/")]
    except ValueError:
        numbers = []
    total = sum(numbers)
    if len(numbers) not in (2, 3) or not all(0 <= number < 1e9 for number in numbers) or total <= 0:
        raise BadSetting(
            f"fractions is {text!r}; use two or three numbers for train, val and test such as 80/10/10.",
            field="options.fractions",
        )
    return tuple(number / total for number in numbers)


def groups_by_folder(images: Iterable[SplitImage]) -> dict[str, str]:
    """Images of one folder belong together."""
    return {image.id: image.name.rpartition("/")[0] for image in images}


def groups_by_pattern(images: Iterable[SplitImage], pattern: str) -> dict[str, str]:
    """Images with the same first parenthesis of a regular expression (or whole match) in their name belong together.

    An image whose name doesn't match is a group of its own.

    Raises:
        BadSetting: the pattern is empty or no regular expression.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise BadSetting(f"pattern is {pattern!r}: {error}.", field="options.pattern") from None
    if not pattern:
        raise BadSetting(
            "splits=pattern needs a pattern, a regular expression such as (.*)_frame; images with the same part in"
            " parentheses stay together.",
            field="options.pattern",
        )
    groups = {}
    for image in images:
        match = compiled.search(image.name)
        if match is not None:
            groups[image.id] = (match.group(1) if compiled.groups else match.group(0)) or ""
    return groups


def assign(
    images: Iterable[SplitImage],
    fractions: tuple[float, ...],
    *,
    seed: int,
    groups: Mapping[str, str] | None = None,
    stratified: bool = False,
) -> dict[str, str]:
    """The split of every image by id; images of one group (folder, video, near-duplicates) share theirs.

    Plain: a hash of the seed and the group (an image without one: its name) is a number in [0, 1) that the fractions
    cut into splits. It depends on nothing else, so nothing that is added, annotated or deleted ever moves an image;
    the shares are met on average only.

    Stratified: groups are strata by the categories on their first image. The n-th group of a stratum, in the order of
    adding, takes the n-th multiple of the golden ratio (from a start hashed from seed and stratum) as its number, so
    that every split gets nearly its share of every stratum. Adding images still moves no other image, because each
    depends only on those before it; deleting an image, or changing the categories of the first image of a group, can
    move later ones. Rarer combinations than about one in a split's share can't be spread by any method.

    Args:
        fractions: of train, val and test, as `read_fractions` gives them.
        groups: group by image id; images that it lacks are groups of their own.
    """
    ordered = sorted(images, key=lambda image: (image.number, image.id))
    known = groups or {}
    keys = {image.id: ("group", known[image.id]) if image.id in known else ("image", image.name) for image in ordered}
    splits: dict[tuple[str, str], str] = {}
    seen: dict[str, int] = {}
    for image in ordered:
        key = keys[image.id]
        if key in splits:
            continue
        if stratified:
            stratum = ",".join(map(str, sorted(image.categories)))
            place = seen[stratum] = seen.get(stratum, -1) + 1
            number = (_unit(seed, "stratum", stratum) + place * _GOLDEN) % 1
        else:
            number = _unit(seed, *key)
        splits[key] = _cut(number, fractions)
    return {image.id: splits[keys[image.id]] for image in ordered}


def _unit(seed: int, kind: str, text: str) -> float:
    """A number in [0, 1) that looks random but is the same on every machine."""
    digest = hashlib.sha256(f"{seed}\0{kind}\0{text}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _cut(number: float, fractions: tuple[float, ...]) -> str:
    edge = 0.0
    for name, fraction in zip(NAMES, fractions, strict=False):
        edge += fraction
        if number < edge:
            return name
    # Rounding of the sum: the last split that may have something.
    return [name for name, fraction in zip(NAMES, fractions, strict=False) if fraction > 0][-1]
