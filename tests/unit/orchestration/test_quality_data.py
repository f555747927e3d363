"""Data made to break what no single column tells, and little data that breaks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.quality import borders, contracts, runner
from orchestration.quality.activation_contracts import BY_TABLE
from orchestration.quality.contracts import BESIDES, Contracts
from orchestration.quality.expectations import Contract
from orchestration.quality.results import Result

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of libraries

NOW = datetime(2026, 6, 15, 5, tzinfo=UTC)  # a Monday, and still Sunday in Los Angeles
NOTHING = Contracts(contracts.RAW, (), {})


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'America/Los_Angeles'")
        connection.execute("create schema raw; create schema marts; create schema activation")
        yield connection


def measured(warehouse: duckdb.DuckDBPyConnection, folder: Path, border: str, check: str) -> Result:
    [(result, _)] = borders.check_border(
        warehouse,
        NOTHING,
        border,  # type: ignore[arg-type]
        folder=folder,
        run="run",
        now=NOW,
        wanted=lambda _table, name: name == check,
    )
    return result


def arrive(warehouse: duckdb.DuckDBPyConnection, source: str, moments: str) -> None:
    """`moments`: a query of `moment`; the log as loaded, with these events of one source."""
    warehouse.execute(
        f"""
        create table raw.events as
        select '{source}' as source, 'webhook' as kind, moment as received_at,
            false as historical
        from ({moments})
        """
    )


def people(warehouse: duckdb.DuckDBPyConnection, then: str, now: str, number: int) -> None:
    """So many people of each period, by the origin that an expression of `i` gives them."""
    parts = " union all ".join(
        f"select {origin} as original_source, ?::timestamptz as first_seen_at"
        f" from range({number}) t(i)"
        for origin in (then, now)
    )
    moments = [NOW - timedelta(days=50), NOW - timedelta(days=2)]
    warehouse.execute(f"create table marts.dim_people as {parts}", moments)


def test_a_source_of_working_days_is_judged_by_its_own_weekdays(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A Sunday without events is like other Sundays, and days are days of UTC wherever the machine
    stands; a Sunday that had 100 and has 10 is told."""
    weekdays = """
        select '2026-04-06 12:00:00+00'::timestamptz + to_days(day::integer) as moment
        from range(70) days(day), range(100) copies where day % 7 not in (5, 6)
    """
    arrive(warehouse, "office", weekdays)
    quiet = measured(warehouse, tmp_path, "raw", "volume")
    warehouse.execute("drop table raw.events")
    late = """
        select '2026-04-12 01:00:00+00'::timestamptz + to_days(7 * week::integer) as moment
        from range(10) weeks(week), range(100) copies(copy) where week < 9 or copy < 10
    """
    arrive(warehouse, "sunday", late)
    fewer = measured(warehouse, tmp_path, "raw", "volume")

    assert ("not judged", "office: not judged; 0 rows are usual, too few to judge by") == (
        quiet.state,
        quiet.notes[0],
    )
    assert ("warned", "sunday: broken; 10 rows on 2026-06-14, 100 are usual") == (
        fewer.state,
        fewer.notes[0],
    )


def test_a_source_of_working_days_is_not_silent_at_night(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """It sends every five minutes by day and never from Friday evening to Monday morning; when it
    had stayed away since Wednesday, it is silent."""
    office = """
        select moment from generate_series(
            '2026-05-25 07:00:00+00'::timestamptz,
            '2026-06-12 16:00:00+00'::timestamptz,
            interval 5 minute
        ) t(moment)
        where extract(hour from moment at time zone 'UTC') between 7 and 15
            and isodow(moment at time zone 'UTC') < 6
    """
    arrive(warehouse, "office", office)
    weekend = measured(warehouse, tmp_path, "raw", "freshness")
    warehouse.execute("delete from raw.events where received_at > '2026-06-10 00:00:00+00'")
    away = measured(warehouse, tmp_path, "raw", "freshness")

    assert "passed" == weekend.state, weekend.notes
    assert ("warned", ("office",)) == (away.state, away.broken[0].keys), away.notes


@pytest.mark.parametrize(("number", "state"), [(400, "warned"), (5, "not judged")])
def test_people_from_elsewhere_are_told_once_they_are_many(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, number: int, state: str
) -> None:
    """An origin that vanishes is drift among hundreds; among five it is chance."""
    people(warehouse, "case i % 2 when 0 then 'google' else 'linkedin' end", "'google'", number)

    assert state == measured(warehouse, tmp_path, "canonical", "source_mix").state


@pytest.mark.parametrize(("number", "state"), [(400, "warned"), (5, "not judged")])
def test_scores_that_moved_are_told_once_they_are_many(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, number: int, state: str
) -> None:
    """Of the last finished period; the one under way says nothing yet."""
    warehouse.execute(
        """
        create table marts.rpt_score_drift as
        from (values
            ('v1', date '2026-04-01', date '2026-04-01', $1, 0.0),
            ('v1', date '2026-05-01', date '2026-04-01', $1, 0.4),
            ('v1', date '2026-06-01', date '2026-04-01', 1, 9.0)
        ) t(version, period_start, reference_start, people, psi)
        """,
        [number],
    )

    assert state == measured(warehouse, tmp_path, "canonical", "score_drift").state


def test_a_person_of_whom_no_consent_is_known_is_told(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Also that nothing was ever asked must be on record; so must the reason of what is granted."""
    warehouse.execute(
        """
        create table marts.dim_people as select * from (values
            ('p_' || repeat('a', 24), now(), now()), ('p_' || repeat('b', 24), now(), now())
        ) t(person_id, first_seen_at, last_seen_at);
        create table marts.dim_consents as select * from (values
            ('p_' || repeat('a', 24), 'granted', 'c1', null),
            ('p_' || repeat('a', 24), 'missing', null, null),
            ('p_' || repeat('a', 24), 'granted', null, null)
        ) t(person_id, status, consent_id, lawful_basis)
        """
    )
    found = {}
    for table in ("dim_people", "dim_consents"):
        columns, rules = BESIDES[table]
        made = Contract("canonical", "marts", table, ("person_id",), columns, rules)
        [found[table]] = runner.check_table(warehouse, made).failures

    assert ("p_" + "b" * 24,) == found["dim_people"].keys
    assert 1 == found["dim_consents"].count
    assert found["dim_people"].blocking
    assert found["dim_consents"].blocking


def test_an_address_that_is_not_hashed_does_not_leave(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Neither as it is nor with a capital in the hash; the report shows neither."""
    rows = [("1", "ab" * 32), ("2", "ada@example.com"), ("3", "AB" * 32)]
    warehouse.execute(
        """
        create table activation.act_meta__conversions
        (entity_key varchar, payload varchar, payload_hash varchar)
        """
    )
    for key, em in rows:
        payload = f'{{"user_data": {{"em": ["{em}"]}}, "event_id": "e", "event_time": 1770000000}}'
        warehouse.execute(
            "insert into activation.act_meta__conversions values (?, ?, sha256(?))",
            [key, payload, payload],
        )
    leaving = BY_TABLE["act_meta__conversions"]
    contract = Contract(
        "activation",
        "activation",
        leaving.table,
        ("entity_key",),
        leaving.columns,
        leaving.rules,
    )

    report = runner.check_table(warehouse, contract)

    assert {"2": ("regex(em)",), "3": ("regex(em)",)} == report.broken_rules
    assert "ada@example.com" not in report.markdown()
