"""Large tables: SQL says which rows may break a rule, and Great Expectations judges them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from orchestration.quality import runner, sieve
from orchestration.quality.expectations import (
    Contract,
    Rule,
    between,
    matches,
    never,
    not_null,
    one_of,
    unique,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # of libraries

ADDRESS = r"^[^@\s]+@[^@\s]+\.[^@\s]+\Z"
CONTRACT = Contract(
    border="canonical",
    schema="marts",
    table="things",
    key=("id",),
    columns=("name", "word", "number", "amount", "first", "second", "wrong"),
    rules=(
        unique("name"),
        unique("word", "number"),
        not_null("name"),
        not_null("amount"),
        one_of("word", "a", "b", blocking=False),
        matches("name", ADDRESS),
        matches("word", r"^\w\d?$"),
        between("number", 0, 9),
        between("amount", None, 1.5),
        never("wrong", "nothing is wrong"),
        Rule(
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "second", "column_B": "first", "or_equal": True},
            name="second not before first",
            columns=("second", "first"),
        ),
    ),
)
PAIRLESS = replace(
    CONTRACT, rules=tuple(each for each in CONTRACT.rules if each.name != "unique(word, number)")
)
OF_ROWS = replace(
    CONTRACT, rules=tuple(each for each in CONTRACT.rules if not each.name.startswith("unique"))
)
TYPES = {
    "id": pa.string(), "name": pa.string(), "word": pa.string(), "number": pa.int32(),
    "amount": pa.float64(), "first": pa.timestamp("us"), "second": pa.timestamp("us"),
    "wrong": pa.string(),
}  # fmt: skip
GOOD = {
    "name": "a@b.io", "word": "a", "number": 1, "amount": 1.0, "first": 1, "second": 1,
    "wrong": None,
}  # fmt: skip
ODD: dict[str, list[Any]] = {
    "name": ["c@d.io", "c@d.io\n", "a\u00a0@b.io", "\x1c@b.io", "\v@b.io", "ä@b.io", "", None],
    "word": ["b", "c", "a1", "a\u0663", "ä", "a\n", "", None],
    "number": [0, 9, 10, -1, None],
    "amount": [1.5, 1.6, float("nan"), float("inf"), None],
    "first": [2, None],
    "second": [0, None],
    "wrong": ["missing"],
}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create schema marts")
        yield opened


def fill(connection: duckdb.DuckDBPyConnection, rows: Sequence[dict[str, Any]]) -> None:
    numbered = [row | {"id": str(number)} for number, row in enumerate(rows)]
    table = pa.Table.from_pylist(numbered, schema=pa.schema(list(TYPES.items())))
    connection.register("told", table)
    connection.execute("create or replace table marts.things as from told")


def test_no_row_that_breaks_a_rule_slips_through(connection: duckdb.DuckDBPyConnection) -> None:
    """Whatever stands in a row, alone or among other oddities: if Great Expectations says that it
    breaks a rule, it is suspect; most good rows are not."""
    rng = Random(7)  # noqa: S311  the same rows each time
    alone = [GOOD | {name: value} for name, values in ODD.items() for value in values]
    mixed = [{name: rng.choice([GOOD[name], *ODD[name]]) for name in ODD} for _ in range(300)]
    fill(connection, [*[GOOD] * 50, *alone, *mixed])
    found = sieve.of(connection, OF_ROWS)
    assert found is not None
    suspects = connection.execute(
        f"select id from ({found.query}) where {sieve.SUSPECT}", found.values
    ).fetchall()
    report = runner.check(OF_ROWS, connection.execute(OF_ROWS.query).df())
    broken = {key for each in report.failures for key in each.keys}

    assert OF_ROWS.rules == found.rules
    assert {each.name for each in OF_ROWS.rules} == {each.rule for each in report.failures}
    assert broken <= {key for (key,) in suspects}
    assert not {str(number) for number in range(50)} & {key for (key,) in suspects}


def many(connection: duckdb.DuckDBPyConnection, **changed: dict[str, Any]) -> None:
    """5,000 good rows, but for some that differ in a column: index → column → value."""
    rows = [GOOD | {"name": f"n{at}@b.io", "word": "a", "number": None} for at in range(5_000)]
    for at, values in changed.items():
        rows[int(at.removeprefix("row"))] |= values
    fill(connection, rows)
    connection.execute("update marts.things set number = 1 where id = '0'")


def test_a_large_table_comes_out_like_a_small_one(connection: duckdb.DuckDBPyConnection) -> None:
    """Rules, rows, counts and keys are those of a look at every row, also of a rule on shares."""
    many(connection, row7={"name": "nobody"}, row8={"name": "n9@b.io"}, row4000={"number": 12})
    share = Rule(
        "ExpectColumnValuesToBeInSet",
        {"column": "word", "value_set": ["b"], "mostly": 0.1},
        name="at least a tenth",
        columns=("word",),
    )
    contract = PAIRLESS.with_rules((), (share,))

    quick = runner.check_table(connection, contract, whole=0)

    assert runner.check_table(connection, contract) == quick
    assert ("regex(name)", "at least a tenth") < tuple(each.rule for each in quick.failures)
    assert 5_000 == quick.rows


def test_only_what_is_suspect_is_read(connection: duckdb.DuckDBPyConnection) -> None:
    """Of many good rows a sample is judged."""
    many(connection, row7={"name": "nobody"})
    found = sieve.of(connection, PAIRLESS)
    assert found is not None

    read = connection.execute(found.query, found.values).df()

    assert 1 == read[sieve.SUSPECT].sum()
    assert 500 < len(read) < 2_000


def test_a_sieve_that_lets_through_what_is_broken_is_not_trusted(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of the sample that breaks a rule without being suspect: then every row is judged."""
    many(connection, **{f"row{at}": {"number": 12} for at in range(1, 5_000, 2)})
    monkeypatch.setitem(sieve._KEEPING, "ExpectColumnValuesToBeBetween", lambda *_: ("true", ()))

    report = runner.check_table(connection, PAIRLESS, whole=0)

    assert [("range(number)", 2_500)] == [(each.rule, each.count) for each in report.failures]
