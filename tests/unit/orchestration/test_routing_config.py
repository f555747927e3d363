"""Routing seeds that contradict each other are refused, with what to mend."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import dbt_project
from orchestration import routing_config
from orchestration.errors import RoutingConfigError

SEEDS = Path(next(iter(dbt_project.__path__))) / "seeds"


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    """A copy of our own seeds with one change in one file."""
    for table in routing_config.COLUMNS:
        shutil.copy(SEEDS / f"{table}.csv", folder)
    file = folder / f"{name}.csv"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return folder


def test_the_seeds_that_are_shipped_can_work() -> None:
    """Nothing is wrong with them."""
    routing_config.check(SEEDS)


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("rep_coverage", "jonas,territory", "joans,territory", "unknown rep 'joans'"),
        ("rep_coverage", "territory,emea", "territory,emae", "covers territory 'emae'"),
        ("rep_coverage", "anna,segment", "anna,size", "'size' is none of territory"),
        ("routing_rules", "country,in", "county,in", "unknown field 'county'"),
        ("routing_rules", "country,in", "country,like", "unknown operator 'like'"),
        ("routing_rules", "at_least,1000", "at_least,many", "'many', which is no number"),
        ("routing_rules", "at_least,1000", "at_least,", "nothing to compare employees with"),
        ("routing_rules", "automation|workflow", "(automation", "no words parted by |"),
        ("routing_rules", "americas,20", "americas,soon", "priority 'soon'"),
        ("routing_rules", "americas,territory", "americas,place", "for 'place'"),
        ("routing_rules", "americas,territory", "emea,territory", "rows of rule emea differ"),
        ("routing_reasons", "OUT_OF_HOURS,0.1", "OUT_OF_HOURS,2", "weight '2'"),
        ("routing_reasons", "INACTIVE,0", "LAZY,0", "one row for each of AT_CAPACITY"),
        ("routing_sla", "enterprise,0,60", "enterprise,0,0", "minutes '0' must be"),
        ("routing_sla", "enterprise,0,60", "galactic,0,60", "segment 'galactic'"),
        ("routing_sla", "enterprise,0,60", "enterprise,low,60", "min_score 'low'"),
        ("business_calendars", "Europe/Amsterdam", "Amsterdam", "'Amsterdam' is no IANA"),
        ("business_calendars", "Europe/Amsterdam", "Europe/Paris", "has several zones"),
        ("business_calendars", "09:00,17:30", "17:30,09:00", "must end after they start"),
        ("business_calendars", "monday", "moonday", "no hours such as"),
        ("holidays", "2026-12-25", "2026-02-30", "'2026-02-30' is no day"),
        ("holidays", "amsterdam,2026", "atlantis,2026", "unknown calendar 'atlantis'"),
        ("reps", "new_york,60", "chicago,60", "unknown calendar 'chicago'"),
        ("reps", "new_york,60", "new_york,lots", "capacity 'lots'"),
        ("reps", "60,true,false", "60,yes,false", "is_active 'yes'"),
        ("reps", "0,true,true", "0,false,true", "needs one active fallback"),
        ("reps", "60,true,false", "60,true,true", "needs one active fallback; it has 2"),
        ("reps", "jonas,Jonas", "anna,Jonas", "an id of their own"),
        ("reps", "jonas.keller@example.com", "", "a name and an e-mail"),
        ("reps", "rep_id,rep_name", "rep_id,title", "lacks the column rep_name"),
    ],
)
def test_what_cannot_work_is_named(
    tmp_path: Path, name: str, old: str, new: str, told: str
) -> None:
    """The message names the file and the value; the code leads to what to do."""
    with pytest.raises(RoutingConfigError) as refused:
        routing_config.check(changed(tmp_path, name, old, new))
    assert told in str(refused.value)
    assert f"{name}.csv" in str(refused.value)
    assert "ROUTING_CONFIG_INVALID" == refused.value.code


def test_two_reps_cannot_share_an_owner_in_hubspot(tmp_path: Path) -> None:
    """An owner there is one person here."""
    folder = changed(tmp_path, "reps", "anna.visser@example.com,", "anna.visser@example.com,7")
    changed_again = folder / "reps.csv"
    text = changed_again.read_text()
    changed_again.write_text(text.replace("keller@example.com,", "keller@example.com,7"))
    with pytest.raises(RoutingConfigError, match="shares the HubSpot owner 7"):
        routing_config.check(folder)


def test_missing_files_are_told_at_once(tmp_path: Path) -> None:
    """An empty folder is refused for what it lacks, however much that is."""
    with pytest.raises(RoutingConfigError, match="needs one active fallback"):
        routing_config.check(tmp_path)


def test_only_the_first_problems_are_listed(tmp_path: Path) -> None:
    """A file that is wrong throughout does not fill the screen."""
    folder = changed(tmp_path, "rep_coverage", "jonas", "jonas")
    (folder / "reps.csv").write_text((SEEDS / "reps.csv").read_text().splitlines()[0] + "\n")
    with pytest.raises(RoutingConfigError, match=r"And \d+ more"):
        routing_config.check(folder)


def accepted(seed: dict[str, Any], column: str) -> list[str]:
    (found,) = (item for item in seed["columns"] if item["name"] == column)
    (values,) = (
        test["accepted_values"]["arguments"]["values"]
        for test in found["data_tests"]
        if isinstance(test, dict) and "accepted_values" in test
    )
    return list(values)


def test_python_and_dbt_accept_the_same_values() -> None:
    """The lists here and in the tests of the seeds are the same, and so are the columns."""
    described = yaml.safe_load((SEEDS / "_routing.yml").read_text())["seeds"]
    seeds = {seed["name"]: seed for seed in described}
    rules = seeds["routing_rules"]
    assert list(routing_config.FIELDS) == accepted(rules, "field")
    assert list(routing_config.OPERATORS) == accepted(rules, "operator")
    assert list(routing_config.DIMENSIONS) == accepted(rules, "dimension")
    assert list(routing_config.REASONS) == accepted(seeds["routing_reasons"], "code")
    columns = {name: tuple(c["name"] for c in seed["columns"]) for name, seed in seeds.items()}
    assert routing_config.COLUMNS == columns
