"""A run from beginning to end."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from annotator.bench import clicking, crowding, encoding, switching, visiting
from annotator.bench.context import Context, Stock
from annotator.bench.installation import Installation, with_random_weights
from annotator.bench.machine import machine, versions
from annotator.bench.pictures import Pictures
from annotator.bench.plain import plain
from annotator.bench.plan import Plan
from annotator.bench.report import Report
from annotator.bench.server import Server
from annotator.engine import Engine
from annotator.engine.registry import ModelConfig, Registry
from annotator.errors import ModelProblem

Step = Callable[[], None]


def _silent(*_: object) -> None:
    pass


def run(
    plan: Plan,
    *,
    installation: Installation | None = None,
    progress: Callable[[int, int], None] = _silent,
    say: Callable[[str], None] = _silent,
) -> Report:
    """Measure.

    Args:
        installation: where the models are.
        progress: called with the number of parts done and of all parts.
        say: called with a short sentence at each part.

    Raises:
        NotFound: there is no such model.
        ModelProblem: it can't be used; the message says the remedy.
        BadSetting: the plan can't be carried out.
    """
    installation = installation or Installation()
    with tempfile.TemporaryDirectory(prefix="annotator-bench-", ignore_cleanup_errors=True) as scratch:
        registry = installation.registry()
        name = registry.best(plan.device) if plan.model == "auto" else plan.model
        if plan.random_weights:
            say("Making random weights")
            installation = with_random_weights(registry, name, scratch=Path(scratch) / "model")
            registry = installation.registry()
        config = registry.find(name)
        if not registry.is_present(config):
            hint = f"; or measure with random weights: annotator bench --model {name} --random-weights"
            raise ModelProblem(registry.how_to_get(config) + (hint if config.kind == "sam2" else ""))
        plan = dataclasses.replace(plan, model=name)
        return _Run(plan, registry, config, installation, Path(scratch), progress, say).report()


class _Run:
    def __init__(
        self,
        plan: Plan,
        registry: Registry,
        config: ModelConfig,
        installation: Installation,
        scratch: Path,
        progress: Callable[[int, int], None],
        say: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._registry = registry
        self._config = config
        self._progress = progress
        self._say = say
        self._folder = scratch / "pictures"
        self._data = scratch / "data"
        self._folder.mkdir()
        self._server = Server(
            self._folder,
            data=self._data,
            model=config.name,
            device=plan.device,
            precision=plan.precision,
            environment=installation.environment(),
        )

    def report(self) -> Report:
        plan = self._plan
        self._say("Drawing pictures")
        pictures = Pictures(self._folder, own=plan.images)
        stock = Stock.make(plan, pictures)
        rival, reason = (None, "") if plan.against == "none" else plain(self._registry, self._config, plan.device)
        predictor = self._registry.load(self._config.name, plan.device, precision=plan.precision, progress=self._say)
        context = Context(plan, self._folder, self._data, stock, self._server, rival)
        context.notes += self._notes(pictures, reason)
        with self._server, closing(Engine(predictor=predictor, registry=self._registry)) as engine:
            self._say("Loading the model in the server")
            with closing(self._server.person("clicks")) as person:
                person.glance()
                person.embed(person.images()[stock.first]["id"])
                steps: list[tuple[str, Step]] = [
                    ("Encoding", lambda: encoding.measure(context, engine, predictor)),
                    *(
                        (f"Clicks, {size:g} MP", lambda size=size: clicking.by_size(context, engine, person, size))
                        for size in plan.sizes
                    ),
                    ("Clicks with many objects", lambda: clicking.by_objects(context, person)),
                    ("Several people", lambda: crowding.measure(context)),
                    ("Clicks while encoding", lambda: crowding.while_encoding(context)),
                    ("From image to image", lambda: switching.fresh(context)),
                    ("Restart", lambda: switching.restarted(context)),
                ]
                if plan.visits:
                    steps.append((f"Memory over {plan.visits} images", lambda: visiting.measure(context)))
                for done, (title, step) in enumerate(steps):
                    self._progress(done, len(steps))
                    self._say(title)
                    step()
                self._progress(len(steps), len(steps))
        return self._made(context, predictor.device)

    def _notes(self, pictures: Pictures, reason: str) -> list[str]:
        notes = [reason] if reason else []
        if self._plan.random_weights:
            notes.append("The weights are random: the times are those of the real ones, the masks mean nothing.")
        if self._plan.images is not None:
            notes.append(f"{pictures.copied} pictures come from --images; clicks by size are on drawn ones.")
        return notes

    def _made(self, context: Context, device: str) -> Report:
        asked: dict[str, Any] = dataclasses.asdict(self._plan)
        asked["images"] = None if self._plan.images is None else self._plan.images.name
        return Report(
            model={
                "name": self._config.name,
                "title": self._config.title,
                "random_weights": self._plan.random_weights,
            },
            device=device,
            machine=machine(),
            versions=versions(),
            plan=asked,
            made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            figures=context.figures,
            notes=context.notes,
        )
