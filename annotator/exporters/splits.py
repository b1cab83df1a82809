"""Which images are for training, validation and test.

Every group of images is placed by a hash of the seed and the group's name alone. So an image never moves when others
are added or removed, and images of one group are never divided. The price: the shares hold on average, not exactly,
and so does the share of each category. Exact stratification has to move older images when new ones arrive; instead
`uneven` says which categories came out without objects in a split, so that another seed can be chosen.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from annotator.errors import BadSetting

NAMES = ("train", "val", "test")


def read_fractions(text: str) -> tuple[float, ...]:
    """`80/10/10` (train/val/test) or `80/20` (train/val) as shares that add up to 1.

    Raises:
        BadSetting: it is something else.
    """
    parts = text.split("/")
    if not 1 <= len(parts) <= len(NAMES) or not all(
        re.fullmatch(r"\d{1,6}(\.\d{1,6})?", part.strip()) for part in parts
    ):
        raise BadSetting(
            f"fractions is {text!r}; use shares of train/val/test such as 80/10/10.", field="options.fractions"
        )
    shares = [float(part) for part in parts]
    if shares[0] <= 0:
        raise BadSetting(
            f"fractions is {text!r}; the first share, for training, must be above 0.", field="options.fractions"
        )
    return tuple(share / sum(shares) for share in shares)


def split_of(group: str, *, fractions: tuple[float, ...], seed: int) -> str:
    """The split of a group: the same for the same name, seed and fractions, whatever else the project holds."""
    digest = hashlib.sha256(f"{seed}\0{group}".encode("utf-8", "surrogateescape")).digest()
    place = int.from_bytes(digest[:6], "big") / 2**48
    bound = 0.0
    for name, share in zip(NAMES, fractions, strict=False):
        bound += share
        if place < bound:
            return name
    # Rounding may leave the sum of shares just below 1.
    return [name for name, share in zip(NAMES, fractions, strict=False) if share > 0][-1]


def group_of(name: str, *, splits: str, pattern: re.Pattern[str] | None = None) -> str:
    """The group of an image: itself (`random`), its folder, or what the pattern's first group finds in its name.

    An image whose name the pattern does not match is a group of its own.
    """
    if splits == "folder":
        return PurePosixPath(name).parent.as_posix()
    if splits == "pattern" and pattern is not None:
        found = pattern.search(name)
        if found:
            return (found.group(1) if pattern.groups else found.group(0)) or ""
    return name


def read_pattern(text: str) -> re.Pattern[str]:
    """A regular expression that finds the group in a name.

    Raises:
        BadSetting: it is empty or no regular expression.
    """
    try:
        if text:
            return re.compile(text)
    except re.error as error:
        raise BadSetting(f"pattern is {text!r}: {error}; correct the expression.", field="options.pattern") from None
    raise BadSetting(
        "splits=pattern needs a pattern; give a regular expression whose first group is the group of an image, such as"
        r" ^(\w+?)_.",
        field="options.pattern",
    )


def assign(
    names: Mapping[str, str],
    *,
    fractions: tuple[float, ...],
    seed: int,
    groups: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Image id to split, from image id to name and, where known, to a group such as one of near-duplicates."""
    known = groups or {}
    return {image: split_of(known.get(image, name), fractions=fractions, seed=seed) for image, name in names.items()}


def uneven(objects: Mapping[tuple[str, str], int], *, splits: Iterable[str]) -> list[str]:
    """A sentence for each category without an object in a split, from (category, split) to number of objects."""
    used = list(splits)
    sentences = []
    for category in sorted({category for category, _ in objects}):
        without = [split for split in used if not objects.get((category, split))]
        if without:
            sentences.append(f"{category} has no object in {' and '.join(without)}; another seed may place some there.")
    return sentences
