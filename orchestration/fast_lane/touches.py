"""Whose rows a change of a reference model reaches: `meta.touches` in its yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from orchestration.errors import PlanError

_KEYS: Final = frozenset({"model", "on", "undecided"})


@dataclass(frozen=True, slots=True)
class Touch:
    """Whose rows depend on a row of a reference model: those of `model` where every pair
    (column of `model`, column of the reference model) agrees; `undecided` ones only, if so told."""

    model: str
    on: tuple[tuple[str, str], ...]
    undecided: bool


def read_touches(name: str, meta: Mapping[str, Any]) -> tuple[Touch, ...] | None:
    """What the meta of model `name` says; None when it says nothing. Raises PlanError for what
    would reach other rows than its author meant."""
    told = meta.get("touches")
    if told is None:
        return None
    if not isinstance(told, list):
        raise PlanError(f"Model {name}: meta.touches is a list.")
    return tuple(_touch(name, touch) for touch in told)


def _touch(name: str, touch: object) -> Touch:
    if not isinstance(touch, Mapping):
        raise PlanError(f"Model {name}: meta.touches holds `{touch}`, which is no mapping.")
    for problem in _problems(touch):
        raise PlanError(f"Model {name}: meta.touches: {problem}")
    on, undecided = touch.get("on", {}), touch.get("undecided", False)
    return Touch(touch["model"], tuple(sorted(on.items())), undecided)


def _problems(touch: Mapping[Any, Any]) -> list[str]:
    unknown = sorted(str(key) for key in touch.keys() - _KEYS)
    # YAML reads a bare `on` as true, and JSON writes that as "true".
    hint = ' Write "on" in quotes.' if {key.lower() for key in unknown} & {"true"} else ""
    on, undecided = touch.get("on", {}), touch.get("undecided", False)
    checks = {
        f"`{', '.join(unknown)}` is no key of a touch.{hint}": bool(unknown),
        "`model` names the model whose rows are touched.": not _is_name(touch.get("model")),
        '"on" pairs columns of that model with columns of this one.': not _is_pairs(on),
        "`undecided` is true or false.": not isinstance(undecided, bool),
        'without "on" or `undecided` everybody would be touched.': not (on or undecided),
    }
    return [problem for problem, wrong in checks.items() if wrong]


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_pairs(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        _is_name(one) and _is_name(other) for one, other in value.items()
    )
