"""What the server can be watched by: counters and histograms for Prometheus, made for each app anew."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from annotator.engine import Timing
from annotator.errors import AnnotatorError
from annotator.sessions.service import Service

_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 120)
_MODEL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)


class Metrics:
    """All figures of one app; `text` is what Prometheus reads."""

    def __init__(self, service: Service) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(_State(service))
        self._requests = Histogram(
            "annotator_request_seconds",
            "Time to answer a request.",
            ("method", "route", "status"),
            buckets=_REQUEST_SECONDS,
            registry=self._registry,
        )
        self._work = Histogram(
            "annotator_model_seconds",
            "Time that prompts spent: waiting in the queue, encoding their image, decoding.",
            ("step",),
            buckets=_MODEL_SECONDS,
            registry=self._registry,
        )
        self._failures = Counter(
            "annotator_failures", "Requests that failed by a fault of the server.", registry=self._registry
        )

    def watch_visitors(self, count: Callable[[], int]) -> None:
        """Tell how many visitors a public demo has."""
        Gauge("annotator_visitors", "Visitors of the demo.", registry=self._registry).set_function(count)

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(method, route, f"{status // 100}xx").observe(seconds)
        if status == 500:
            self._failures.inc()

    def prompt(self, timing: Timing) -> None:
        """Count a prompt that was answered."""
        self._work.labels("queue").observe(timing.queue / 1000)
        self._work.labels("decode").observe(timing.decode / 1000)
        if timing.encode > 0:
            self._work.labels("encode").observe(timing.encode / 1000)

    def encode(self, milliseconds: float) -> None:
        """Count an image that was encoded because somebody opened it."""
        self._work.labels("encode").observe(milliseconds / 1000)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)


class _State(Collector):
    """What is so at the moment it is asked for."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def describe(self) -> list[Metric]:
        return []  # asked for when it is registered, when nothing can be read yet

    def collect(self) -> Iterator[Metric]:
        engine = self._service.engine.figures()
        waiting = GaugeMetricFamily("annotator_queue_waiting", "Jobs that wait for the model.")
        waiting.add_metric([], engine.waiting)
        running = GaugeMetricFamily("annotator_queue_running", "Jobs on the device.")
        running.add_metric([], engine.running)
        memory = GaugeMetricFamily("annotator_embedding_bytes", "Memory that embeddings take.")
        memory.add_metric([], engine.embedding_bytes)
        yield from (waiting, running, memory)
        found = CounterMetricFamily("annotator_embeddings", "Where embeddings came from.", labels=["tier"])
        for tier, count in (("memory", engine.memory), ("disk", engine.disk), ("encoded", engine.encodes)):
            found.add_metric([tier], count)
        yield found
        yield CounterMetricFamily("annotator_decodes", "Prompts decoded.", value=engine.decodes)
        yield CounterMetricFamily("annotator_model_restarts", "Threads of models replaced.", value=engine.restarts)
        yield GaugeMetricFamily("annotator_threads", "Threads of the process.", value=threading.active_count())
        yield from self._project()

    def _project(self) -> Iterator[Metric]:
        try:
            counts = self._service.project(author="").counts
        except AnnotatorError:
            return  # /readyz says what is wrong with the database; the other figures are wanted now more than ever
        yield GaugeMetricFamily("annotator_objects", "Objects of the project.", value=counts.objects)
        images = GaugeMetricFamily("annotator_images", "Images of the project by state.", labels=["state"])
        for state in ("todo", "in_progress", "done", "empty", "broken"):
            images.add_metric([state], getattr(counts, state))
        yield images
