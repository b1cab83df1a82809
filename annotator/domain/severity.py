"""How grave something wrong with a dataset is."""

from __future__ import annotations

from typing import Literal, get_args

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""From the gravest: unusable for training, probably a mistake, worth a look."""
