"""A project in Python: images with their masks as arrays, a few at a time, and what the command line can do.

Everything goes through `sessions.Service`, like a click in the browser: it can be used while the app runs on a folder.
No model is loaded unless masks of boxes are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from annotator.config import Settings
from annotator.domain.annotation import Annotation
from annotator.domain.mask import Mask
from annotator.domain.project import Image
from annotator.errors import NotFound
from annotator.images.decode import decode
from annotator.sessions.service import Service

if TYPE_CHECKING:
    from annotator.domain.version import Difference, Version
    from annotator.exporters.base import ExportReport
    from annotator.quality.figures import Statistics
    from annotator.quality.findings import Finding
    from annotator.sessions.import_rows import ImportReport
    from annotator.sessions.versions import Restored

__all__ = ["Project", "ProjectImage", "ProjectObject"]

_PAGE = 200

Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    pass


class ProjectObject:
    """An accepted object.

    Attributes:
        id: positive, unique in the project.
        category: its name.
        bbox: (x, y, width, height) in image pixels.
        area: pixels.
        score: the model's estimate of the mask's IoU; None where no model made it.
        review: `unreviewed`, `approved` or `rejected`.
        author: who made it.
        provenance: how it came to be, as JSON.
    """

    def __init__(self, annotation: Annotation, category: str) -> None:
        self._mask = annotation.mask
        self.id = annotation.id
        self.category = category
        self.bbox = annotation.mask.bbox
        self.area = annotation.mask.area
        self.score = annotation.score
        self.review = annotation.review
        self.author = annotation.author
        self.provenance: dict[str, Any] = annotation.provenance.to_json()

    def __repr__(self) -> str:
        return f"<object {self.id}: {self.category}, {self.area} pixels>"

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """The mask as (height, width) bool in the image's size, decoded at each call."""
        return self._mask.to_array()

    @property
    def rle(self) -> dict[str, Any]:
        """The mask as COCO's compressed RLE."""
        return self._mask.to_rle()


class ProjectImage:
    """An image of a project.

    Attributes:
        id: names it in the API.
        name: path relative to the project's folder.
        width, height: size in pixels, display orientation.
        state: `todo`, `in_progress`, `done` or `empty`.
        problem: why it can't be shown; None if it can.
    """

    def __init__(self, project: Project, image: Image) -> None:
        self._project = project
        self.id = image.id
        self.name = image.name
        self.width = image.width
        self.height = image.height
        self.state = image.state
        self.problem = image.problem

    def __repr__(self) -> str:
        return f"<image {self.name}, {self.width}×{self.height}>"

    @property
    def path(self) -> Path:
        """The file."""
        return self._project.folder / self.name

    def pixels(self) -> npt.NDArray[np.uint8]:
        """The picture as (height, width, 3) RGB in display orientation, as masks and the model see it.

        Raises:
            ImageProblem: it can't be decoded.
        """
        return decode(self.path).pixels

    @property
    def objects(self) -> list[ProjectObject]:
        """Its accepted objects by id, as they are now."""
        return self._project._objects(self.id)

    def add(
        self, mask: npt.ArrayLike | Mask, category: str, *, score: float | None = None, key: str | None = None
    ) -> ProjectObject:
        """Add an object that something else has found, such as a model of one's own: a proposal for people to review.

        Args:
            mask: (height, width) in the image's size; what is true or above 0 is the object.
            category: name of a category of the project.
            score: how sure it is, 0 to 1; people can sort and filter by it.
            key: a name for the proposal: adding it again gives the object that is there already.

        Raises:
            BadMask: it has another size than the image.
            InvalidInput: it is empty.
            NotFound: there is no such category; see `Project.add_category`.
        """
        return self._project._add(self.id, mask, category, score, key)


