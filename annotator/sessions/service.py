"""The service: one project folder, its engine and its database, and the verbs that the API, the UI and the CLI call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from annotator.config import Settings
from annotator.domain.project import IMAGE_STATES
from annotator.domain.prompt import Prompt
from annotator.engine import EmbedResult, Engine, ImageSource, ImageState, Prediction
from annotator.errors import AnnotatorError, Conflict, InvalidInput, NotFound, StorageProblem
from annotator.exporters.base import ExportReport
from annotator.sessions import exporting
from annotator.sessions.accounts import Accounts
from annotator.sessions.allowance import Allowance
from annotator.sessions.categories import Categories
from annotator.sessions.changing import Recorder
from annotator.sessions.combining import Combiner
from annotator.sessions.drafting import Drafts
from annotator.sessions.editing import Editor, read_history
from annotator.sessions.exporting import ExportJob
from annotator.sessions.folders import database_url, disk_tier, make_data_folder, project_slug, registry_of
from annotator.sessions.library import Library
from annotator.sessions.prefetch import Prefetcher
from annotator.sessions.quality import Quality
from annotator.sessions.readiness import Readiness
from annotator.sessions.reviewing import Reviewer
from annotator.sessions.together import Together, announce
from annotator.sessions.versions import Versions
from annotator.sessions.views import ImageView, ProjectView
from annotator.store import annotation_rows, history_rows, image_rows, project_rows
from annotator.store.database import Database

LISTS = (*IMAGE_STATES, "broken", "returned")
"""What lists of images can be about; `returned`: with rejected objects of the person who asks."""


class Service:
    """One open project. Made by `Service.open`; `close` it when done.

    Args:
        cache: where thumbnails and display copies are; in `data` unless given.
        allowance: what may be done with it, in a visitor's; None: everything.
        first: name of the image to show somebody who has not been here before.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        folder: Path,
        data: Path,
        database: Database,
        engine: Engine,
        cache: Path | None = None,
        allowance: Allowance | None = None,
        first: str | None = None,
    ) -> None:
        self.settings = settings
        self.allowance = allowance
        self.folder = folder.resolve()
        self.name = self.folder.name or "project"
        self.engine = engine
        self._database = database
        self._first = first
        with database.read() as connection:
            known = project_rows.first_id(connection)
        self.project_id = known or project_slug(self.name)
        with database.write() as connection:
            self.since = project_rows.ensure(
                connection, project_id=self.project_id, name=self.name, anew=allowance is not None
            )
        self.library = Library(
            root=folder,
            cache=cache or data / "cache",
            database=database,
            project_id=self.project_id,
            listed=allowance is not None,
        )
        self._prefetcher = Prefetcher(engine=engine, source_of=self._source)
        self.accounts = Accounts(database=database)
        self.categories = Categories(database=database, project_id=self.project_id)
        recorder = Recorder(database=database, project_id=self.project_id, allowance=allowance)
        self.drafts = Drafts(recorder=recorder, engine=engine, library=self.library)
        self.editor = Editor(recorder)
        self.combiner = Combiner(recorder)
        self.quality = Quality(
            database=database,
            project_id=self.project_id,
            folder=self.folder,
            editor=self.editor,
            set_state=self.set_state,
        )
        self.versions = Versions(database=database, project_id=self.project_id)
        self.together = Together(database=database, project_id=self.project_id)
        self.readiness = Readiness(
            database=database, project_id=self.project_id, engine=engine, folder=self.folder, data=data
        )
        self.reviewer = Reviewer(recorder=recorder, library=self.library)

    @property
    def database_url(self) -> str:
        """Where the project is kept, for work in other processes."""
        return self._database.url

    @classmethod
    def open(cls, folder: Path, settings: Settings, *, engine: Engine | None = None) -> Service:
        """Open a folder of images as a project; its data is kept in `<folder>/.annotator` unless set otherwise.

        Raises:
            NotFound: there is no such folder.
            StorageProblem: the data folder can't be written.
        """
        data = make_data_folder(folder, settings)
        engine = engine or Engine(
            model=settings.model,
            device=settings.device,
            precision=settings.precision,
            cache_bytes=settings.cache_mb << 20,
            registry=registry_of(settings),
            disk=disk_tier(data, settings),
        )
        with ExitStack() as undo:
            undo.callback(engine.close)
            database = Database(database_url(folder, settings))
            undo.callback(database.close)
            service = cls(settings=settings, folder=folder, data=data, database=database, engine=engine)
            undo.pop_all()
        return service

    def start(self, *, first: str | None = None) -> None:
        """Load the model and look through the folder, both in the background.

        Args:
            first: name of the image to show somebody who has not been here before.
        """
        self._first = first
        self.engine.warm_up()
        self.library.start()

    def expect(self, author: str) -> None:
        """Somebody is about to look: embed the image that they will see first, in the background."""
        threading.Thread(target=self._expect, args=(author,), name="expect", daemon=True).start()

    def _expect(self, author: str) -> None:
        image_id = self.project(author=author).last_image
        if image_id is None and self.library.wait(60):
            page = self.list_images(status=None, query=None, limit=1, cursor=None)
            image_id = self.project(author=author).last_image or (page.items[0].id if page.items else None)
        if image_id is not None:
            with suppress(AnnotatorError):  # whoever opens the image is told
                self.embed(image_id=image_id)

    def close(self) -> None:
        """Finish what is running and let go of the files."""
        self.together.feed.close()
        self.library.close()
        self._prefetcher.close()
        self.engine.close()
        self._database.close()

    # ---- reading

    def project(self, *, author: str, project_id: str | None = None) -> ProjectView:
        """The project as `author` sees it.

        Raises:
            NotFound: `project_id` is not the open project's.
        """
        self.require_project(project_id)
        with self._database.read() as connection:
            return ProjectView(
                id=self.project_id,
                name=self.name,
                author=author,
                categories=project_rows.list_categories(connection, self.project_id),
                counts=image_rows.counts(connection, self.project_id, author=author),
                last_image=project_rows.place(connection, self.project_id, author)
                or image_rows.find(connection, self.project_id, self._first),
            )

    def require_project(self, project_id: str | None) -> None:
        """Check that the project is the open one.

        Raises:
            NotFound: it is not.
        """
        if project_id not in (None, self.project_id):
            raise NotFound(f"There is no project {project_id!r} here; this server has {self.project_id!r}.")

    def list_images(
        self, *, status: str | None, query: str | None, limit: int, cursor: str | None, author: str | None = None
    ) -> image_rows.Page:
        """A page of the image list in natural order of names.

        Raises:
            InvalidInput: the status is unknown.
        """
        if status is not None and status not in LISTS:
            known = ", ".join(LISTS)
            raise InvalidInput(f"The status {status!r} is unknown; use one of {known}.", field="status")
        with self._database.read() as connection:
            return image_rows.page(
                connection, self.project_id, status=status, query=query, limit=limit, cursor=cursor, author=author
            )

    def image(self, *, author: str, image_id: str) -> ImageView:
        """An image with its annotations, the person's draft and history.

        Raises:
            NotFound: there is no such image.
        """
        with self._database.read() as connection:
            return ImageView(
                image=image_rows.get(connection, image_id),
                annotations=list(annotation_rows.of_image(connection, image_id)),
                draft=history_rows.draft(connection, image_id, author),
                history=read_history(connection, author=author, image_id=image_id),
            )

    def open_image(self, *, author: str, image_id: str) -> ImageView:
        """`image`, and remember that the person is there: the next visit resumes at it."""
        view = self.image(author=author, image_id=image_id)
        if view.image.problem is not None:
            return replace(view, image=self.library.look_again(view.image))
        with suppress(StorageProblem), self._database.write() as connection:  # who only looks can go on looking
            project_rows.set_place(connection, self.project_id, author, image_id)
        return view

    # ---- the model

    def embed(
        self,
        *,
        image_id: str,
        author: str | None = None,
        model: str | None = None,
        client: str | None = None,
        ahead: Sequence[str] = (),
    ) -> EmbedResult:
        """Wait until prompts on the image are answered without encoding it.

        Args:
            author: who asks; people who ask at once are answered in turns.
            client: the tab that has opened the image; what they wished for before is forgotten.
            ahead: images that they will open next, the likeliest first; embedded while nobody clicks.

        Raises:
            NotFound: an image is unknown.
            Superseded: the client has opened another image meanwhile.
        """
        turn = None if client is None else self._prefetcher.forget(client)
        opener = None if client is None else f"open {client}"  # opening and clicking are counted apart
        result = self.engine.embed(self._source(image_id), model=model, client=opener, seq=turn, person=author)
        if client is not None and self.settings.prefetch > 0:
            self._prefetcher.wish(client, ahead, model=model, turn=turn)
        return result

    def embedding(self, *, image_id: str, model: str | None = None) -> tuple[ImageState, int]:
        """How far an image is, and while it is queued how many jobs come before it.

        Raises:
            NotFound: the image is unknown.
        """
        key = self._source(image_id).key
        return self.engine.image_state(key, model=model), self.engine.ahead(key)

    def _source(self, image_id: str) -> ImageSource:
        with self._database.read() as connection:
            image = image_rows.get(connection, image_id)
        return self.library.source(image)

    def predict(
        self,
        *,
        image_id: str,
        prompt: Prompt,
        author: str | None = None,
        mask_of: int | None = None,
        multimask: bool | None = None,
        model: str | None = None,
        client: str | None = None,
        seq: int | None = None,
        hover: bool = False,
    ) -> Prediction:
        """Candidates for a prompt; changes nothing.

        Args:
            author: who asks; people who ask at once are answered in turns.
            mask_of: annotation whose mask is the prompt's mask.
            multimask: three candidates, one, or (None) whatever suits the prompt.
            client, seq: a newer request of the same client drops an older one that still waits.

        Raises:
            BadPrompt: the prompt does not fit the image.
            NotFound: the image, the annotation or the model is unknown.
            Superseded: a newer request took its place.
        """
        with self._database.read() as connection:
            image = image_rows.get(connection, image_id)
            if mask_of is not None:
                annotation = annotation_rows.get(connection, mask_of)
                if annotation.image_id != image_id:
                    raise NotFound(f"Object {mask_of} is not on this image.", field="mask.annotation")
                prompt = replace(prompt, mask=annotation.mask)
        prompt.require_answerable(width=image.width, height=image.height)
        self._prefetcher.hold()
        return self.engine.predict(
            self.library.source(image),
            prompt,
            multimask=multimask,
            model=model,
            client=client,
            seq=seq,
            person=author,
            hover=hover,
        )

    def set_state(self, *, author: str, image_id: str, state: str) -> None:
        """Say how far the work on an image is.

        Raises:
            Conflict: it is to be `empty` but has objects.
            InvalidInput: the state is unknown.
        """
        if state not in IMAGE_STATES:
            raise InvalidInput(f"The state {state!r} is unknown; use one of {', '.join(IMAGE_STATES)}.", field="state")
        with self._database.write() as connection:
            image = image_rows.get(connection, image_id)
            if state == "empty" and image.objects:
                raise Conflict(f"“{image.name}” has {image.objects} objects; delete them before you mark it as empty.")
            image_rows.set_state(connection, image_id, state)
            announce(connection, self.project_id, "image", image_id=image_id, author=author)

    # ---- export

    def export(
        self,
        *,
        format: str,
        out: Path,
        options: dict[str, Any] | None = None,
        version: str | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> ExportReport:
        """Write the project to `<out>/<project>/<format>/`, in a process of its own so that nobody's clicks wait.

        Args:
            version: name of the one to write; None: the project as it is now.

        Raises:
            InvalidInput: the format or an option is unknown, or there is nothing to export.
            ExportFailed: the written file did not agree with the store; it was removed.
            NotAllowed, Busy: a visitor asks for more than they may have, or it is another's turn.
        """
        job = ExportJob(
            folder=self.folder,
            database_url=self._database.url,
            project_id=self.project_id,
            project_name=self.name,
            model=self.engine.model,
            format=format,
            target=out / self.name / format,
            options=options or {},
            version=version,
        )
        return exporting.run_elsewhere(job, progress, self.allowance)
