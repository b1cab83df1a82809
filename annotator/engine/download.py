"""A model's weights, from where they are published into the checkpoints folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from annotator.engine import hub, transfer, weights
from annotator.engine.descriptions import ModelConfig, ModelFile
from annotator.engine.partial import Transfer
from annotator.engine.registry import Registry
from annotator.errors import BadSetting, InvalidInput, ModelProblem, StorageProblem

SOURCES = ("auto", "url", "hub")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a download led to: where each file is, and those that were there already."""

    paths: tuple[Path, ...]
    already: tuple[Path, ...]


def download(
    registry: Registry, name: str, *, source: str = "auto", progress: Progress = lambda file, done, total: None
) -> Downloaded:
    """Get the weights of a model; what is here and right is not fetched again.

    Args:
        source: `url` (the official address), `hub` (the Hugging Face hub), or `auto`: the address if there is one.
        progress: called with a file's name, the bytes here and the total.

    Raises:
        NotFound: there is no model of that name.
        BadSetting: there is no such source.
        InvalidInput: the model can't be downloaded at all, or not from there.
        ModelProblem: the network or the server does not give it; the message says where to put the file by hand.
        StorageProblem: the disk is full or can't be written.
    """
    if source not in SOURCES:
        raise BadSetting(f"“{source}” is not a source; use url or hub.", field="from")
    config = registry.find(name)
    if config.kind == "transformers":
        jobs = _folder(registry, config, source)
    else:
        jobs = [_file(registry, config, file, source) for file in config.files]
    if not jobs:
        raise InvalidInput(f"{config.title} needs no weights; use it as it is.", field="name")
    already = tuple(job.target for job in jobs if _is_right(job))
    for job in jobs:
        if job.target not in already:
            _get(job, config, progress)
    return Downloaded(tuple(job.target for job in jobs), already)


def _file(registry: Registry, config: ModelConfig, file: ModelFile, source: str) -> Transfer:
    from_hub = source == "hub" or (source == "auto" and file.url is None)
    place, name = registry.path(file), Path(file.file).name
    if from_hub and config.hub is not None:
        url, headers = hub.address(config.hub, name), hub.headers()
    elif not from_hub and file.url is not None:
        url, headers = file.url, {}
    elif place.is_file():
        url, headers = "", {}
    else:
        what = "hub id (“hub”)" if from_hub else "address (“url”)"
        raise InvalidInput(
            f"{config.title} can't be downloaded: its description {config.origin} has no {what}."
            f" Put its file at {place}.",
            field="from",
        )
    return Transfer(url, place, file.bytes, file.sha256, headers, _help(config, file.url, place))


def _folder(registry: Registry, config: ModelConfig, source: str) -> list[Transfer]:
    if config.hub is None or config.folder is not None or source == "url":
        place = registry.folder(config)
        raise InvalidInput(
            f"{config.title} is a folder of this machine or on the hub only; save it at {place},"
            f" or give “hub” in {config.origin} and use --from hub.",
            field="from",
        )
    folder = registry.folder(config)
    _require_online(f"Copy the files of {hub.page(config.hub)} to {folder}.")
    # The weights come last: a folder without them does not count as present.
    files = sorted(hub.contents(config.hub), key=lambda file: file.name.endswith(".safetensors"))
    return [
        Transfer(
            hub.address(config.hub, file.name),
            folder / file.name,
            file.bytes,
            file.sha256,
            hub.headers(),
            f"By hand: copy the files of {hub.page(config.hub)} to {folder}.",
        )
        for file in files
    ]


def _get(job: Transfer, config: ModelConfig, progress: Progress) -> None:
    name = job.target.name
    cached = hub.cached(config.hub, name) if config.hub is not None and job.sha256 is not None else None
    if cached is not None and _copied(cached, job):
        return
    _require_online(job.help)
    transfer.fetch(job, progress=lambda done, total: progress(name, done, total))


def _copied(cached: Path, job: Transfer) -> bool:
    """Take the file from the hub's cache if it is the right one."""
    try:
        if cached.stat().st_size != (job.bytes or cached.stat().st_size):
            return False
        job.target.parent.mkdir(parents=True, exist_ok=True)
        with job.alone():
            shutil.copyfile(cached, job.part)
            right = job.hash(job.size()).hexdigest() == job.sha256
            if right:
                job.part.replace(job.target)
            job.discard()
    except OSError as problem:
        job.discard()
        raise StorageProblem(f"{job.target} can't be written ({problem.strerror}).") from problem
    if right:
        weights.remember(job.target, str(job.sha256))
    return right


def _is_right(job: Transfer) -> bool:
    if not job.target.is_file():
        return False
    try:
        weights.verify(job.target, ModelFile(job.target.name, job.bytes, job.sha256))
    except ModelProblem:
        return False
    return True


def _require_online(help: str) -> None:
    name = hub.offline()
    if name is not None:
        raise ModelProblem(f"{name} is set, so nothing is downloaded; unset it. {help}")


def _help(config: ModelConfig, url: str | None, place: Path) -> str:
    sources = [url] if url is not None else []
    if config.hub is not None:
        sources.append(hub.page(config.hub))
    where = " or ".join(sources)
    return f"By hand: get {place.name} from {where}, and put it at {place}." if sources else ""
