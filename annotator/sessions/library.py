"""The images of one folder: finding them, keeping their list true, handing out pixels. Files are never changed."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from annotator.domain.project import Image
from annotator.engine import ImageSource
from annotator.engine.predictor import RGBArray
from annotator.errors import ImageProblem, InvalidInput, NotFound, StorageProblem
from annotator.images.decode import decode
from annotator.images.discover import discover
from annotator.images.display import DisplayFile, display_image
from annotator.images.thumbnails import THUMBNAIL_LONGEST, thumbnail
from annotator.sessions.census import GONE, Census, Seen
from annotator.sessions.together import announce
from annotator.store import image_rows
from annotator.store.database import Database

T = TypeVar("T")

_BATCH = 50


@dataclass(frozen=True, slots=True)
class ScanStatus:
    """How far the look through the folder is; `total` is 0 while names are being collected."""

    state: str = "scanning"
    done: int = 0
    total: int = 0


class Library:
    """The images of the folder `root`, kept as rows of `project_id`.

    Args:
        cache: folder for thumbnails and display copies; may be emptied at any time.
        listed: whether the rows are taken as they are, and the folder is not looked through.
    """

    def __init__(self, *, root: Path, cache: Path, database: Database, project_id: str, listed: bool = False) -> None:
        self.root = root.resolve()
        self._cache = cache
        self._database = database
        self._project_id = project_id
        self._status = ScanStatus("ready" if listed else "scanning")
        self._stop = threading.Event()
        self._scanning = threading.Lock()
        self._listed = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def status(self) -> ScanStatus:
        """How far the look through the folder is."""
        return self._status

    def start(self) -> None:
        """Look through the folder in the background, then decode what was never decoded to find broken files."""
        self._thread = threading.Thread(target=self._work, name="library", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the background work and wait for it."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def wait(self, timeout: float) -> bool:
        """Whether the folder has been looked through, once that is so or `timeout` seconds have passed."""
        return self._listed.wait(timeout)

    def scan(self, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Bring the rows in line with the files: new, changed, moved and vanished ones."""
        with self._scanning:
            self._status = ScanStatus()
            files = [(path, path.relative_to(self.root).as_posix()) for path in discover(self.root)]
            with self._database.read() as connection:
                rows = image_rows.files(connection, self._project_id)
            census = Census(rows, {name for _, name in files})
            done = 0
            for batch in _batches(files, _BATCH):
                self._save(seen for path, name in batch if (seen := census.look(path, name)) is not None)
                done += len(batch)
                self._status = ScanStatus("scanning", done, len(files))
                progress(done, len(files))
                if self._stop.is_set():
                    return
            with self._database.write() as connection:
                for image_id in census.gone():
                    image_rows.set_problem(connection, image_id, GONE)
            self._status = ScanStatus("ready", len(files), len(files))
            self._listed.set()

    def verify(self) -> None:
        """Decode every image that was never decoded, one after the other; broken ones get their reason."""
        with self._database.read() as connection:
            rows = image_rows.files(connection, self._project_id)
        for row in rows:
            if self._stop.is_set():
                return
            if row.verified or row.problem:
                continue
            try:
                self.thumbnail(row.id)
            except (ImageProblem, NotFound):
                continue  # the reason is in its row now
            with self._database.write() as connection:
                image_rows.set_verified(connection, row.id)

    def source(self, image: Image) -> ImageSource:
        """What the engine needs to encode an image.

        Raises:
            ImageProblem: it can't be shown.
        """
        image = self.look_again(image)
        _require_shown(image)
        return ImageSource(
            key=image.source_hash, width=image.width, height=image.height, load=lambda: self._pixels(image)
        )

    def thumbnail(self, image_id: str, *, longest: int = THUMBNAIL_LONGEST) -> Path:
        """A small JPEG of the image, its longest side at most `longest` pixels.

        Raises:
            NotFound: there is no such image.
            ImageProblem: it can't be decoded; the reason is kept with the image.
        """
        image = self._image(image_id)
        folder = self._cache / "thumbnails"
        return self._remembering(image, lambda: thumbnail(self.path(image), folder, image.source_hash, longest=longest))

    def display(self, image_id: str, *, full: bool = False) -> DisplayFile:
        """The picture as the browser shows it: the file itself where a browser can, else a copy from the cache.

        Args:
            full: not scaled down, however large it is.

        Raises:
            NotFound: there is no such image.
            ImageProblem: it can't be decoded; the reason is kept with the image.
        """
        image = self._image(image_id)
        folder = self._cache / "display"
        return self._remembering(image, lambda: display_image(self.path(image), folder, image.source_hash, full=full))

    def path(self, image: Image) -> Path:
        """The image's file.

        Raises:
            NotFound: the name leads out of the folder (a link put there later).
        """
        path = (self.root / image.name).resolve()
        if not path.is_relative_to(self.root):
            raise NotFound(f"“{image.name}” leads out of the project's folder; put the picture itself there.")
        return path

    def add(self, filename: str, content: bytes) -> Image:
        """Write an uploaded file into the folder under a free name, and list it.

        Raises:
            ImageProblem: the content can't be shown as an image; nothing is kept.
            InvalidInput: the name is not usable.
        """
        with self._scanning:
            target = self._free_path(filename)
            try:
                target.write_bytes(content)
            except OSError as error:
                raise StorageProblem(
                    f"“{target.name}” can't be written: {error.strerror}. Make room or change the folder's rights."
                ) from error
            try:
                decode(target)
                with self._database.read() as connection:
                    rows = image_rows.files(connection, self._project_id)
                seen = Census(rows, {row.name for row in rows}).look(target, target.name)
                assert seen is not None
                self._save([seen])
            except BaseException:
                target.unlink(missing_ok=True)
                raise
        return self._image(seen.image.id)

    def look_again(self, image: Image) -> Image:
        """The image as it is now: one whose file was away and is back can be shown again.

        Where one file is back others are too (a disk was mounted again): they are looked for in the background.
        """
        if image.problem != GONE:
            return image
        with self._database.read() as connection:
            listed = image_rows.file_of(connection, image.id)
        try:
            found = self.path(image).stat()
        except (OSError, NotFound):
            return image
        if (found.st_size, found.st_mtime_ns) != listed:
            return image
        with self._database.write() as connection:
            image_rows.set_problem(connection, image.id, None)
        if self._thread is not None and not self._thread.is_alive():
            self.start()
        return self._image(image.id)

    def _work(self) -> None:
        try:
            self.scan()
            self.verify()
        except StorageProblem:
            # Every request to the same database says so to the person; a thread has nobody to tell.
            self._status = replace(self._status, state="failed")

    def _save(self, seen: Iterable[Seen]) -> None:
        found = list(seen)  # files are read before the transaction begins, so that nobody's accept waits for them
        with self._database.write() as connection:
            for one in found:
                image_rows.save_file(
                    connection, self._project_id, one.image, bytes=one.bytes, modified_ns=one.modified_ns
                )
            if found:
                announce(connection, self._project_id, "images", image_id=None, author="")

    def _pixels(self, image: Image) -> RGBArray:
        decoded = self._remembering(image, lambda: decode(self.path(image)))
        height, width = decoded.pixels.shape[:2]
        if (width, height) != (image.width, image.height):
            raise ImageProblem(
                f"“{image.name}” is {width}×{height} now but was {image.width}×{image.height} when it was listed;"
                " restart to list it anew."
            )
        return decoded.pixels

    def _image(self, image_id: str) -> Image:
        with self._database.read() as connection:
            return image_rows.get(connection, image_id)

    def _remembering(self, image: Image, make: Callable[[], T]) -> T:
        """Run `make`; keep the reason with the image when it fails."""
        _require_shown(self.look_again(image))
        try:
            return make()
        except ImageProblem as problem:
            reason = problem.message if self.path(image).exists() else GONE
            with suppress(StorageProblem), self._database.write() as connection:
                image_rows.set_problem(connection, image.id, reason)
            raise

    def _free_path(self, filename: str) -> Path:
        name = unicodedata.normalize("NFC", filename.replace("\\", "/").rsplit("/", 1)[-1]).strip().lstrip(".")
        if not name or not name.isprintable() or len(name.encode()) > 200:
            raise InvalidInput("The file's name is not usable; give it a short printable name.", field="file")
        target = self.root / name
        for number in range(2, 10_000):
            if not target.exists():
                return target
            target = self.root / f"{Path(name).stem} ({number}){Path(name).suffix}"
        raise InvalidInput(f"There are too many files named “{name}”; give it another name.", field="file")


def _require_shown(image: Image) -> None:
    if image.problem is not None:
        raise ImageProblem(image.problem)


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
