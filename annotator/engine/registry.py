"""Which models there are, where their weights are, which is the best here, and how to get one running."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

from annotator.engine import descriptions, devices, weights
from annotator.engine.descriptions import KINDS, ModelConfig, ModelFile
from annotator.engine.predictor import Predictor
from annotator.errors import BadSetting, ModelProblem, NotFound, StorageProblem
from annotator.paths import checkpoints_folder, downloads_folder, model_folders

__all__ = ["EMBEDDED", "KINDS", "ModelConfig", "ModelFile", "Registry"]

EMBEDDED = "mobile_sam"
GIB = 1 << 30
# From the best to the plainest, with the free memory of the device from which a model is a sensible choice: the fp32
# weights, the activations of one image and room for cached embeddings, estimated generously and not measured.
RANKS = (
    ("sam2.1_large", 6 * GIB),
    ("sam2.1_base_plus", 4 * GIB),
    ("sam2.1_small", 3 * GIB),
    ("sam2.1_tiny", 2 * GIB),
)
SIDE = 1024  # pixels of SAM 2.1's square input


def _silent(_: str) -> None:
    pass


class Registry:
    """The models that can be chosen.

    Args:
        folders: where their descriptions (`*.yaml`) are; later ones take the place of earlier ones of the same name.
            None: those that come with annotator and the person's own.
        checkpoints: where weights are and downloads go; None: see `annotator.paths.downloads_folder`. What comes with
            annotator is found in any case.
    """

    def __init__(self, *, folders: Sequence[Path] | None = None, checkpoints: Path | None = None) -> None:
        self._folders = tuple(model_folders() if folders is None else folders)
        self.checkpoints = downloads_folder() if checkpoints is None else checkpoints

    def models(self) -> dict[str, ModelConfig]:
        """All models by name.

        Raises:
            BadSetting: a file is not a model's description; the sentence names the file and the field.
        """
        found: dict[str, ModelConfig] = {}
        for folder in self._folders:
            here: dict[str, ModelConfig] = {}
            for path in sorted(folder.glob("*.yaml")):
                config = _read(path, _stamp(path))
                twin = here.setdefault(config.name, config)
                if twin is not config:
                    raise BadSetting(f"{twin.origin} and {path} both describe “{config.name}”; rename one of them.")
            found.update(here)
        return dict(sorted(found.items(), key=_from_small_to_large))

    def find(self, name: str) -> ModelConfig:
        """The model called `name`.

        Raises:
            NotFound: there is none; the sentence lists those that there are.
        """
        known = self.models()
        if name not in known:
            raise NotFound(f"There is no model “{name}”; choose one of {', '.join(known)}.", field="model")
        return known[name]

    def path(self, file: ModelFile) -> Path:
        """Where a file of weights is, or where it has to be put."""
        places = [self.checkpoints / file.file, checkpoints_folder() / file.file]
        if file.beside is not None:
            places.insert(0, file.beside / file.file)
        return next((place for place in places if place.is_file()), self.checkpoints / file.file)

    def folder(self, config: ModelConfig) -> Path:
        """Where a model of kind `transformers` is, or where its files have to be put."""
        return config.folder if config.folder is not None else self.checkpoints / config.name

    def is_present(self, config: ModelConfig) -> bool:
        """Whether the weights are here; only their sizes are looked at."""
        if config.kind == "transformers":
            folder = self.folder(config)
            return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))
        return all(_fits(self.path(file), file) for file in config.files)

    def is_prepared(self, config: ModelConfig) -> bool:
        """Whether the fast CPU version of a SAM 2.1 checkpoint is here."""
        if config.kind != "sam2":
            return False
        from annotator.engine.optimize import is_optimized

        return is_optimized(self.path(config.files[0]))

    def best(self, device: str = "auto") -> str:
        """Name of the best model that is here for a device: the largest SAM 2.1 that a GPU has the memory for.

        On a CPU that is the embedded one, which answers several times faster there.

        Raises:
            ModelProblem, BadSetting: the device can't be used.
        """
        known = self.models()
        here = [(name, least) for name, least in RANKS if name in known and self.is_present(known[name])]
        if not here or importlib.util.find_spec("sam2") is None:
            return EMBEDDED
        resolved = devices.resolve(device)
        if resolved == "cpu":
            return EMBEDDED
        free = devices.memory(resolved)
        return next((name for name, least in here if free is None or free >= least), EMBEDDED)

    def load(
        self,
        name: str,
        device: str = "auto",
        *,
        precision: str = "auto",
        progress: Callable[[str], None] = _silent,
    ) -> Predictor:
        """Load a model.

        Args:
            device: `auto`, `cpu`, `cuda` (or `cuda:1`), `mps`.
            precision: `auto`, `fp32`, `bf16`, `fp16`.
            progress: called with a short sentence at each step.

        Raises:
            NotFound: there is no model of that name.
            ModelProblem: its library, its weights or the device are missing or broken; the message says the remedy.
        """
        config = self.find(name)
        if config.kind == "fake":
            from annotator.engine.fake import FakePredictor

            return FakePredictor()
        if config.kind == "onnx":
            return self._embedded(config, device, precision)
        if config.kind == "transformers":
            return self._transformers(config, device, precision)
        checkpoint = self._checkpoint(config, progress)
        resolved = devices.resolve(device)
        fast = _fast_on_cpu(config, checkpoint, precision, progress) if resolved == "cpu" else None
        if fast is not None:
            return fast
        from annotator.engine.sam2 import Sam2Predictor

        progress("Reading the weights")
        return Sam2Predictor(
            checkpoint, name=config.name, config=str(config.config), device=resolved, precision=precision
        )

    def _embedded(self, config: ModelConfig, device: str, precision: str) -> Predictor:
        from annotator.engine.onnx import MobileSamPredictor

        if device not in ("auto", "cpu"):
            raise ModelProblem(
                f"{config.title} runs on the CPU only; set the device to auto or cpu instead of {device}, or get a"
                " model that runs on it: annotator models download sam2.1_small"
            )
        exact = _exact(precision)
        hashes = {Path(entry.file).name: entry.sha256 for entry in config.files if entry.sha256 is not None}
        return MobileSamPredictor(self.path(config.files[0]).parent, sha256=hashes, exact=exact)

    def _transformers(self, config: ModelConfig, device: str, precision: str) -> Predictor:
        if not self.is_present(config):
            raise ModelProblem(self.how_to_get(config))
        from annotator.engine.transformers import TransformersPredictor

        return TransformersPredictor(
            self.folder(config), name=config.name, device=devices.resolve(device), precision=precision
        )

    def _checkpoint(self, config: ModelConfig, progress: Callable[[str], None]) -> Path:
        (file,) = config.files
        path = self.path(file)
        if not path.is_file():
            raise ModelProblem(self.how_to_get(config))
        progress("Checking the weights")
        weights.verify(path, file, remedy=self.remedy(config))
        return path

    def how_to_get(self, config: ModelConfig) -> str:
        """Sentences that say which weights are missing, and the command that gets them."""
        if config.kind == "transformers":
            place, source = self.folder(config), config.hub if config.folder is None else None
        else:
            missing = next((file for file in config.files if not _fits(self.path(file), file)), config.files[0])
            place, source = self.path(missing), missing.url or config.hub
        if source is None:
            return f"{config.title} is not here: {place} is missing. Put it there, or correct {config.origin}."
        begun = place.with_name(f"{place.name}.part").is_file()
        more = " It goes on where the last download stopped." if begun else ""
        return f"{config.title} is not here: {place} is missing. Run: annotator models download {config.name}{more}"

    def remedy(self, config: ModelConfig) -> str:
        """What to do when the weights that are here are damaged or of another model."""
        if config.hub is None and all(file.url is None for file in config.files):
            return f"Put the right file there, or correct {config.origin}."
        return f"Run: annotator models download {config.name}"


def _fast_on_cpu(
    config: ModelConfig, checkpoint: Path, precision: str, progress: Callable[[str], None]
) -> Predictor | None:
    """The model prepared for CPUs, made now if it is not there; None: it can't be had, PyTorch has to do."""
    from annotator.engine.optimize import is_optimized, optimize, optimized_folder
    from annotator.engine.sam2_onnx import Sam2OnnxPredictor

    exact = _exact(precision)
    fingerprint = f"sam2-{weights.sha256(checkpoint)[:16]}-{SIDE}"
    try:
        if is_optimized(checkpoint):
            folder = optimized_folder(checkpoint)
        else:
            progress("Preparing the fast CPU version (once, some minutes)")
            folder = optimize(checkpoint, name=config.name, config=str(config.config), progress=progress)
        progress("Reading the fast CPU version")
        return Sam2OnnxPredictor(folder, name=config.name, fingerprint=fingerprint, exact=exact)
    except (ModelProblem, StorageProblem) as problem:
        progress(f"Without the fast CPU version: {problem.message}")
        return None


def _exact(precision: str) -> bool:
    """Whether a model on the CPU is to compute in fp32 even where bfloat16 is quicker and its masks agree.

    Raises:
        ModelProblem: the precision is for GPUs.
    """
    devices.precision("cpu", precision)
    return precision == "fp32"


def _fits(path: Path, file: ModelFile) -> bool:
    try:
        size = path.stat().st_size
    except OSError:
        return False
    return size > 0 and size == (file.bytes or size)


def _from_small_to_large(entry: tuple[str, ModelConfig]) -> tuple[bool, float, str]:
    name, config = entry
    return config.kind == "fake", config.parameters or float("inf"), name


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


@functools.lru_cache(maxsize=256)
def _read(path: Path, stamp: tuple[int, int]) -> ModelConfig:
    """Read anew when `stamp` says that the file changed: the status of all models is asked for every second."""
    return descriptions.read(path)
