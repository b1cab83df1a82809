"""`annotator models`: which models there are, getting one, preparing one for the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from annotator.config import Settings
    from annotator.engine.registry import ModelConfig, Registry

app = typer.Typer(help="List the models, download one, prepare one for the CPU.", invoke_without_command=True)

Name = Annotated[str, typer.Argument(help="Name of the model, as the list has it.")]


@app.callback()
def list_models(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """List the models: what they are, whether they are here, where they would run."""
    if context.invoked_subcommand is not None:
        return
    settings, registry = _open()
    rows = _rows(registry, settings)
    if as_json:
        import json

        print(json.dumps(rows, indent=2))
        return
    _print_table(rows)
    print("\n* takes part when no model is named. Get one: annotator models download NAME")


@app.command("download")
def download_model(
    name: Name,
    source: Annotated[
        str, typer.Option("--from", help="url (the official address) or hub (the Hugging Face hub).")
    ] = "auto",
) -> None:
    """Download a model's weights; interrupted downloads go on where they stopped."""
    from annotator.cli.progress import ProgressBar
    from annotator.engine.download import download

    _, registry = _open()
    title = registry.find(name).title
    with ProgressBar(f"Downloading {title}", bytes=True) as bar:
        done = download(registry, name, source=source, progress=lambda file, here, total: bar.update(here, total))
    for path in done.paths:
        print(f"{'Here already' if path in done.already else 'Downloaded'}, checked: {path}")


@app.command("optimize")
def optimize_model(name: Name) -> None:
    """Prepare a SAM 2.1 model for quick encoding on the CPU; without it the first use on a CPU does that."""
    from annotator.engine import weights
    from annotator.engine.optimize import is_optimized, optimize, optimized_folder
    from annotator.errors import InvalidInput, ModelProblem

    _, registry = _open()
    config = registry.find(name)
    if config.kind != "sam2":
        raise InvalidInput(f"{config.title} is as quick as it gets; only SAM 2.1 checkpoints can be optimized.")
    (file,) = config.files
    path = registry.path(file)
    if not path.is_file():
        raise ModelProblem(registry.how_to_get(config))
    weights.verify(path, file, remedy=registry.remedy(config))
    if is_optimized(path):
        print(f"Prepared already: {optimized_folder(path)}")
        return
    folder = optimize(path, name=config.name, config=str(config.config), progress=_say)
    print(f"Prepared: {folder}")


def _open() -> tuple[Settings, Registry]:
    from annotator.config import Settings
    from annotator.sessions.folders import registry_of

    settings = Settings.load()
    return settings, registry_of(settings)


def _rows(registry: Registry, settings: Settings) -> list[dict[str, object]]:
    where = _device(settings.device)
    default = settings.model if settings.model != "auto" else registry.best(where or "cpu")
    return [
        {
            "name": config.name,
            "title": config.title,
            "default": config.name == default,
            "parameters": config.parameters or None,
            "bytes": _bytes(registry, config),
            "present": registry.is_present(config),
            "state": _state(registry, config),
            "from": _origin(registry, config),
            "files": [str(registry.path(file)) for file in config.files],
            "device": "cpu" if config.kind in ("onnx", "fake") else where or f"not on {settings.device}",
            "licence": config.licence,
        }
        for config in registry.models().values()
    ]


def _device(wanted: str) -> str | None:
    """Where models would run; None: the device of the settings can't be used, and `annotator doctor` says why."""
    from annotator.engine import devices
    from annotator.errors import ModelProblem

    try:
        return devices.resolve(wanted)
    except ModelProblem:
        return None


def _bytes(registry: Registry, config: ModelConfig) -> int | None:
    if config.kind == "transformers":
        return sum(path.stat().st_size for path in registry.folder(config).glob("*") if path.is_file()) or None
    sizes = [file.bytes or _size(registry.path(file)) for file in config.files]
    return sum(sizes) or None


def _state(registry: Registry, config: ModelConfig) -> str:
    """What people have to know about the weights, in two words."""
    paths = [registry.path(file) for file in config.files]
    if registry.is_present(config):
        return "here, prepared for the CPU" if registry.is_prepared(config) else "here"
    if any(path.with_name(f"{path.name}.part").is_file() for path in paths):
        return "interrupted"
    return "damaged" if any(path.is_file() for path in paths) else "not here"


def _origin(registry: Registry, config: ModelConfig) -> str:
    from annotator.paths import checkpoints_folder, configs_folder

    if config.kind == "fake":
        return "annotator"
    if all(registry.path(file).is_relative_to(checkpoints_folder()) and file.url is None for file in config.files):
        shipped = config.origin is not None and config.origin.is_relative_to(configs_folder())
        if config.files and shipped:
            return "comes with annotator"
    if config.hub is not None:
        return config.hub
    return next((file.url for file in config.files if file.url is not None), str(config.origin))


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _print_table(rows: list[dict[str, object]]) -> None:
    from annotator.cli.tables import print_table

    print_table(
        ("", "name", "parameters", "size", "weights", "from", "runs on", "licence"),
        [
            (
                "*" if row["default"] else "",
                str(row["name"]),
                "" if row["parameters"] is None else f"{int(str(row['parameters'])) / 1e6:.1f} M",
                "" if row["bytes"] is None else f"{int(str(row['bytes'])) / 1e6:,.0f} MB",
                str(row["state"]),
                str(row["from"]),
                str(row["device"]),
                str(row["licence"]),
            )
            for row in rows
        ],
        right=(2, 3),
        dim=[not row["present"] for row in rows],
    )


def _say(step: str) -> None:
    print(step, flush=True)
