"""An engine that is lent to somebody: they share its models, its queues and what it remembers, and don't end it."""

from __future__ import annotations

from annotator.engine.engine import Engine
from annotator.engine.values import ModelStatus
from annotator.errors import NotAllowed


class LentEngine(Engine):
    """The same engine, for people who take it as it is: they can't make it load a model.

    Args:
        lender: whose it is, and who closes it.
    """

    def __init__(self, lender: Engine) -> None:
        self.__dict__.update(lender.__dict__)  # one set of lanes, models and embeddings, however many it is lent to

    def models(self) -> list[ModelStatus]:
        """The models that answer here."""
        return [model for model in super().models() if model.default or model.state == "ready"]

    def close(self) -> None:
        """Nothing: the lender and others go on using it."""

    def _named(self, model: str | None) -> str:
        name = super()._named(model)
        if name != self.model and self._models.state(name) != "ready":
            raise NotAllowed(f"Only models that are loaded can be used here; “{name}” is not. Take another one.")
        return name
