"""The quality rules of a project: how strict they are, what they find, and mending it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from annotator.config import Settings
from annotator.domain import mask_edit
from annotator.domain.annotation import Annotation
from annotator.domain.mask import Mask
from annotator.errors import AnnotatorError, Conflict, ImageProblem, NotFound, StorageProblem
from annotator.exporters.base import ExportImage, ExportSource
from annotator.images.near_duplicates import hash_file
from annotator.quality.findings import Finding
from annotator.quality.running import run
from annotator.quality.thresholds import Thresholds
from annotator.sessions.editing import Editor
from annotator.sessions.exporting import opened_project
from annotator.sessions.processes import run_in_process
from annotator.sessions.sources import StoreSource
from annotator.store import annotation_rows, finding_rows
from annotator.store.database import Database, now
from annotator.store.finding_rows import StoredFinding

MAX_FIXED = 1000
"""Findings that are mended in one request."""
_CLEAN_UPS = {"fill_holes": "holes", "remove_specks": "specks"}
"""Fixes that need a threshold, and the rule that it belongs to."""


@dataclass(frozen=True, slots=True)
class Checking:
    """How far a run of the rules is.

    Attributes:
        state: `idle`, `running` or `failed`.
        message: why it failed.
    """

    state: str = "idle"
    done: int = 0
    total: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of fixes: ids of findings that are taken care of, and reasons for the others by their ids."""

    fixed: list[int]
    refused: dict[int, str]


class Quality:
    """Runs the rules of a project and mends what they find."""

    def __init__(
        self, *, database: Database, project_id: str, folder: Path, editor: Editor, set_state: Callable[..., None]
    ) -> None:
        self._database = database
        self._project_id = project_id
        self._folder = folder
        self._editor = editor
        self._set_state = set_state
        self._checking = Checking()
        self._lock = threading.Lock()

    @property
    def checking(self) -> Checking:
        """How far the run is that goes on."""
        return self._checking

    def thresholds(self) -> Thresholds:
        """How strict the rules are in this project."""
        with self._database.read() as connection:
            kept = finding_rows.project_settings(connection, self._project_id).get("thresholds")
        return Thresholds() if kept is None else Thresholds.from_json(kept)

    def keep_thresholds(self, thresholds: Thresholds) -> None:
        """Keep how strict the rules are with the project; defaults are not kept, so that better ones can come."""
        value = None if thresholds == Thresholds() else thresholds.to_json()
        with self._database.write() as connection:
            finding_rows.change_settings(connection, self._project_id, {"thresholds": value})

    def start(self) -> None:
        """Run the rules in the background, unless they run already."""
        with self._lock:
            if self._checking.state == "running":
                return
            self._checking = Checking("running")
        threading.Thread(target=self._run, name="check", daemon=True).start()

    def check(self, progress: Callable[[int, int], None] = lambda done, total: None) -> int:
        """Run the rules in a process of its own and keep what they find. Returns how many findings there are."""
        work = partial(check_at, self._database.url, self._project_id, self._folder, self.thresholds())
        ended = StorageProblem("The check ended early; what was found before is kept. Free memory and try again.")
        return run_in_process(work, progress, ended=ended)

    def _run(self) -> None:
        try:
            self.check(lambda done, total: self._show(Checking("running", done, total)))
        except AnnotatorError as error:
            self._show(Checking("failed", message=error.message))
        else:
            self._show(Checking())

    def _show(self, checking: Checking) -> None:
        self._checking = checking

    def checked(self) -> str | None:
        """When the rules ran last; ISO 8601, UTC."""
        with self._database.read() as connection:
            return finding_rows.made(connection, self._project_id)

    def counts(self) -> dict[str, int]:
        """How many findings each rule has."""
        with self._database.read() as connection:
            return finding_rows.counts(connection, self._project_id)

    def findings(self, *, rule: str, limit: int, offset: int) -> list[StoredFinding]:
        """Findings of a rule in the order in which they were found."""
        with self._database.read() as connection:
            return finding_rows.page(connection, self._project_id, rule=rule, limit=limit, offset=offset)

    def fix(self, *, author: str, ids: Sequence[int]) -> Mended:
        """Mend findings, each as a change that can be undone; those that can't be are left, with the reason."""
        with self._database.read() as connection:
            found = finding_rows.get_all(connection, self._project_id, ids)
        mended = Mended([], dict.fromkeys(set(ids) - {one.id for one in found}, "It was taken care of already."))
        gone: list[int] = []
        for one in found:
            try:
                self._fix(author, one)
            except AnnotatorError as error:
                mended.refused[one.id] = error.message
            else:
                mended.fixed.append(one.id)
                if one.details.get("fix") == "delete" and one.annotation_id is not None:
                    gone.append(one.annotation_id)
        with self._database.write() as connection:
            finding_rows.drop(connection, mended.fixed, gone)
        return mended

    def _fix(self, author: str, found: StoredFinding) -> None:
        fix = found.details.get("fix")
        if fix == "mark_empty" and found.image_id is not None:
            self._set_state(author=author, image_id=found.image_id, state="empty")
            return
        if fix is None or found.annotation_id is None:
            raise Conflict("There is no way to mend this by itself; open it and decide.")
        if found.stale:
            raise Conflict("The object was changed since the check; check again.")
        with self._database.read() as connection:
            annotation = annotation_rows.get(connection, found.annotation_id)
            others = annotation_rows.find_all(connection, found.details["others"])
        if fix in ("delete", "no_overlap") and len(others) < len(found.details["others"]):
            raise NotFound("The other object is not there any more; check again.")
        if fix == "delete":
            # Whoever moved the one that should stay may have made this one the only one of its kind.
            if any(other.updated > found.made for other in others.values()):
                raise Conflict("The other object was changed since the check; check again.")
            self._editor.delete(author=author, annotation_id=annotation.id, revision=annotation.revision)
            return
        mask = self._mended(fix, annotation, [one.mask for one in others.values()])
        if mask == annotation.mask:
            raise Conflict("There is nothing to mend as strict as the rules are now; check again.")
        self._editor.update(author=author, annotation_id=annotation.id, revision=annotation.revision, mask=mask)

    def _mended(self, fix: str, annotation: Annotation, others: list[Mask]) -> Mask:
        if fix == "no_overlap":
            return mask_edit.edited("subtract", annotation.mask, others=others).mask
        if fix not in _CLEAN_UPS:
            return mask_edit.edited(fix, annotation.mask).mask
        up_to = int(self.thresholds().get(_CLEAN_UPS[fix], "pixels"))
        return mask_edit.edited(fix, annotation.mask, up_to=up_to).mask


