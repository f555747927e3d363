"""A border as a batch checks it: what is read again, what is kept, and the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from ingestion.expected import Way
from orchestration.first_events import Awaited
from orchestration.quality import borders, contracts, page, results, told
from orchestration.quality.contracts import Contracts
from orchestration.quality.expectations import Contract, Rule, between, matches, not_null, unique
from orchestration.quality.results import CONTRACT, KEEP, Result

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of libraries

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
BEFORE = NOW - timedelta(hours=1)
THINGS = Contract(
    "canonical",
    "marts",
    "things",
    ("id",),
    ("id", "name"),
    (unique("id"), not_null("name"), matches("name", "^[a-z]+$", blocking=False)),
    {"id": "varchar", "name": "varchar"},
)
FOUND = Contracts(contracts.RAW, (THINGS,), {})


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.things as from (values ('1', 'a')) t(id, name)")
        yield connection


def check(
    warehouse: duckdb.DuckDBPyConnection, folder: Path, found: Contracts = FOUND, minute: int = 0
) -> Result:
    now = NOW + timedelta(minutes=minute)
    [(result, _)] = borders.check_border(
        warehouse,
        found,
        "canonical",
        folder=folder,
        run=f"run-{minute}",
        now=now,
        wanted=lambda _table, name: name == CONTRACT,
    )
    return result


def test_a_table_that_did_not_change_is_not_read_again(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A result stands until a row or the contract changes; one row twice is a change too."""
    first, again = (check(warehouse, tmp_path, minute=minute) for minute in (0, 1))
    warehouse.execute("insert into marts.things values ('2', 'b')")
    grown = check(warehouse, tmp_path, minute=2)
    warehouse.execute("insert into marts.things from marts.things")
    doubled = check(warehouse, tmp_path, minute=3)

    assert [False, True, False] == [each.unchanged for each in (first, again, grown)]
    assert ["passed", "passed", "passed"] == [each.state for each in (first, again, grown)]
    assert ["unique(id)"] == [each.rule for each in doubled.broken]


