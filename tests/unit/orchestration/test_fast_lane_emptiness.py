"""What DuckDB's plan tells of a query's rows; DuckDB itself is the judge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from orchestration.fast_lane.emptiness import is_empty

TABLES = ("a", "b", "c")
QUERIES = {
    "from a": {"a"},
    "select id from a where id > 3": {"a"},
    "select id, count(*) from a group by id": {"a"},
    "select id, row_number() over (order by id) from a": {"a"},
    "select id from a order by id limit 2": {"a"},
    "select distinct id from a": {"a"},
    "select unnest([id, 2]) from a": {"a"},
    "select a.id from a inner join b using (id)": {"a", "b"},
    "select a.id from a semi join b using (id)": {"a", "b"},
    "select a.id from a cross join b": {"a", "b"},
    "select a.id from a left join b using (id)": {"a"},
    "select a.id from b right join a using (id)": {"a"},
    "select a.id from a anti join b using (id)": {"a"},
    "select id from a where id not in (select id from b)": {"a"},
    "select id from a where id > 2 or id in (select id from b)": {"a"},
    "select id, (select max(id) from b where b.id = a.id) from a": {"a"},
    "with x as materialized (from a) select * from x inner join x as y using (id)": {"a"},
    "select a.id from a full join b using (id)": set(),
    "select id from a union all select id from b": set(),
    "select count(*) from a": set(),
    "select coalesce(max(id), 0) from a": set(),
    "select 1 where not exists (select 1 from a)": set(),
}
"""Query → which of its tables make it empty by being so, each alone."""


@pytest.fixture(scope="module")
def connection() -> Iterator[DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set disabled_optimizers = 'statistics_propagation'")
        for name in TABLES:
            connection.execute(f"create table {name} (id integer)")
        yield connection


def plan(connection: DuckDBPyConnection, query: str) -> dict[str, object]:
    [(_, told)] = connection.execute(f"explain (format json) {query}").fetchall()
    [found] = json.loads(told)
    return dict(found)


def full(names: set[str]) -> set[str]:
    return {f"memory.main.{name}" for name in names}


@pytest.mark.parametrize("query", QUERIES)
def test_what_empties_a_query_is_found(connection: DuckDBPyConnection, query: str) -> None:
    """Each table that a query can have no rows without is known, and no other one counts."""
    told = plan(connection, query)
    assert QUERIES[query] == {name for name in TABLES if is_empty(told, full({name}))}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_called_empty_has_no_rows(connection: DuckDBPyConnection, query: str) -> None:
    """Whichever tables have no rows: where the plan says so, the query has none."""
    told = plan(connection, query)
    every = [set(some) for size in range(4) for some in combinations(TABLES, size)]
    for empty in every:
        connection.execute("begin")
        for name in set(TABLES) - empty:
            connection.execute(f"insert into {name} from range(5)")
        rows = connection.execute(query).fetchall()
        connection.execute("rollback")
        assert not (rows and is_empty(told, full(empty))), empty


def test_what_is_false_needs_no_table(connection: DuckDBPyConnection) -> None:
    """A condition that never holds empties a query whatever its tables hold."""
    assert is_empty(plan(connection, "select id from a where 'form' = 'page'"))
    assert is_empty(plan(connection, "select id from a where id in (select id from b where false)"))


def test_an_unknown_operator_may_have_rows() -> None:
    """What this version of DuckDB does not know yet is never left out."""
    assert not is_empty({"name": "NEW_SCAN", "children": [{"name": "EMPTY_RESULT"}]})