def thresholds_of(folder: Path, settings: Settings) -> Thresholds:
    """How strict the rules are in the project of a folder.

    Raises:
        NotFound: the folder is not a project yet.
    """
    with opened_project(folder, settings) as (database, project_id), database.read() as connection:
        kept = finding_rows.project_settings(connection, project_id).get("thresholds")
    return Thresholds() if kept is None else Thresholds.from_json(kept)


def keep_thresholds_of(folder: Path, settings: Settings, thresholds: Thresholds) -> None:
    """Keep how strict the rules are with the project of a folder.

    Raises:
        NotFound: the folder is not a project yet.
    """
    with opened_project(folder, settings) as (database, project_id), database.write() as connection:
        finding_rows.change_settings(connection, project_id, {"thresholds": thresholds.to_json()})


def check_at(
    url: str, project_id: str, folder: Path, thresholds: Thresholds, progress: Callable[[int, int], None]
) -> int:
    """Run the rules over a project in this process and keep what they find."""
    database = Database(url)
    made = now()
    try:
        with database.read() as connection:
            source = StoreSource(connection, folder=folder, project_id=project_id, name="", model="")
            ids = {image.name: image.id for image in source.images()}
            # In memory before the transaction begins: nobody's accept waits for the rules.
            found = [_row(one, ids) for one in findings_of(source, thresholds, folder, progress)]
        with database.write() as connection:
            finding_rows.change_settings(connection, project_id, {"checked": made})
            return finding_rows.replace(connection, project_id, found, made=made)
    finally:
        database.close()


def findings_of(
    source: ExportSource, thresholds: Thresholds, folder: Path | None, progress: Callable[[int, int], None]
) -> Iterator[Finding]:
    """What the rules find; pictures are compared where their folder is known."""
    return run(source, thresholds, progress, image_hash=None if folder is None else hashing(folder))


def hashing(folder: Path) -> Callable[[ExportImage], int | None]:
    """Perceptual hashes of the pictures in a folder; None for one that is not there, damaged or outside it."""
    top = folder.resolve()

    def image_hash(image: ExportImage) -> int | None:
        try:
            path = (top / image.name).resolve()
            return hash_file(path) if path.is_relative_to(top) and path.is_file() else None
        except (ImageProblem, OSError, ValueError):
            return None

    return image_hash


def _row(found: Finding, ids: dict[str, str]) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "severity": found.severity,
        "image_id": None if found.image is None else ids.get(found.image),
        "annotation_id": found.annotation,
        "details": found.to_json(),
    }
