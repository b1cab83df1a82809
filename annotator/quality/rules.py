"""The registry of quality rules: what each looks for, with its thresholds; UI, command line and API show the same."""

from __future__ import annotations

from dataclasses import dataclass

from annotator.domain.mask_edit import SPECK
from annotator.domain.severity import Severity
from annotator.images.near_duplicates import MAX_DISTANCE, SAME

_MANY = 10_000_000


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number that decides; `minimum` and `maximum` are usable too."""

    name: str
    title: str
    default: float
    unit: str
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule looks for.

    Attributes:
        help: a sentence on why it matters.
        severity: of all its findings.
        scope: whether it looks at single objects, at all objects of an image, or at the whole dataset.
    """

    name: str
    title: str
    help: str
    severity: Severity
    scope: str
    thresholds: tuple[Threshold, ...] = ()


def _pixels(name: str, title: str, default: float) -> Threshold:
    return Threshold(name, title, default, "pixels", 0, _MANY)


def _share(name: str, title: str, default: float, unit: str = "IoU") -> Threshold:
    return Threshold(name, title, default, unit, 0, 1)


_OUTLIER = (
    Threshold("deviations", "Deviations from the median", 6.0, "robust standard deviations", 1, 100),
    Threshold("examples", "Only in categories with at least", 20, "objects", 3, _MANY),
)

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("empty", "Empty mask", "An object without a pixel teaches nothing.", "error", "object"),
        Rule("wrong_size", "Mask of another size", "Mask and image must have the same size.", "error", "object"),
        Rule("no_category", "Unknown category", "The object's category does not exist.", "error", "object"),
        Rule(
            "box_only",
            "Box without a mask",
            "A box, or a mask that fills its box exactly, was probably never segmented.",
            "warning",
            "object",
            (_pixels("pixels", "Smallest box to look at", 100),),
        ),
        Rule(
            "tiny",
            "Tiny object",
            "Often a stray click.",
            "warning",
            "object",
            (_pixels("pixels", "At most this many pixels", 16),),
        ),
        Rule(
            "specks",
            "Specks",
            "Small separate parts beside a larger one are mostly leftovers of the model.",
            "warning",
            "object",
            (_pixels("pixels", "Parts of at most", SPECK),),
        ),
        Rule(
            "holes",
            "Small holes",
            "Small holes are mostly leftovers of the model; large ones are mostly meant.",
            "warning",
            "object",
            (_pixels("pixels", "Holes of at most", SPECK),),
        ),
        Rule(
            "parts",
            "Many parts",
            "One object in many pieces may be several objects.",
            "warning",
            "object",
            (Threshold("count", "More than", 5, "parts", 1, _MANY),),
        ),
        Rule(
            "border",
            "Touches the border",
            "The object goes on outside the image.",
            "info",
            "object",
            (Threshold("pixels", "At least this many pixels on the border", 1, "pixels", 1, _MANY),),
        ),
        Rule(
            "low_score",
            "Low score",
            "The model was unsure of this mask and nobody has approved it.",
            "warning",
            "object",
            (_share("score", "Below", 0.7, "score"),),
        ),
        Rule(
            "duplicate",
            "Duplicate",
            "The same object was labelled twice.",
            "warning",
            "image",
            (_share("iou", "IoU of at least", 0.9),),
        ),
        Rule(
            "overlap",
            "Overlap",
            "Two objects share many pixels.",
            "warning",
            "image",
            (_share("iou", "IoU of at least", 0.5),),
        ),
        Rule(
            "nested",
            "Inside another",
            "An object lies inside another one of its category; it may be a part of it.",
            "info",
            "image",
            (_share("share", "Share of the smaller one of at least", 0.95, "share of pixels"),),
        ),
        Rule("unlabelled", "Unlabelled image", "Label its objects, or confirm it as empty.", "warning", "image"),
        Rule("broken_image", "Broken image", "The picture can't be shown.", "error", "image"),
        Rule(
            "area_outlier",
            "Unusual size",
            "Much larger or smaller than the others of its category, relative to the image.",
            "warning",
            "dataset",
            _OUTLIER,
        ),
        Rule(
            "aspect_outlier",
            "Unusual aspect",
            "Much wider or taller than the others of its category.",
            "warning",
            "dataset",
            _OUTLIER,
        ),
        Rule(
            "few_examples",
            "Few examples",
            "A category needs examples to be learnt.",
            "warning",
            "dataset",
            (Threshold("count", "Fewer than", 10, "objects", 1, _MANY),),
        ),
        Rule(
            "near_duplicate",
            "Near-duplicate images",
            "Images that look the same cost labelling time and add little.",
            "info",
            "dataset",
            (Threshold("distance", "Hamming distance of at most", SAME, "bits of 64", 0, MAX_DISTANCE),),
        ),
        Rule(
            "split_leak",
            "Same image in two splits",
            "Images that look the same in training and test make scores too good.",
            "error",
            "dataset",
            (Threshold("distance", "Hamming distance of at most", SAME, "bits of 64", 0, MAX_DISTANCE),),
        ),
    )
}
"""All rules by name, in the order in which they are shown."""
