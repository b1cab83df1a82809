"""The models in memory: each loaded once, when it is first needed."""

from __future__ import annotations

from pathlib import Path

from annotator.engine import registry
from annotator.engine.predictor import Predictor
from annotator.engine.values import ModelState
from annotator.errors import AnnotatorError


class Models:
    """Predictors by name. `get` is for the worker's thread only; everything else for any.

    Args:
        device: `auto`, `cpu`, `cuda`, `mps`.
        checkpoints: folder with the weights; None: the one that comes with annotator.
        given: a predictor that is there already, under its own name.
    """

    def __init__(self, *, device: str, checkpoints: Path | None, given: Predictor | None = None) -> None:
        self._device = device
        self._checkpoints = checkpoints
        self._loaded: dict[str, Predictor] = {} if given is None else {given.name: given}
        self._states: dict[str, ModelState] = {}
        self._problems: dict[str, str] = {}

    def require(self, name: str) -> None:
        """Check that there is such a model, without loading it.

        Raises:
            NotFound: there is none.
        """
        if name not in self._loaded:
            registry.find(name)

    def get(self, name: str) -> Predictor:
        """The predictor, loaded now if it was not yet.

        Raises:
            ModelProblem: it can't be loaded; the message says the remedy. The next call tries again.
        """
        loaded = self._loaded.get(name)
        if loaded is not None:
            return loaded
        self._states[name] = "loading"
        try:
            predictor = registry.load(name, self._device, checkpoints=self._checkpoints)
        except AnnotatorError as problem:
            self._states[name], self._problems[name] = "failed", problem.message
            raise
        self._problems.pop(name, None)
        self._loaded[name] = predictor
        return predictor

    def peek(self, name: str) -> Predictor | None:
        """The predictor if it is loaded."""
        return self._loaded.get(name)

    def state(self, name: str) -> ModelState:
        """How far the model is."""
        return "ready" if name in self._loaded else self._states.get(name, "unloaded")

    def problem(self, name: str) -> str | None:
        """Why the last attempt to load it failed, if it did."""
        return self._problems.get(name)

    def device(self, name: str) -> str:
        """Where the model runs, or what was asked for while it is not loaded."""
        loaded = self._loaded.get(name)
        if loaded is not None:
            return loaded.device
        return "cpu" if self._device == "auto" and registry.find(name).kind != "sam2" else self._device