def test_what_failed_is_looked_at_again(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A failure never stands by itself, and another contract asks again."""
    warehouse.execute("update marts.things set name = 'NO'")
    twice = [check(warehouse, tmp_path, minute=minute) for minute in (0, 1)]
    more = THINGS.with_rules((), [not_null("id")])
    other = check(warehouse, tmp_path, Contracts(contracts.RAW, (more,), {}), minute=2)

    assert ["warned"] * 2 == [each.state for each in twice]
    assert not twice[1].unchanged
    assert not other.unchanged


def test_another_type_blocks_before_rows_are_read(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A table without a promised column fails its contract by its name, not by an error."""
    warehouse.execute("alter table marts.things drop column name")

    [broken] = check(warehouse, tmp_path).broken

    assert ("columns and types", True) == (broken.rule, broken.blocking)
    assert "name" in broken.detail


def test_few_results_of_each_check_are_kept(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """The newest of each check, in order; the file does not grow for ever."""
    told = [check(warehouse, tmp_path, minute=minute) for minute in range(KEEP + 2)]

    assert told[2:] == results.read(tmp_path)["marts.things", "contract"]


def test_the_page_tells_everything_without_a_network(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Rules, results, keys and runs stand in one file that loads nothing; what a sender wrote is
    text there, and addresses are masked even where they are keys."""
    rows = "values ('<script>alert(1)</script>', null), ('ada@example.com', null), ('3', 'X')"
    warehouse.execute(f"insert into marts.things {rows}")
    check(warehouse, tmp_path)

    text = (tmp_path / page.FILE).read_text()

    assert "not_null(name)" in text
    assert "unique(source, event_key)" in text  # of the raw contract, which was not checked
    assert "&lt;script&gt;" in text
    assert "ada@example.com" not in text + (tmp_path / results.FILE).read_text()
    assert [] == re.findall(r"src=|href=\"[^#]|https?:|@import|<script", text)


def test_the_page_begins_with_what_does_not_hold(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """The rule as a sentence, how many rows and which, the form of what was found, what follows and
    what to do come before everything that is well."""
    warehouse.execute("insert into marts.things values ('2', null), ('3', 'NO 1')")
    check(warehouse, tmp_path)
    text = (tmp_path / page.FILE).read_text()
    top, _, rest = text.partition('<h2 class="border">')

    assert "name: never empty" in top
    assert "name looks like ^[a-z]+$" in top
    assert "XX 9" in top
    assert "NO 1" not in text
    assert "the batch stops before anything is published" in top
    assert "What to do:" in top
    assert {"2", "3"} <= set(re.findall(r"<code>(\w+)</code>", top))
    assert 'href="#marts.things.contract"' in top
    assert 'id="marts.things.contract"' in rest
    warehouse.execute("delete from marts.things where id <> '1'")
    check(warehouse, tmp_path, minute=1)
    assert "Every rule that could be judged holds." in (tmp_path / page.FILE).read_text()


def test_a_failing_check_in_dagster_says_what_to_do(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Rule, keys, the form of what stands there, the page and the next step; no value."""
    warehouse.execute("insert into marts.things values ('2', null), ('3', 'Ada 7')")
    [(result, report)] = borders.check_border(
        warehouse,
        FOUND,
        "canonical",
        folder=tmp_path,
        run="run",
        now=NOW,
        wanted=lambda _table, name: name == CONTRACT,
    )

    shown = told.metadata(result, report, tmp_path)

    assert "| not_null(name) | 1 | 2 |" in shown["report"].value
    assert "| regex(name) | 1 | 3 | Xxx 9 |" in shown["report"].value
    assert "Ada" not in str(shown)
    assert str(tmp_path / page.FILE) == shown["page"].value
    assert "mend the model" in shown["what_to_do"].value


def test_the_page_says_what_was_never_checked(tmp_path: Path) -> None:
    """Before the first batch every contract is listed, and nothing is called good."""
    page.write(tmp_path, FOUND)

    assert {"not checked"} == {check.state for check in page.shown(tmp_path, FOUND)}
    assert "Nothing was checked yet" in (tmp_path / page.FILE).read_text()


def test_every_rule_has_a_name() -> None:
    """Rules are told of by name everywhere; none is written without."""
    rules: list[Rule] = [between("a", 0), *contracts.RAW.rules]
    rules += [rule for _, found in contracts.BESIDES.values() for rule in found]

    assert all(rule.name for rule in rules)


def test_a_measure_that_could_not_judge_is_not_called_good(tmp_path: Path) -> None:
    """Without a history volume and silence are not judged, and the notes say why."""
    with duckdb.connect() as connection:
        columns = "position, source, event_key, kind, received_at, correlation_id, historical"
        rows = f"(1, 'shop', 'k', 'webhook', timestamptz '{BEFORE.isoformat()}', 'c', false)"
        connection.execute("create schema raw")
        connection.execute(f"create table raw.events as from (values {rows}) t({columns})")
        found = borders.check_border(connection, FOUND, "raw", folder=tmp_path, run="run", now=NOW)
    told = {result.check: (result.state, result.notes) for result, _ in found}

    assert "passed" == told[CONTRACT][0]
    assert ("not judged", ("shop: not judged; 0 of 4 weeks of history",)) == told["volume"]
    assert ("not judged", ("shop: not judged; too few events for a rhythm",)) == told["freshness"]


def test_a_source_that_never_sent_warns_when_it_is_overdue(tmp_path: Path) -> None:
    """No row of the log tells of it; before three days have passed nothing is judged."""
    awaited = [
        Awaited(Way("typeform", "webhook"), NOW - timedelta(days=4)),
        Awaited(Way("stripe", "pull"), NOW - timedelta(days=2)),
    ]
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        columns = ", ".join(f"null as {name}" for name in ("source", "kind", "historical"))
        connection.execute(
            f"create table raw.events as select {columns}, now() as received_at limit 0"
        )
        [(freshness, _)] = borders.check_border(
            connection,
            FOUND,
            "raw",
            folder=tmp_path,
            run="run",
            now=NOW,
            wanted=lambda _table, check: check == "freshness",
            awaited=awaited,
        )

    assert ("warned", ("typeform",)) == (freshness.state, freshness.broken[0].keys)
    assert freshness.notes[0].startswith("typeform: broken; its webhook secret is set")
    assert freshness.notes[1].startswith("stripe (pull): not judged; its API is pulled")


def test_a_source_that_sends_less_warns_by_its_name(tmp_path: Path) -> None:
    """Yesterday beside the same weekday of the weeks before, read from the log as loaded; what was
    loaded of the past does not count."""
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        connection.execute(
            """
            create table raw.events as
            select
                row_number() over () as position, 'shop' as source, 'webhook' as kind,
                row_number() over ()::varchar as event_key, 'c' as correlation_id,
                ?::timestamptz - to_days(1 + 7 * week::integer) as received_at,
                week = 0 and copy > 10 as historical
            from range(9) weeks(week), range(100) copies(copy)
            """,
            [NOW],
        )
        found = borders.check_border(connection, FOUND, "raw", folder=tmp_path, run="run", now=NOW)
    [volume] = [result for result, _ in found if result.check == "volume"]

    assert ("warned", ("shop",)) == (volume.state, volume.broken[0].keys)
    assert "11 rows on 2026-06-14, 100 are usual" in volume.notes[0]
