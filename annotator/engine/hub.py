"""The Hugging Face hub: where a model's files are there, and what of them is in its cache on this machine.

`HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE` are respected. The bytes go through `transfer`, as all downloads do.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from annotator.errors import ModelProblem


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a model on the hub; `bytes` and `sha256` are None where the hub does not say them."""

    name: str
    bytes: int | None
    sha256: str | None


def offline() -> str | None:
    """Name of the environment variable that forbids the network, if one does."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        if os.environ.get(name, "").strip().upper() in {"1", "ON", "YES", "TRUE"}:
            return name
    return None


def address(repository: str, file: str) -> str:
    """URL of a file."""
    from huggingface_hub import hf_hub_url

    return str(hf_hub_url(repository, file, endpoint=_endpoint()))


def page(repository: str) -> str:
    """URL of the model's page, for people."""
    from huggingface_hub import constants

    return f"{_endpoint() or constants.ENDPOINT}/{repository}"


def headers() -> dict[str, str]:
    """Headers of a request, with the person's token if there is one."""
    from huggingface_hub import get_token

    token = get_token()
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def cached(repository: str, file: str) -> Path | None:
    """The file in the hub's cache on this machine, e.g. after `SAM2ImagePredictor.from_pretrained`."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, file)
    return Path(found) if isinstance(found, str) else None


def contents(repository: str) -> list[HubFile]:
    """The files that a model of `transformers` needs: its JSON files and safetensors.

    Raises:
        ModelProblem: the hub can't be reached or has no such model.
    """
    import httpx
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        found = HfApi(endpoint=_endpoint()).model_info(repository, files_metadata=True, timeout=30)
    except (HfHubHTTPError, httpx.HTTPError, OSError) as problem:
        reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0].rstrip(".")
        raise ModelProblem(f"The hub did not answer for {page(repository)} ({reason}).") from problem
    files = [
        HubFile(entry.rfilename, entry.size, None if entry.lfs is None else entry.lfs.sha256)
        for entry in found.siblings or []
        if not {"/", "\\"} & set(entry.rfilename) and entry.rfilename.endswith((".json", ".safetensors"))
    ]
    if not any(file.name.endswith(".safetensors") for file in files):
        raise ModelProblem(f"{page(repository)} has no model.safetensors, which transformers needs; choose another id.")
    return files


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or None
