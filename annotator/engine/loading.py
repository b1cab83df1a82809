"""The models in memory: each loaded once, on a thread of its own, when it is first needed."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout

from annotator.engine.predictor import Predictor
from annotator.engine.registry import Registry
from annotator.engine.values import ModelState
from annotator.errors import Busy, ModelProblem, OutOfMemory


class Models:
    """Predictors by name, for any thread.

    Args:
        registry: which models there are.
        device: `auto`, `cpu`, `cuda`, `mps`.
        precision: `auto`, `fp32`, `bf16`, `fp16`.
        given: a predictor that is there already, under its own name.
    """

    def __init__(
        self, *, registry: Registry, device: str = "auto", precision: str = "auto", given: Predictor | None = None
    ) -> None:
        self._registry = registry
        self._device = device
        self._precision = precision
        self._lock = threading.Lock()
        self._given = given
        self._loads: dict[str, Future[Predictor]] = {}
        self._steps: dict[str, str] = {}
        self._notices: dict[str, str] = {}
        if given is not None:
            self._loads[given.name] = Future()
            self._loads[given.name].set_result(given)

    def require(self, name: str) -> None:
        """Check that there is such a model, without loading it.

        Raises:
            NotFound: there is none.
        """
        if name not in self._loads:
            self._registry.find(name)

    def load(self, name: str) -> Future[Predictor]:
        """Begin to load the model unless that is done or under way; a failed one is tried again."""
        with self._lock:
            known = self._loads.get(name)
            if known is None or (known.done() and known.exception() is not None):
                known = self._begin(name, self._device)
            return known

    def get(self, name: str, *, timeout: float | None = None) -> Predictor:
        """The predictor, once it is loaded.

        Raises:
            ModelProblem: it can't be loaded; the message says the remedy. The next call tries again.
            Busy: it is still being loaded after `timeout` seconds.
        """
        future = self.load(name)
        try:
            return future.result(timeout)
        except FutureTimeout:
            step = self._steps.get(name, "Loading")
            raise Busy(f"The model is not ready yet ({step}); try again in a moment.", retry_after=5.0) from None

    def peek(self, name: str) -> Predictor | None:
        """The predictor if it is loaded."""
        future = self._loads.get(name)
        return future.result() if future is not None and future.done() and future.exception() is None else None

    def loaded(self) -> list[Predictor]:
        """All that are loaded."""
        return [predictor for name in list(self._loads) if (predictor := self.peek(name)) is not None]

    def state(self, name: str) -> ModelState:
        """How far the model is."""
        if self.peek(name) is not None:
            return "ready"
        future = self._loads.get(name)
        if future is None:
            return "unloaded"
        return "failed" if future.done() else "loading"

    def problem(self, name: str) -> str | None:
        """Why the last attempt to load it failed, if it did."""
        future = self._loads.get(name)
        problem = future.exception() if future is not None and future.done() else None
        return None if problem is None else str(problem)

    def step(self, name: str) -> str | None:
        """What loading the model is busy with, if it is."""
        return self._steps.get(name) if self.state(name) == "loading" else None

    def notice(self, name: str) -> str | None:
        """What people should know about how it runs, e.g. that it had to move to the CPU."""
        return self._notices.get(name)

    def device(self, name: str) -> str:
        """Where the model runs, or what was asked for while it is not loaded."""
        loaded = self.peek(name)
        return self._device if loaded is None else loaded.device

    def fall_back(self, name: str, problem: OutOfMemory) -> Predictor:
        """The model on the CPU, because its device has not enough memory.

        Raises:
            OutOfMemory: it runs on the CPU already.
        """
        with self._lock:
            before = self.peek(name)
            if before is not None and before.device != "cpu":
                where = before.device
                self._begin(name, "cpu")
                self._notices[name] = f"The memory of {where} is full: {name} runs on the CPU until the next start."
            elif before is not None and name not in self._notices:
                raise problem
        return self.get(name)

    def renew(self, device: str) -> None:
        """Forget the predictors of a device, one of which hangs; they are loaded anew when they are needed."""
        with self._lock:
            for name in list(self._loads):
                predictor = self.peek(name)
                if predictor is not None and predictor is not self._given and predictor.device == device:
                    del self._loads[name]

    def _begin(self, name: str, device: str) -> Future[Predictor]:
        future: Future[Predictor] = Future()
        self._loads[name] = future
        self._steps[name] = "Loading"
        threading.Thread(target=self._work, args=(name, device, future), name=f"load-{name}", daemon=True).start()
        return future

    def _work(self, name: str, device: str, future: Future[Predictor]) -> None:
        def note(step: str) -> None:
            self._steps[name] = step

        try:
            predictor = self._registry.load(name, device, precision=self._precision, progress=note)
        except MemoryError:
            future.set_exception(ModelProblem(f"The memory is not enough to load {name}; choose a smaller model."))
        except BaseException as problem:  # the thread's door: the error belongs to whoever asked
            future.set_exception(problem)
        else:
            future.set_result(predictor)
