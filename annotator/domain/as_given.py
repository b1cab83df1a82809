"""How an imported object was written, kept beside its mask for as long as the mask is the same.

Masks are the truth, and polygons, areas with fractions and boxes between pixels are views of it that an export can't
find again. Kept as text: it is written back and never calculated with, and lists of numbers take ten times the memory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from annotator.domain.mask import Mask

KEY = "annotator"
"""The key among an object's unknown fields that stands for nothing of the dataset's."""
FIELDS = ("segmentation", "area", "bbox")
MAX_LENGTH = 1 << 20
"""Characters of the longest record that is kept."""


def keep(mask: Mask, record: Mapping[str, Any]) -> dict[str, Any]:
    """What to add to the unknown fields of an object: its record's fields that are not what we would write.

    Args:
        record: of `FIELDS` those that are right, as COCO writes them.
    """
    ours = {"segmentation": mask.to_rle(), "area": mask.area, "bbox": list(mask.bbox)}
    fields = {name: record[name] for name in FIELDS if name in record and not _same(record[name], ours[name])}
    if not fields:
        return {}
    try:
        text = json.dumps(fields, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError):
        return {}
    return {KEY: {"mask": _digest(mask), "given": text}} if len(text) <= MAX_LENGTH else {}


def given(mask: Mask, extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """The fields that an object came with; empty if it came with none, or its mask is another one since then."""
    kept = (extra or {}).get(KEY)
    if not isinstance(kept, dict) or kept.get("mask") != _digest(mask):
        return {}
    fields: dict[str, Any] = json.loads(kept["given"])
    return fields


def _same(one: Any, other: Any) -> bool:
    """Whether two values are written alike: 12 and 12.0 are not."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _digest(mask: Mask) -> str:
    return hashlib.sha256(b"%d %d %s" % (mask.height, mask.width, mask.counts)).hexdigest()[:16]