class Project:
    """An open project; see `annotator.open`."""

    def __init__(self, folder: Path, *, data_dir: Path | None = None, author: str | None = None) -> None:
        self._settings = Settings.load(data_dir=data_dir, author=author)
        self._service = Service.open(folder, self._settings)
        self.folder = self._service.folder
        self.name = self._service.name
        self.rescan()

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<project {self.name}, {len(self)} images>"

    def __len__(self) -> int:
        return self._service.project(author=self._settings.author).counts.total

    def close(self) -> None:
        """Let go of the files."""
        self._service.close()

    def rescan(self) -> None:
        """Look through the folder again: new, changed and vanished files."""
        self._service.library.scan()

    @property
    def categories(self) -> list[str]:
        """Names of the categories by their ids."""
        return [category.name for category in self._service.project(author=self._settings.author).categories]

    def add_category(self, name: str, *, supercategory: str = "", colour: str | None = None) -> None:
        """Add a category unless it is there.

        Args:
            colour: `#rrggbb`; None: one that the others don't have.
        """
        if name not in self.categories:
            self._service.categories.add(name=name, supercategory=supercategory, colour=colour)

    def images(self, *, state: str | None = None, query: str | None = None) -> Iterator[ProjectImage]:
        """The images in natural order of their names, read a page at a time: memory does not grow with the project.

        Args:
            state: only `todo`, `in_progress`, `done`, `empty` or `broken` ones.
            query: only those with this in their name, in any case.
        """
        cursor: str | None = None
        while True:
            page = self._service.list_images(status=state, query=query, limit=_PAGE, cursor=cursor)
            for image in page.items:
                yield ProjectImage(self, image)
            cursor = page.cursor
            if cursor is None:
                return

    def __iter__(self) -> Iterator[ProjectImage]:
        return self.images()

    def image(self, name: str) -> ProjectImage:
        """The image with this path relative to the folder.

        Raises:
            NotFound: there is none.
        """
        for image in self.images(query=name):
            if image.name == name:
                return image
        raise NotFound(f"There is no image {name!r} in {str(self.folder)!r}; see `project.images()`, or `rescan()`.")

    def import_(
        self,
        format: str,
        path: str | Path,
        *,
        dry: bool = False,
        boxes: bool = False,
        progress: Progress = _silent,
    ) -> ImportReport:
        """Add a dataset's objects from a file, a folder or a zip archive; see `annotator import --help`.

        Raises:
            InvalidInput: the file is not of the format; nothing was changed.
            OSError: it can't be read.
        """
        from annotator.sessions.import_sources import import_path

        return import_path(
            self._service,
            Path(path),
            author=self._settings.author,
            format=format,
            dry=dry,
            boxes=boxes,
            progress=progress,
        )

    def export(
        self,
        format: str,
        out: str | Path = "exports",
        *,
        version: str | None = None,
        progress: Progress = _silent,
        **options: Any,
    ) -> ExportReport:
        """Write the project to `<out>/<project>/<format>/`; options are those of `annotator export FORMAT --help`.

        Args:
            version: name of the one to write; None: the project as it is now.

        Raises:
            InvalidInput: the format or an option is unknown, or there is nothing to export.
            ExportFailed: what was read back is not what is stored; nothing is left behind.
        """
        from annotator.sessions.exporting import export_folder

        return export_folder(
            self.folder,
            self._settings,
            format=format,
            out=Path(out),
            options=options,
            progress=progress,
            version=version,
        )

    def versions(self) -> list[Version]:
        """The named snapshots of the project, the newest first."""
        return self._service.versions.all()

    def create_version(self, name: str, message: str = "", *, progress: Progress = _silent) -> Version:
        """Keep the project as it is now under a name, for ever; `export(..., version=name)` gives the same files.

        Raises:
            Conflict: the name is taken.
            InvalidInput: the name can't be one.
        """
        return self._service.versions.create(
            author=self._settings.author, name=name, message=message, model=self._settings.model, progress=progress
        )

    def diff(self, before: str, after: str | None = None) -> list[Difference]:
        """What is not the same in two versions; without `after`, in a version and the project as it is now.

        Raises:
            NotFound: there is no such version.
        """
        return self._service.versions.diff(before, after)

    def restore(self, version: str, *, dry: bool = False) -> Restored:
        """Make the project what it was in a version; what is there now is kept as a version first.

        Raises:
            Conflict: objects that would change are locked.
            NotFound: there is no such version.
        """
        return self._service.versions.restore(
            author=self._settings.author, name=version, dry=dry, model=self._settings.model
        )

    def check(self, *settings: str, progress: Progress = _silent) -> list[Finding]:
        """What the quality rules find, as strict as the project says.

        Args:
            settings: other thresholds, as `annotator check --set` takes them: `"overlap.iou=0.5"`.
        """
        from annotator.quality.running import run
        from annotator.sessions.exporting import project_of

        with project_of(self.folder, self._settings) as source:
            return list(run(source, self._service.quality.thresholds().changed(list(settings)), progress))

    def statistics(self, progress: Progress = _silent) -> Statistics:
        """Figures of the dataset, as on the page of `annotator report`."""
        from annotator.quality.statistics import collect
        from annotator.sessions.exporting import project_of

        with project_of(self.folder, self._settings) as source:
            return collect(source, progress)

    def _objects(self, image_id: str) -> list[ProjectObject]:
        view = self._service.image(author=self._settings.author, image_id=image_id)
        names = {one.id: one.name for one in self._service.project(author=self._settings.author).categories}
        return [ProjectObject(one, names.get(one.category_id, "?")) for one in view.annotations]

    def _add(
        self, image_id: str, mask: npt.ArrayLike | Mask, category: str, score: float | None, key: str | None
    ) -> ProjectObject:
        whole = mask if isinstance(mask, Mask) else Mask.from_array(np.asarray(mask) > 0)
        added = self._service.editor.add(
            author=self._settings.author, image_id=image_id, category=category, mask=whole, score=score, key=key
        )
        return ProjectObject(added, category)
