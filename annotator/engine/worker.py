"""A lane: one thread with a queue; what comes first is told in `annotator.engine.jobs`.

A device has two lanes, one that encodes images and one that decodes prompts, so that a click on an embedded image never
waits for somebody else's image. Within a lane one job runs at a time, which is what makes an image encoded once however
many ask: whoever comes second finds it in the cache. Only prompts that wait for the same model are decoded together,
where a GPU answers several as quickly as one.
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from annotator.engine.jobs import Job, Priority, Result, Shared, Turns, alike, size, supersedes
from annotator.errors import Busy, ModelProblem, Superseded

LOOK_SECONDS = 1.0
"""How often whoever waits looks whether the thread is still well."""


class Worker:
    """A thread and its queue.

    A thread that dies or hangs is replaced: whoever waits for its job gets an error, the queue goes on.

    Args:
        name: of the thread.
        limit: jobs that may wait; one more is refused, or drives out one that is less urgent or beyond a fair share.
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
        self._running: list[Job[Any]] = []
        self._numbers = itertools.count()
        self._turns = {priority: Turns() for priority in Priority}
        self._closed = False
        self._thread = self._start()

    def submit(self, job: Job[Result]) -> Future[Result]:
        """Queue a job; older waiting jobs of the same client that it makes pointless fail with Superseded.

        Raises:
            Busy: the queue is full of jobs that come before it, or the worker is closed.
            Superseded: a newer job of the same client is waiting already.
        """
        with self._changed:
            if self._closed:
                raise Busy("The engine is shutting down; try again when it is back.", retry_after=5.0)
            if any(supersedes(other, job) for other in self._waiting):
                raise Superseded("A newer request took this one's place.")
            dropped = [other for other in self._waiting if supersedes(job, other)]
            self._waiting = [other for other in self._waiting if other not in dropped]
            for other in self._running:
                other.stale = other.stale or supersedes(job, other)
            job.number = next(self._numbers)
            job.turn = self._turns[job.priority].of(job, dropped)
            evicted = self._make_room(job)
            self._waiting.append(job)
            self._turns[job.priority].take(job)
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
            jobs = self._running
            hangs = bool(jobs) and time.perf_counter() - jobs[0].started > self._patience
            if self._closed or (self._thread.is_alive() and not hangs):
                return
            self._running = []
            self.restarts += 1
            self._thread = self._start()
        for job in jobs:
            _fail(job, ModelProblem(f"The model gave no answer for {self._patience:g} s and was restarted; try again."))
        self._restarted()

    def waiting(self) -> list[Job[Any]]:
        """Jobs that wait, in no particular order."""
        with self._changed:
            return list(self._waiting)

    @property
    def running(self) -> list[Job[Any]]:
        """The jobs on the device: none, one, or several that are done together."""
        return list(self._running)

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
        if last.order <= job.order:
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
        while jobs := self._next(number):
            outcomes = _perform(jobs)
            with self._changed:
                if self._running is jobs:
                    self._running = []
            for job, outcome in zip(jobs, outcomes, strict=True):
                if isinstance(outcome, BaseException):
                    _fail(job, outcome)
                elif not job.future.done():  # else it was given up as hanging
                    job.future.set_result(outcome)
            del jobs, outcomes, job, outcome  # or the last result would stay in memory until the next job

    def _next(self, number: int) -> list[Job[Any]]:
        """The most urgent job and what can be done with it, once there is one; none when this thread is to end."""
        with self._changed:
            while number == self.restarts and not self._waiting:
                if self._closed:
                    return []
                self._changed.wait()
            if number != self.restarts:  # it was replaced while its job hung
                return []
            in_order = sorted(self._waiting, key=lambda other: other.order)
            jobs = [in_order[0], *(other for other in in_order[1:] if alike(in_order[0], other))]
            jobs = jobs[: size(jobs[0])]
            self._waiting = [job for job in self._waiting if job not in jobs]
            self._running = jobs
            self._turns[jobs[0].priority].serve(jobs)
            now = time.perf_counter()
            for job in jobs:
                job.started = now
                job.waited = (now - job.asked) * 1000
            return jobs


def _perform(jobs: list[Job[Any]]) -> Sequence[Any]:
    """For each job its result or its error: every error belongs to whoever asked."""
    first = jobs[0].run
    try:
        if isinstance(first, Shared):
            return first.do([job.run.item for job in jobs if isinstance(job.run, Shared)])
        return [first(jobs[0])]
    except BaseException as problem:
        return [problem] * len(jobs)


def _fail(job: Job[Any], problem: BaseException) -> None:
    if not job.future.done():
        job.future.set_exception(problem)


def _too_much() -> Busy:
    return Busy("Too many requests are waiting for the model; try again in a moment.", retry_after=1.0)
