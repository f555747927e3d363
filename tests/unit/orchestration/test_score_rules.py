"""Score rules are refused before anything is built, with the rule and the reason."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.errors import ScoreRulesInvalidError
from orchestration.scoring import rules
from orchestration.scoring.rules import Seeds

PROJECT = Path(rules.SEEDS).parent
GOOD = {
    "rule_id": "visit", "version": "v1", "kind": "engagement", "field": "page_view",
    "operator": "happened", "value": None, "points": "2", "half_life_days": "30", "cap": "10",
}  # fmt: skip
FIT = {
    **GOOD, "kind": "fit", "field": "job_title", "operator": "has_word", "value": "ceo|vp",
    "half_life_days": None, "cap": None,
}  # fmt: skip
SEEDS = Seeds(
    versions=[
        {"version": "v1", "status": "live", "kind": "rules", "threshold": "50",
         "rearm_below": "20", "live_from": None},
    ],
    rules=[GOOD],
    fields=[{"kind": "engagement", "field": "page_view"}, {"kind": "fit", "field": "job_title"}],
)  # fmt: skip


def test_the_seeds_of_the_project_are_sound() -> None:
    """What ships can be scored by, and one version is live."""
    assert "v1" == rules.ensure_sound().live


def test_good_rules_pass() -> None:
    """A sound rule of each kind has no problem."""
    assert [] == rules.check(replace(SEEDS, rules=[GOOD, {**FIT, "rule_id": "title"}]))


@pytest.mark.parametrize(
    ("row", "changed", "told"),
    [
        (GOOD, {"field": "telepathy"}, "unknown engagement field telepathy"),
        (GOOD, {"operator": "dreamt"}, "unknown engagement operator dreamt"),
        (GOOD, {"version": "v9"}, "score_versions has no such version"),
        (GOOD, {"kind": "mood"}, "unknown kind mood"),
        (GOOD, {"half_life_days": "a month"}, "half_life_days must be a whole number"),
        (GOOD, {"half_life_days": "6"}, "half_life_days must be a whole number"),
        (GOOD, {"points": "many"}, "points must be a number"),
        (GOOD, {"points": "nan"}, "points must be a number"),
        (GOOD, {"points": "0"}, "points must be a number"),
        (GOOD, {"points": "5000"}, "points must be a number"),
        (GOOD, {"cap": "-10"}, "cap must be a number of the sign"),
        (GOOD, {"cap": "1"}, "hold at least one occurrence"),
        (GOOD, {"value": "x"}, "happened takes no value"),
        (FIT, {"value": None}, "has_word needs a value"),
        (FIT, {"value": "c++|(x"}, "may hold letters"),
        (FIT, {"operator": "at_least", "value": "ten"}, "ten is not a whole number"),
        (FIT, {"operator": "listed", "value": "friends"}, "there is no list friends"),
        (FIT, {"cap": "10"}, "a fit rule has neither"),
    ],
)
def test_a_bad_rule_is_named_with_its_reason(
    row: dict[str, str | None], changed: dict[str, str | None], told: str
) -> None:
    """The message has the rule, its version and what is wrong."""
    (problem,) = rules.check(replace(SEEDS, rules=[{**row, **changed}]))
    assert problem.startswith("rule visit of ")
    assert told in problem


def test_versions_are_checked() -> None:
    """Exactly one live version, known words, whole numbers that make sense."""
    broken = {"version": "v2", "status": "alive", "kind": "magic", "threshold": "5.5"}
    swapped = {**SEEDS.versions[0], "version": "v3", "status": "retired", "rearm_below": "60"}
    problems = rules.check(replace(SEEDS, versions=[broken, swapped], rules=[]))
    assert [
        "score_versions has 0 live versions instead of one",
        "version v2: unknown status alive",
        "version v2: unknown kind magic",
        "version v2: threshold is not a whole number",
        "version v3: rearm_below is not a whole number up to the threshold",
    ] == problems


def test_a_fifth_half_life_is_refused() -> None:
    """The timeline keeps one running total for each half-life, and has four."""
    many = [
        {**GOOD, "rule_id": f"r{days}", "half_life_days": str(days)} for days in (7, 8, 9, 10, 11)
    ]
    (problem,) = rules.check(replace(SEEDS, rules=many))
    assert "5 different half-lives" in problem


def test_a_rule_twice_is_refused() -> None:
    """Two rows of one name would be one contribution id."""
    assert ["rule visit of v1 is listed 2 times"] == rules.check(replace(SEEDS, rules=[GOOD, GOOD]))


def test_the_batch_is_told_which_file_to_mend(tmp_path: Path) -> None:
    """ensure_sound raises with the first problems and the catalogue's remedy."""
    for name in ("versions", "fields"):
        (tmp_path / f"score_{name}.csv").write_text((rules.SEEDS / f"score_{name}.csv").read_text())
    head = ",".join(rules.RULE_COLUMNS)
    (tmp_path / "score_rules.csv").write_text(f"{head}\nr,v1,fit,shoe_size,present,,5,,\n")
    with pytest.raises(ScoreRulesInvalidError, match="unknown fit field shoe_size") as told:
        rules.ensure_sound(tmp_path)
    assert "seeds/score_rules.csv" in told.value.remedy


def test_python_and_sql_know_the_same_words() -> None:
    """The fit fields of the macro are those of the seed; both know the number of half-lives."""
    macro = (PROJECT / "macros" / "scoring.sql").read_text()
    listed = re.search(r"macro score_attributes\(\) -%}(.*?)endmacro", macro, re.DOTALL)
    assert listed is not None
    fields = {row["field"] for row in rules.read_seeds().fields if row["kind"] == "fit"}
    assert fields == set(re.findall(r"'(\w+)'", listed[1]))
    assert f"score_half_lives: {rules.HALF_LIVES}\n" in (PROJECT / "dbt_project.yml").read_text()
