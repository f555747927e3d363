from __future__ import annotations

import pandas as pd
import pytest

from orchestration.quality import runner
from orchestration.quality.expectations import Contract, Rule, matches, not_null, unique

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:great_expectations.*")

CONTRACT = Contract(
    border="raw",
    schema="raw",
    table="things",
    key=("id",),
    columns=("id", "name", "code"),
    rules=(
        unique("id"),
        not_null("name"),
        matches("code", "^[a-z]+$", blocking=False),
    ),
)


def things(*rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["id", "name", "code"])


def test_rows_that_hold_pass() -> None:
    """A table that keeps its contract has no failures."""
    report = runner.check(CONTRACT, things((1, "a", "x"), (2, "b", "y")))

    assert report.passed
    assert report.rows == 2


def test_failing_rows_are_named_by_key_not_by_value() -> None:
    """A broken rule names rule, column and key; the offending value (maybe PII) stays out."""
    report = runner.check(CONTRACT, things((1, None, "x"), (2, "b", "SECRET VALUE")))

    assert [(f.rule, f.count, f.keys) for f in report.failures] == [
        ("not_null(name)", 1, ("1",)),
        ("regex(code)", 1, ("2",)),
    ]
    assert "SECRET VALUE" not in report.markdown()


def test_the_form_of_what_breaks_a_rule_is_shown() -> None:
    """Enough to see what is wrong, and nothing of what stands there."""
    report = runner.check(CONTRACT, things((1, "a", "Ada Löw-12@x.io "), (2, "b", "")))

    [failure] = report.failures
    assert ("Xxx Xxx-99@x.xx␣", "(empty)") == failure.sample
    assert "Xxx-99" in report.markdown()


def test_only_blocking_rules_hold_rows() -> None:
    """A warning rule is reported but holds no row."""
    report = runner.check(CONTRACT, things((1, None, "x"), (2, "b", "NO")))

    assert report.broken_rules == {"1": ("not_null(name)",)}
    assert report.blocked


def test_empty_table_passes() -> None:
    """A new installation has no rows and no failures."""
    assert runner.check(CONTRACT, things()).passed


def test_rule_that_cannot_be_evaluated_fails_and_blocks() -> None:
    """A rule on a column that is not there must not pass silently."""
    broken = Contract(
        "raw",
        "raw",
        "things",
        ("id",),
        ("id",),
        (Rule("ExpectColumnValuesToNotBeNull", {"column": "absent"}),),
    )

    report = runner.check(broken, things((1, "a", "x")))

    assert report.blocked
