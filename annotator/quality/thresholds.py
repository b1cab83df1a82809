"""Which rules are on and how strict they are: a value that a project keeps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from annotator.errors import BadSetting
from annotator.quality.rules import RULES, Rule, Threshold


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Settings of the rules; what is not given has the rule's default.

    Attributes:
        values: `rule.threshold` to a number within the threshold's bounds.
        off: names of the rules that don't run.

    Raises:
        BadSetting: a rule or threshold is unknown, or a number is out of its bounds.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    off: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for name in self.off:
            get_rule(name)
        object.__setattr__(self, "values", {name: _checked(name, value) for name, value in self.values.items()})

    def get(self, rule: str, threshold: str) -> float:
        """The number in force.

        Raises:
            BadSetting: there is no such threshold.
        """
        return self.values.get(f"{rule}.{threshold}", _threshold(f"{rule}.{threshold}").default)

    def on(self, rule: str) -> bool:
        """Whether a rule runs."""
        return rule not in self.off

    def only(self, rules: Iterable[str]) -> Thresholds:
        """The same with these rules alone.

        Raises:
            BadSetting: a rule is unknown.
        """
        kept = {get_rule(name).name for name in rules}
        return Thresholds(self.values, frozenset(RULES) - kept)

    def changed(self, settings: Iterable[str]) -> Thresholds:
        """With settings as people write them: `overlap.iou=0.5`.

        Raises:
            BadSetting: one is not of that form, unknown or out of bounds.
        """
        values = dict(self.values)
        for setting in settings:
            name, equals, text = (part.strip() for part in setting.partition("="))
            try:
                number = float(text)
            except ValueError:
                number = math.nan
            if not equals or math.isnan(number):
                raise BadSetting(f"{setting!r} is not a threshold; write rule.threshold=number, e.g. overlap.iou=0.5.")
            values[name] = number
        return Thresholds(values, self.off)

    def to_json(self) -> dict[str, Any]:
        """Every rule with whether it is on and all its thresholds, so that the file says what was in force."""
        return {
            rule.name: {
                "on": self.on(rule.name),
                **{threshold.name: self.get(rule.name, threshold.name) for threshold in rule.thresholds},
            }
            for rule in RULES.values()
        }

    @classmethod
    def from_json(cls, data: Any) -> Thresholds:
        """Read what `to_json` wrote; rules and thresholds that are missing have their defaults.

        Raises:
            BadSetting: it is not of that form, unknown or out of bounds.
        """
        if not isinstance(data, dict):
            raise BadSetting('Thresholds must be an object like {"overlap": {"on": true, "iou": 0.5}}.')
        values: dict[str, float] = {}
        off: set[str] = set()
        for name, settings in data.items():
            if not isinstance(settings, dict) or not isinstance(settings.get("on", True), bool):
                raise BadSetting(
                    f'The settings of rule {name!r} must be an object like {{"on": true}}.', field=str(name)
                )
            if not settings.get("on", True):
                off.add(name)
            get_rule(name)
            values.update({f"{name}.{key}": value for key, value in settings.items() if key != "on"})
        return cls(values, frozenset(off))


def get_rule(name: str) -> Rule:
    """The rule of that name.

    Raises:
        BadSetting: there is none.
    """
    try:
        return RULES[name]
    except KeyError:
        raise BadSetting(f"There is no rule {name!r}; use one of: {', '.join(RULES)}.", field=str(name)) from None


def _threshold(name: str) -> Threshold:
    rule_name, _, threshold_name = name.partition(".")
    rule = get_rule(rule_name)
    for threshold in rule.thresholds:
        if threshold.name == threshold_name:
            return threshold
    known = ", ".join(f"{rule_name}.{threshold.name}" for threshold in rule.thresholds) or "none"
    raise BadSetting(f"Rule {rule_name} has no threshold {threshold_name!r}; it has: {known}.", field=name)


def _checked(name: str, value: Any) -> float:
    threshold = _threshold(name)
    usable = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not usable or not threshold.minimum <= value <= threshold.maximum:
        raise BadSetting(
            f"{name} is {value!r}; use a number from {threshold.minimum:g} to {threshold.maximum:g}"
            f" ({threshold.unit}).",
            field=name,
        )
    return float(value)
