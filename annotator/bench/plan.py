"""What is to be measured, and how often."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from annotator.errors import BadSetting

SAM2 = "sam2"
LABEL_STUDIO = "label-studio-order"
RIVALS = ("all", SAM2, LABEL_STUDIO, "none")
LEAST_VISITS = 100  # the first 50 fill what is kept in memory
TYPICAL = 2.0  # megapixels of the images that are opened


@dataclass(frozen=True, slots=True)
class Plan:
    """A run.

    Attributes:
        model: name in the registry; `auto`: the best that is here.
        device, precision: as in the settings.
        against: `all`, `sam2`, `label-studio-order` or `none`.
        users: people who click at once.
        clicks: clicks a figure.
        encodes: images a figure.
        images: folder of own pictures to open; None: drawn ones.
        random_weights: measure a model whose weights are not here, with random ones.
        objects: objects on the image that has many.
        visits: images that one person goes through while memory is watched; 0: not watched.
        sizes: megapixels of the images that are clicked on.
        pace: seconds between two clicks of an active person.
    """

    model: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    against: str = "all"
    users: int = 4
    clicks: int = 100
    encodes: int = 8
    images: Path | None = None
    random_weights: bool = False
    objects: int = 1000
    visits: int = 0
    sizes: tuple[float, ...] = (0.4, 2.0, 12.0)
    pace: float = 1.0

    def __post_init__(self) -> None:
        if self.against not in RIVALS:
            raise BadSetting(f"“{self.against}” can't be compared with; choose one of {', '.join(RIVALS)}.")
        for name, least in (("users", 1), ("clicks", 2), ("encodes", 1), ("objects", 1)):
            if getattr(self, name) < least:
                raise BadSetting(f"--{name} is {getattr(self, name)}; give at least {least}.")
        if self.visits and self.visits < LEAST_VISITS:
            raise BadSetting(f"--visits is {self.visits}; give at least {LEAST_VISITS}, or 0 not to watch memory.")
        if self.images is not None and not self.images.is_dir():
            raise BadSetting(f"There is no folder {str(self.images)!r}; give one with pictures to --images.")

    @property
    def with_raw(self) -> bool:
        """Whether the plain predictor is measured too."""
        return self.against in ("all", SAM2)

    @property
    def with_label_studio(self) -> bool:
        """Whether Label Studio's order of steps is measured too."""
        return self.against in ("all", LABEL_STUDIO)

    def quick(self) -> Plan:
        """The same with fewer repetitions: every row, less certain."""
        return replace(self, clicks=min(self.clicks, 20), encodes=min(self.encodes, 3), pace=0.5)
