"""Whether the routing seeds can work together, told before anything is built.

dbt's tests on the seeds say the same, after loading them; here every problem is told at once, with
the file and the row to mend.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from dbt_project.functions.business_time import CalendarError, business_deadline, is_time_zone
from orchestration.errors import RoutingConfigError

Row = Mapping[str, str]
Tables = Mapping[str, Sequence[Row]]

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "reps": ("rep_id", "rep_name", "email", "hubspot_owner_id", "calendar", "capacity",
             "is_active", "is_fallback"),
    "rep_coverage": ("rep_id", "dimension", "name"),
    "routing_rules": ("rule_id", "dimension", "name", "priority", "field", "operator", "value"),
    "routing_reasons": ("code", "weight", "meaning"),
    "routing_sla": ("segment", "min_score", "minutes"),
    "business_calendars": ("calendar", "zone", "weekday", "opens", "closes"),
    "holidays": ("calendar", "holiday", "name"),
}  # fmt: skip
DIMENSIONS: Final = ("territory", "product_line", "segment")
FIELDS: Final = (
    "country", "company_domain", "employees", "budget", "interest", "job_title",
    "original_source", "original_campaign", "latest_source",
)  # fmt: skip
OPERATORS: Final = (
    "always", "present", "absent", "equals", "in", "has_word", "at_least", "at_most",
)  # fmt: skip
REASONS: Final = (
    "AT_CAPACITY", "INACTIVE", "OUT_OF_HOURS", "PRODUCT_LINE", "SEGMENT", "TERRITORY",
)  # fmt: skip

_NO_VALUE: Final = ("always", "present", "absent")
_NUMBERS: Final = ("at_least", "at_most")
_EVERYTHING: Final = "*"
_SHOWN: Final = 10


def check(seeds: Path) -> None:
    """`seeds`: the folder of CSV files. Raises RoutingConfigError, which names what is wrong."""
    found = problems(read(seeds))
    if not found:
        return
    more = f" And {len(found) - _SHOWN} more." if len(found) > _SHOWN else ""
    raise RoutingConfigError(f"{' '.join(found[:_SHOWN])}{more}")


def read(seeds: Path) -> dict[str, list[Row]]:
    """The routing seeds by name; a file that is not there has no rows."""
    return {name: _rows(seeds / f"{name}.csv") for name in COLUMNS}


def _rows(file: Path) -> list[Row]:
    if not file.is_file():
        return []
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [
            {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
            for row in csv.DictReader(lines)
        ]


def problems(tables: Tables) -> list[str]:
    """A sentence for each thing that is wrong, in a stable order; none when routing can work."""
    missing = list(_missing_columns(tables))
    if missing:
        return missing
    checks: tuple[Callable[[Tables], Iterable[str]], ...] = (
        _reps, _fallback, _coverage, _rules, _whole_rules, _reasons, _slas, _calendars, _holidays,
    )  # fmt: skip
    return [sentence for look in checks for sentence in look(tables)]


def _missing_columns(tables: Tables) -> Iterator[str]:
    for name, columns in COLUMNS.items():
        for row in tables[name][:1]:
            lacking = [column for column in columns if column not in row]
            if lacking:
                yield f"{name}.csv lacks the column {', '.join(lacking)}."


def _reps(tables: Tables) -> Iterator[str]:
    calendars = {row["calendar"] for row in tables["business_calendars"]}
    owners = Counter(row["hubspot_owner_id"] for row in tables["reps"] if row["hubspot_owner_id"])
    seen: set[str] = set()
    for row in tables["reps"]:
        rep = f"reps.csv: rep {row['rep_id'] or '(none)'}"
        if not row["rep_id"] or row["rep_id"] in seen:
            yield f"{rep} needs an id of their own."
        seen.add(row["rep_id"])
        if not row["rep_name"] or not row["email"]:
            yield f"{rep} needs a name and an e-mail."
        if owners[row["hubspot_owner_id"]] > 1:
            yield f"{rep} shares the HubSpot owner {row['hubspot_owner_id']} with another."
        if row["calendar"] not in calendars:
            yield f"{rep} has the unknown calendar {row['calendar']!r}."
        if _number(row["capacity"]) is None:
            yield f"{rep} has the capacity {row['capacity']!r}, which is no whole number."
        for flag in ("is_active", "is_fallback"):
            if row[flag].lower() not in ("true", "false"):
                yield f"{rep} has {flag} {row[flag]!r}; it is true or false."


def _fallback(tables: Tables) -> Iterator[str]:
    chosen = [row for row in tables["reps"] if row["is_fallback"].lower() == "true"]
    if len(chosen) != 1 or chosen[0]["is_active"].lower() != "true":
        yield f"reps.csv needs one active fallback; it has {len(chosen)} rows with is_fallback."


def _coverage(tables: Tables) -> Iterator[str]:
    reps = {row["rep_id"] for row in tables["reps"]}
    names = _names(tables)
    for row in tables["rep_coverage"]:
        rep, dimension, name = row["rep_id"], row["dimension"], row["name"]
        if rep not in reps:
            yield f"rep_coverage.csv: {dimension} {name} names the unknown rep {rep!r}."
        if dimension not in DIMENSIONS:
            yield f"rep_coverage.csv: {dimension!r} is none of {', '.join(DIMENSIONS)}."
        elif name != _EVERYTHING and name not in names[dimension]:
            yield f"rep_coverage.csv: rep {rep} covers {dimension} {name!r}, which no rule gives."


def _rules(tables: Tables) -> Iterator[str]:
    for row in tables["routing_rules"]:
        rule = f"routing_rules.csv: rule {row['rule_id'] or '(none)'}"
        operator, field, value = row["operator"], row["field"], row["value"]
        if not row["rule_id"] or not row["name"]:
            yield f"{rule} needs a rule_id and a name."
        if row["dimension"] not in DIMENSIONS:
            yield f"{rule} is for {row['dimension']!r}, none of {', '.join(DIMENSIONS)}."
        if _number(row["priority"]) is None:
            yield f"{rule} has the priority {row['priority']!r}, which is no whole number."
        if operator not in OPERATORS:
            yield f"{rule} has the unknown operator {operator!r}; known: {', '.join(OPERATORS)}."
        elif operator != "always" and field not in FIELDS:
            yield f"{rule} looks at the unknown field {field!r}; known: {', '.join(FIELDS)}."
        elif operator not in _NO_VALUE and not value:
            yield f"{rule} has nothing to compare {field} with."
        elif operator in _NUMBERS and not re.search("[0-9]", value):
            yield f"{rule} compares {field} with {value!r}, which is no number."
        elif operator == "has_word" and not _is_pattern(value):
            yield f"{rule} looks for {value!r}, which are no words parted by |."


def _whole_rules(tables: Tables) -> Iterator[str]:
    told: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for row in tables["routing_rules"]:
        told[row["rule_id"]].add((row["dimension"], row["name"], row["priority"]))
    for rule_id, different in told.items():
        if len(different) > 1:
            yield (
                f"routing_rules.csv: the rows of rule {rule_id} differ in dimension, name or "
                "priority."
            )


def _reasons(tables: Tables) -> Iterator[str]:
    weights = {row["code"]: row["weight"] for row in tables["routing_reasons"]}
    if sorted(row["code"] for row in tables["routing_reasons"]) != sorted(REASONS):
        yield f"routing_reasons.csv needs one row for each of {', '.join(REASONS)}."
    for code, weight in weights.items():
        if not _is_share(weight):
            yield f"routing_reasons.csv: {code} has the weight {weight!r}, not one from 0 to 1."


def _slas(tables: Tables) -> Iterator[str]:
    segments = {*_names(tables)["segment"], _EVERYTHING}
    for row in tables["routing_sla"]:
        if row["segment"] not in segments:
            yield f"routing_sla.csv: segment {row['segment']!r} is one that no rule gives."
        if _number(row["min_score"]) is None:
            yield f"routing_sla.csv: min_score {row['min_score']!r} is no whole number."
        if not _number(row["minutes"]):
            yield f"routing_sla.csv: minutes {row['minutes']!r} must be a number above 0."


def _calendars(tables: Tables) -> Iterator[str]:
    zones: dict[str, set[str]] = defaultdict(set)
    for row in tables["business_calendars"]:
        calendar, zone = row["calendar"], row["zone"]
        zones[calendar].add(zone)
        hours = f"{row['weekday']} {row['opens']}-{row['closes']}"
        try:
            business_deadline(0, 1, "UTC", hours, "")
        except CalendarError as error:
            yield f"business_calendars.csv: calendar {calendar}: {error}."
    for calendar, told in zones.items():
        if len(told) > 1:
            yield f"business_calendars.csv: calendar {calendar} has several zones."
        for zone in sorted(told):
            if not is_time_zone(zone):
                yield f"business_calendars.csv: calendar {calendar}: {zone!r} is no IANA time zone."


def _holidays(tables: Tables) -> Iterator[str]:
    calendars = {row["calendar"] for row in tables["business_calendars"]}
    for row in tables["holidays"]:
        if row["calendar"] not in calendars:
            yield f"holidays.csv: {row['holiday']} is for the unknown calendar {row['calendar']!r}."
        try:
            business_deadline(0, 1, "UTC", "", row["holiday"] or "(none)")
        except CalendarError:
            yield f"holidays.csv: {row['holiday']!r} is no day such as 2026-12-25."


def _names(tables: Tables) -> dict[str, set[str]]:
    names: dict[str, set[str]] = {dimension: set() for dimension in DIMENSIONS}
    for row in tables["routing_rules"]:
        names.get(row["dimension"], set()).add(row["name"])
    return names


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else None


def _is_share(text: str) -> bool:
    return re.fullmatch(r"[0-9]*\.?[0-9]+", text) is not None and float(text) <= 1


def _is_pattern(text: str) -> bool:
    return re.fullmatch(r"[\w .&/-]+(\|[\w .&/-]+)*", text) is not None
