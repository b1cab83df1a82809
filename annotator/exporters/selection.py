"""Which images and objects go into a dataset, and why the others don't."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from annotator.errors import InvalidInput
from annotator.exporters.base import ExportAnnotation, ExportImage, ExportSource, Option, Skipped

REVIEW = Option(
    "review",
    "Review",
    "choice",
    "usable",
    "usable: all objects but the rejected; approved: only those that a reviewer approved; all: the rejected too.",
    ("usable", "approved", "all"),
)
"""Which objects are exported by their review state: an option of every exporter."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """An image to write, with the objects to write."""

    image: ExportImage
    annotations: tuple[ExportAnnotation, ...]


@dataclass(slots=True)
class _Notes:
    skipped: list[Skipped] = field(default_factory=list)
    unapproved: int = 0


class Selection:
    """What of a source is exported; iterating reads it image by image.

    Args:
        numbers: category ids of the source to the written ones.
        images: `annotated` (with objects or confirmed empty) or `all`.
        review: a choice of `REVIEW`.
        among: ids of the images to look at; None: all.
    """

    def __init__(
        self,
        source: ExportSource,
        numbers: dict[int, int],
        *,
        images: str,
        review: str = "usable",
        among: Collection[str] | None = None,
    ) -> None:
        self._among = among
        self.source = source
        self._images = images
        self._review = review
        self._notes = _Notes()
        self.numbers = numbers

    @property
    def skipped(self) -> list[Skipped]:
        """What was left out so far; objects that nobody approved are many and stand in one entry."""
        if self._notes.unapproved == 0:
            return list(self._notes.skipped)
        one = self._notes.unapproved == 1
        what = "1 object" if one else f"{self._notes.unapproved} objects"
        reason = f"{'It is' if one else 'They are'} not approved; review {'it' if one else 'them'} or export with"
        return [*self._notes.skipped, Skipped(what, f"{reason} review=usable.")]

    def require_something(self, images: int) -> None:
        """Refuse a dataset without images, after the selection was gone through.

        Raises:
            InvalidInput: the number of written images is 0.
        """
        if images:
            return
        if self._review == "approved" and self._notes.unapproved:
            raise InvalidInput(
                f"There is nothing to export: none of the {self._notes.unapproved} objects is approved. Approve some"
                " in the Review tab, or export with review=usable."
            )
        raise InvalidInput(
            "There is nothing to export: no image has an object or is confirmed empty. Accept objects, mark images"
            " without any as “empty”, or export with images=all."
        )

    def of(self, images: Collection[str] | None) -> Selection:
        """The same selection of only some images, noting what it leaves out where this one does."""
        part = Selection(self.source, self.numbers, images=self._images, review=self._review, among=images)
        part._notes = self._notes
        return part

    def again(self) -> Selection:
        """The same selection from its beginning, with nothing noted yet."""
        return Selection(self.source, self.numbers, images=self._images, review=self._review, among=self._among)

    def chosen(self) -> Iterator[tuple[int, Chosen | None]]:
        """For every image of the source its number from 1, and what to write of it, if anything."""
        for number, image in enumerate(self.source.images(), 1):
            yield number, self._choose(image) if self._among is None or image.id in self._among else None

    def _choose(self, image: ExportImage) -> Chosen | None:
        annotations = self.source.annotations(image.id)
        reason = _unusable(image)
        if reason is not None:
            lost = f" Its {len(annotations)} objects are left out too." if annotations else ""
            self._skip(f"image {image.name}", f"{reason}{lost}")
            return None
        usable = tuple(annotation for annotation in annotations if self._usable(annotation, image))
        if usable or image.state == "empty" or self._images == "all":
            return Chosen(image, usable)
        return None

    def _usable(self, annotation: ExportAnnotation, image: ExportImage) -> bool:
        mask = annotation.mask
        if self._review == "approved" and annotation.review not in ("approved", "rejected"):
            self._notes.unapproved += 1
            return False
        if self._review != "all" and annotation.review == "rejected":
            reason = "It was rejected in review."
        elif annotation.category_id not in self.numbers:
            reason = f"Its category {annotation.category_id} does not exist; give it another one."
        elif (mask.height, mask.width) != (image.height, image.width):
            reason = (
                f"Its mask is {mask.width}×{mask.height} but the image is {image.width}×{image.height}; draw it again."
            )
        elif mask.area == 0:
            reason = "Its mask is empty; delete it or draw it again."
        else:
            return True
        self._skip(f"object {annotation.id} on {image.name}", reason)
        return False

    def _skip(self, what: str, reason: str) -> None:
        # Names that are not Unicode must not make the report unprintable.
        self._notes.skipped.append(Skipped(what.encode("utf-8", "replace").decode("utf-8"), reason))


def category_numbers(source: ExportSource, *, keep: bool = False) -> dict[int, int]:
    """Category ids of the source, in order, to 1..N, or to themselves."""
    ids = sorted(category.id for category in source.categories())
    if keep:
        return {number: number for number in ids}
    return {old: new for new, old in enumerate(ids, 1)}


def _unusable(image: ExportImage) -> str | None:
    if image.problem is not None:
        return image.problem
    if image.width < 1 or image.height < 1:
        return "Its size is unknown."
    try:
        image.name.encode("utf-8")
    except UnicodeEncodeError:
        return "Its name is not valid Unicode, which JSON can't hold; rename the file."
    return None
