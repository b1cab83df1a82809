"""The two lanes of each device: one encodes images, one decodes prompts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from annotator.engine.jobs import Job
from annotator.engine.worker import Worker


@dataclass(frozen=True, slots=True)
class DeviceLanes:
    """The threads of one device."""

    encode: Worker
    decode: Worker


class Lanes:
    """Lanes by device, made when they are first needed.

    Args:
        limit: jobs that may wait in each.
        restarted: called with the device after one of its threads had to be replaced.
        patience: seconds after which an encode and a decode count as hanging.
    """

    def __init__(
        self,
        *,
        limit: int,
        restarted: Callable[[str], None],
        patience: tuple[float, float],
    ) -> None:
        self._limit = limit
        self._restarted = restarted
        self._patience = patience
        self._lock = threading.Lock()
        self._lanes: dict[str, DeviceLanes] = {}
        self._closed = False

    def of(self, device: str) -> DeviceLanes:
        """The lanes of a device."""
        with self._lock:
            if device not in self._lanes:
                self._lanes[device] = DeviceLanes(
                    self._worker(f"encode-{device}", device, self._patience[0]),
                    self._worker(f"decode-{device}", device, self._patience[1]),
                )
                if self._closed:
                    self._close(self._lanes[device])
            return self._lanes[device]

    def waiting(self) -> list[Job[Any]]:
        """Jobs that wait, in no particular order."""
        return [job for worker in self._workers() for job in worker.waiting()]

    def running(self) -> list[Job[Any]]:
        """Jobs on a device."""
        return [job for worker in self._workers() for job in worker.running]

    @property
    def restarts(self) -> int:
        """Threads replaced so far."""
        return sum(worker.restarts for worker in self._workers())

    def close(self) -> None:
        """Fail what waits with Busy and let what runs end."""
        with self._lock:
            self._closed = True
            lanes = list(self._lanes.values())
        for pair in lanes:
            self._close(pair)

    def _worker(self, name: str, device: str, patience: float) -> Worker:
        return Worker(name=name, limit=self._limit, patience=patience, restarted=lambda: self._restarted(device))

    def _workers(self) -> list[Worker]:
        with self._lock:
            return [worker for lanes in self._lanes.values() for worker in (lanes.encode, lanes.decode)]

    @staticmethod
    def _close(lanes: DeviceLanes) -> None:
        lanes.encode.close()
        lanes.decode.close()
