"""A project and an image as one person sees them."""

from __future__ import annotations

from dataclasses import dataclass

from annotator.domain.annotation import Annotation, Draft
from annotator.domain.project import Category, Image, ProjectCounts
from annotator.sessions.editing import History


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project as one person sees it."""

    id: str
    name: str
    author: str
    categories: list[Category]
    counts: ProjectCounts
    last_image: str | None


@dataclass(frozen=True, slots=True)
class ImageView:
    """An image with what is on it, as one person sees it."""

    image: Image
    annotations: list[Annotation]
    draft: Draft | None
    history: History
