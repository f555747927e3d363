"""Rules in plain sentences, for people who read no YAML. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from orchestration.quality.expectations import Border, Rule

BORDERS: Final[Mapping[Border, str]] = {
    "raw": "What arrived, as it was loaded from the event log.",
    "canonical": "What all reports and decisions are made of: people, consents, scores, deals.",
    "activation": "What is about to leave for HubSpot, Meta and others, row by row.",
}
CONSEQUENCES: Final[Mapping[Border, str]] = {
    "raw": "the batch stops before anything is published",
    "canonical": "the batch stops before anything is published",
    "activation": "the row is held, the others go",
}
NEXT: Final[Mapping[Border, str]] = {
    "raw": "Mend what loads the event log, or the rule; then `millrace run`.",
    "canonical": "Find the rows in the table by their keys; mend the model, its seed or the rule in"
    " its YAML; then `millrace run`.",
    "activation": "`millrace dlq list --state held --code CONTRACT_VIOLATION` shows the rows; mend"
    " the data or the rule, and the next batch lets them go.",
}
WARNING: Final = "a warning; nothing stops"
_SHOWN: Final = 6


def says(rule: Rule) -> str:
    """What the rule asks; its name where that says it already."""
    kind = rule.name.partition("(")[0] if rule.name.endswith(")") else ""
    make = _SENTENCES.get(kind)
    return make(", ".join(rule.columns), rule.arguments) if make else rule.name


def _among(column: str, told: Mapping[str, Any]) -> str:
    values = [str(each) for each in told["value_set"]]
    more = f" … ({len(values)} in all)" if len(values) > _SHOWN else ""
    return f"{column} is one of {', '.join(values[:_SHOWN])}{more}"


def _between(column: str, told: Mapping[str, Any]) -> str:
    least, most = told["min_value"], told["max_value"]
    if least is None:
        return f"{column} is at most {most:g}"
    return f"{column} is {least:g} to {most:g}" if most is not None else f"{column} >= {least:g}"


_SENTENCES: Final[Mapping[str, Callable[[str, Mapping[str, Any]], str]]] = {
    "not_null": lambda column, _told: f"{column}: never empty",
    "unique": lambda column, _told: f"no two rows have the same {column}",
    "accepted_values": _among,
    "range": _between,
    "regex": lambda column, told: f"{column} looks like {told['regex']}",
    "relationships": lambda column, _told: f"whatever {column} names is there",
}
