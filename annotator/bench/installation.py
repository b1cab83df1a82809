"""Where the models of a run are, for the program itself and for the server that it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from annotator.engine import devices
from annotator.engine.registry import ModelConfig, Registry
from annotator.errors import BadSetting, ModelProblem
from annotator.paths import model_folders

SEED = 0


@dataclass(frozen=True, slots=True)
class Installation:
    """Folders of models; None: where they are by default (annotator.paths)."""

    models_dir: Path | None = None
    checkpoints_dir: Path | None = None

    def registry(self) -> Registry:
        """The models."""
        return Registry(folders=model_folders(self.models_dir), checkpoints=self.checkpoints_dir)

    def environment(self) -> dict[str, str]:
        """Variables by which another process of annotator finds the same models."""
        found = {"ANNOTATOR_MODELS_DIR": self.models_dir, "ANNOTATOR_CHECKPOINTS_DIR": self.checkpoints_dir}
        return {name: str(path) for name, path in found.items() if path is not None}


def with_random_weights(registry: Registry, name: str, *, scratch: Path) -> Installation:
    """An installation in which the model `name` has random weights of the right shape: as quick as the real ones.

    Args:
        scratch: empty folder for the description and the weights.

    Raises:
        NotFound: there is no such model.
        BadSetting: it is not a SAM 2 model.
        ModelProblem: torch or sam2 are missing.
    """
    config = registry.find(name)
    if config.kind != "sam2":
        raise BadSetting(f"--random-weights is for SAM 2 models; {name} is of kind {config.kind}.")
    made = Installation(scratch / "models", scratch / "checkpoints")
    assert made.models_dir is not None
    assert made.checkpoints_dir is not None
    made.models_dir.mkdir(parents=True)
    made.checkpoints_dir.mkdir()
    weights = made.checkpoints_dir / f"{name}_random.pt"
    _write(weights, config)
    description = {
        "name": name,
        "kind": config.kind,
        "title": f"{config.title}, random weights",
        "parameters": config.parameters,
        "config": config.config,
        "files": [{"file": str(weights)}],
    }
    (made.models_dir / f"{name}.yaml").write_text(yaml.safe_dump(description), encoding="utf-8")
    return made


def _write(path: Path, config: ModelConfig) -> None:
    torch = devices.import_torch()
    try:
        from sam2.build_sam import build_sam2
    except ImportError as problem:
        raise ModelProblem(f"sam2 can't be imported ({problem}); run: {devices.INSTALL}") from problem
    torch.manual_seed(SEED)
    model = build_sam2(config.config, ckpt_path=None, device="cpu")
    torch.save({"model": model.state_dict()}, path)
