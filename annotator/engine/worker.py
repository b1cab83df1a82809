"""A lane: one thread with a priority queue, click > hover > open > prefetch, first come first served within.

A device has two lanes, one that encodes images and one that decodes prompts, so that a click on an embedded image never
waits for somebody else's image. Within a lane one job runs at a time. That is what makes an image encoded once however
many ask: whoever comes second finds it in the cache.
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Generic, TypeVar

from annotator.errors import Busy, ModelProblem, Superseded

Result = TypeVar("Result")

LOOK_SECONDS = 1.0
"""How often whoever waits looks whether the thread is still well."""


class Priority(IntEnum):
    """What somebody is waiting for comes first; lower is sooner."""

    CLICK = 0
    HOVER = 1
    OPEN = 2
    PREFETCH = 3


@dataclass(eq=False, slots=True)
class Job(Generic[Result]):
    """A request in the queue or on the device.

    Attributes:
        run: does the work on the worker's thread; it gets the job itself.
        image: key of the image it is about.
        client, seq: who asked, and the number of the request; None: never superseded.
        waited: milliseconds between the request and the start of `run`.
        started: when `run` began, by the clock of `time.perf_counter`.
    """

    run: Callable[[Job[Result]], Result]
    priority: Priority
    image: str | None = None
    client: str | None = None
    seq: int | None = None
    number: int = 0
    asked: float = field(default_factory=time.perf_counter)
    waited: float = 0.0
    started: float = 0.0
    stale: bool = False
    future: Future[Result] = field(default_factory=Future)

    @property
    def order(self) -> tuple[int, int]:
        """Position in the queue: smaller is sooner."""
        return self.priority, self.number

    def require_fresh(self) -> None:
        """Stop before the next costly step if nobody wants the answer any more.

        Raises:
            Superseded: a newer request took its place, or the one who asked gave up.
        """
        if self.stale:
            raise Superseded("A newer request took this one's place.")


class Worker:
    """A thread and its queue.

    A thread that dies or hangs is replaced: whoever waits for its job gets an error, the queue goes on.

    Args:
        name: of the thread.
        limit: jobs that may wait; one more is refused, or drives out a less urgent one.
        patience: seconds after which a running job counts as hanging.
        restarted: called after the thread was replaced.

    Attributes:
        restarts: threads replaced so far.
    """

    def __init__(
        self,
        *,
        name: str = "device",
        limit: int = 64,
        patience: float = 180.0,
        restarted: Callable[[], None] = lambda: None,
    ) -> None:
        self.limit = limit
        self.restarts = 0
        self._name = name
        self._patience = patience
        self._restarted = restarted
        self._changed = threading.Condition()
        self._waiting: list[Job[Any]] = []
        self._running: Job[Any] | None = None
        self._numbers = itertools.count()
        self._closed = False
        self._thread = self._start()

    def submit(self, job: Job[Result]) -> Future[Result]:
        """Queue a job; older waiting jobs of the same client that it makes pointless fail with Superseded.

        Raises:
            Busy: the queue is full of jobs that are as urgent, or the worker is closed.
            Superseded: a newer job of the same client is waiting already.
        """
        with self._changed:
            if self._closed:
                raise Busy("The engine is shutting down; try again when it is back.", retry_after=5.0)
            if any(_supersedes(other, job) for other in self._waiting):
                raise Superseded("A newer request took this one's place.")
            dropped = [other for other in self._waiting if _supersedes(job, other)]
            self._waiting = [other for other in self._waiting if other not in dropped]
            if self._running is not None and _supersedes(job, self._running):
                self._running.stale = True
            evicted = self._make_room(job)
            job.number = next(self._numbers)
            self._waiting.append(job)
            self._changed.notify_all()
        for other in dropped:
            _fail(other, Superseded("A newer request took this one's place."))
        if evicted is not None:
            _fail(evicted, _too_much())
        return job.future

    def wait(self, job: Job[Result], *, timeout: float | None) -> Result:
        """Submit a job and wait for its result.

        Raises:
            Busy: see `submit`, or it took longer than `timeout` seconds (a job that still waits is then dropped).
            Superseded: see `submit`.
            Exception: whatever the job raised.
        """
        future = self.submit(job)
        end = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            try:
                return future.result(max(0.0, min(left, LOOK_SECONDS)))
            except FutureTimeout:
                if future.done():  # the job itself raised a TimeoutError, or ended just now
                    return future.result()
                self.rescue()
            if left <= LOOK_SECONDS:
                self._give_up(job)
                raise Busy(f"The model did not answer within {timeout:g} seconds; try again.", retry_after=5.0)

    def rescue(self) -> None:
        """Replace the thread if it died or hangs. Called by everybody who waits; there is no watchdog to watch."""
        with self._changed:
            job = self._running
            hangs = job is not None and time.perf_counter() - job.started > self._patience
            if self._closed or (self._thread.is_alive() and not hangs):
                return
            self._running = None
            self.restarts += 1
            self._thread = self._start()
        if job is not None:
            _fail(job, ModelProblem(f"The model gave no answer for {self._patience:g} s and was restarted; try again."))
        self._restarted()

    def waiting(self) -> list[Job[Any]]:
        """Jobs that wait, in no particular order."""
        with self._changed:
            return list(self._waiting)

    @property
    def running(self) -> Job[Any] | None:
        """The job on the device, if any."""
        return self._running

    def close(self, *, timeout: float = 10.0) -> None:
        """Fail what waits with Busy, let the running job end, stop the thread."""
        with self._changed:
            self._closed = True
            dropped, self._waiting = self._waiting, []
            self._changed.notify_all()
        for job in dropped:
            _fail(job, Busy("The engine is shutting down; try again when it is back.", retry_after=5.0))
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _make_room(self, job: Job[Any]) -> Job[Any] | None:
        if len(self._waiting) < self.limit:
            return None
        last = max(self._waiting, key=lambda other: other.order)
        if last.priority <= job.priority:
            raise _too_much()
        self._waiting.remove(last)
        return last

    def _give_up(self, job: Job[Any]) -> None:
        with self._changed:
            job.stale = True
            if job in self._waiting:
                self._waiting.remove(job)

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._loop, args=(self.restarts,), name=f"annotator-{self._name}", daemon=True)
        thread.start()
        return thread

    def _loop(self, number: int) -> None:
        while (job := self._next(number)) is not None:
            try:
                result = job.run(job)
            except BaseException as problem:  # the thread's door: every error belongs to whoever asked
                self._ended(job)
                _fail(job, problem)
            else:
                self._ended(job)
                if not job.future.done():  # else it was given up as hanging
                    job.future.set_result(result)
            del job  # or the last result would stay in memory until the next job

    def _next(self, number: int) -> Job[Any] | None:
        """The most urgent job, once there is one; None when the thread with this number is to end."""
        with self._changed:
            while number == self.restarts and not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            if number != self.restarts:  # it was replaced while its job hung
                return None
            job = min(self._waiting, key=lambda other: other.order)
            self._waiting.remove(job)
            self._running = job
            job.started = time.perf_counter()
            job.waited = (job.started - job.asked) * 1000
            return job

    def _ended(self, job: Job[Any]) -> None:
        with self._changed:
            if self._running is job:
                self._running = None


def _supersedes(new: Job[Any], old: Job[Any]) -> bool:
    """A newer request of the same client for something at least as urgent; a hover must not cost a click its answer."""
    return (
        new.client is not None
        and new.client == old.client
        and new.seq is not None
        and old.seq is not None
        and new.seq > old.seq
        and new.priority <= old.priority
    )


def _fail(job: Job[Any], problem: BaseException) -> None:
    if not job.future.done():
        job.future.set_exception(problem)


def _too_much() -> Busy:
    return Busy("Too many requests are waiting for the model; try again in a moment.", retry_after=1.0)
