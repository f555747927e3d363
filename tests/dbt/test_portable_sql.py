"""Models hold no engine's own syntax: that is in macros/engine/, once for each engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import portable_sql as portable
import pytest
import sqlglot
from sqlglot import exp

from dbt_project.functions.register import FUNCTIONS, WHOLE_LIST_FUNCTIONS

ENGINES = ("duckdb", "spark")

# What the macros for Spark call, of Spark SQL 3.5 (spark.apache.org/docs/3.5.0/api/sql).
SPARK_FUNCTIONS = portable.FUNCTIONS | {
    "array", "array_join", "array_sort", "arrays_zip", "assert_true", "collect_list", "collect_set",
    "concat", "conv", "current_timestamp", "date_add", "date_format", "date_trunc", "explode",
    "from_json", "get_json_object", "inline", "map_entries", "max_by", "min_by", "named_struct",
    "nvl2", "percentile", "posexplode", "position", "raise_error", "regexp_extract", "regexp_like",
    "regexp_replace", "sha2", "split", "struct", "timestamp_millis", "timestamp_seconds", "to_json",
    "to_timestamp", "to_unix_timestamp", "transform", "try_cast", "unix_micros", "unix_seconds",
}  # fmt: skip


@pytest.fixture(scope="module")
def manifests(manifest: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {"duckdb": manifest, "spark": portable.parse("spark", tmp_path_factory.mktemp("spark"))}


@pytest.fixture(scope="module")
def skeletons(manifests: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Engine → model → SQL with engine macros as function calls."""
    return {
        engine: portable.skeletons(engine, tmp_path_factory.mktemp("masked"), manifest)
        for engine, manifest in manifests.items()
    }


@pytest.fixture(scope="module")
def queries(manifests: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Engine → model → SQL as that engine is given it."""
    return {
        engine: portable.compiled(engine, tmp_path_factory.mktemp("compiled"), manifest)
        for engine, manifest in manifests.items()
    }


def test_every_engine_macro_serves_both_engines(manifests: dict[str, Any]) -> None:
    """Each dispatched macro has one implementation an engine, with the same arguments."""
    macros = {
        macro.name: macro
        for macro in manifests["duckdb"].macros.values()
        if macro.package_name == "millrace"
    }
    dispatched = portable.engine_macros(manifests["duckdb"])
    expected = {f"{engine}__{name}" for engine in ENGINES for name in dispatched}
    written = {name for name in macros if name.startswith(tuple(f"{e}__" for e in ENGINES))}
    assert expected == written
    for name in dispatched:
        signatures = {engine: _arguments(macros[f"{engine}__{name}"]) for engine in ENGINES}
        assert signatures["duckdb"] == signatures["spark"], name
    assert {"macros/engine"} == {
        str(Path(macros[name].original_file_path).parent) for name in expected | dispatched
    }


def _arguments(macro: Any) -> list[str]:
    signature = portable.SIGNATURE.search(macro.macro_sql)
    assert signature, macro.name
    return [part.partition("=")[0].strip() for part in signature[2].split(",")]


def test_models_hold_no_engine_specific_syntax(manifests: Any, skeletons: Any) -> None:
    """What is left of a model without its engine macros is SQL that every engine reads."""
    engine_functions = portable.engine_macros(manifests["duckdb"]) | portable.DBT_EXPRESSIONS
    found = {
        name: sorted(set(problems))
        for name, sql in skeletons["duckdb"].items()
        if (problems := portable.foreign(sql, engine_functions))
    }
    assert {} == found


def test_engines_differ_only_in_what_macros_render(skeletons: Any) -> None:
    """Without the engine macros, both engines are given the very same tokens."""
    assert skeletons["duckdb"].keys() == skeletons["spark"].keys()
    different = [
        name
        for name, sql in skeletons["duckdb"].items()
        if portable.normal(sql, "duckdb") != portable.normal(skeletons["spark"][name], "spark")
    ]
    assert [] == different


@pytest.mark.parametrize("engine", ENGINES)
def test_every_compiled_model_reads_in_its_dialect(queries: Any, engine: str) -> None:
    """sqlglot parses what dbt compiles for the engine, down to the last statement."""
    for name, sql in queries[engine].items():
        (tree,) = sqlglot.parse(sql, read=engine)
        assert isinstance(tree, exp.Query), name


def test_spark_is_given_functions_it_has(queries: Any) -> None:
    """Every function in the SQL for Spark is built in there, or one of the shared ones."""
    known = SPARK_FUNCTIONS | FUNCTIONS.keys() | WHOLE_LIST_FUNCTIONS.keys() | portable.TYPES
    for name, sql in queries["spark"].items():
        tree = sqlglot.parse_one(sql, read="spark")
        own = {cte.alias for cte in tree.find_all(exp.CTE)}
        text = re.sub(r"'[^']*'|\"[^\"]*\"|--[^\n]*", "", sql.lower())
        called = set(re.findall(r"\b([a-z_0-9]+)\s*\(", text))
        assert set() == called - known - portable.BEFORE_A_PARENTHESIS - own, name


@pytest.mark.parametrize(
    "sql",
    [
        "select x::int as y from t",
        "select list(x) as y from t",
        "select epoch(ts) as y from t",
        "select json_extract_string(x, '$.a') as y from t",
        "select x -> '$.a' as y from t",
        "select {'a': x} as y from t",
        "select [x] as y from t",
        "select x[1] as y from t",
        "select y from t, unnest(x) as u(y)",
        "select * exclude (x) from t",
        "select * replace (1 as x) from t",
        "select try_cast(x as integer) as y from t",
        "select cast(x as timestamptz) as y from t",
        "select cast(x as varchar) as y from t",
        "select cast(coalesce(x, cast(1 as hugeint)) as integer) as y from t",
        "select x + interval 1 day as y from t",
        "select x + interval '1 day' as y from t",
        "select timestamptz '2026-01-01' as y",
        "select * from t asof join u on t.a >= u.a",
        "select * from t semi join u on t.a = u.a",
        "select sum(x) filter (where x > 0) as y from t",
        "select a, sum(x) as y from t group by all",
        "select a from t order by all",
        "select distinct on (a) a, b from t",
        "select a from t union by name select a from u",
        "from t",
        "select x // 2 as y from t",
        "select x ** 2 as y from t",
        "select 'it''s' as y",
        "select regexp_matches(x, 'a') as y from t",
        r"select replace(x, '\', '') as y from t",
        "select x at time zone 'UTC' as y from t",
        "select strftime(x, 'y') as y from t",
        "select latest(list(x), order_key) as y from t",
        "pivot t on a using sum(x)",
        "select * from t where",
    ],
)
def test_foreign_syntax_is_refused(sql: str) -> None:
    """Each of these works in DuckDB, or in no engine, and is named."""
    assert portable.foreign(sql, {"latest"})


def test_foreign_syntax_is_found_inside_the_arguments_of_macros() -> None:
    """An engine macro does not hide what is given to it."""
    sql = portable.unmask("select ⟦latest¦⟦json_text¦list(x)¦$.a⟧¦order_key⟧ as y from t")
    assert "select latest(json_text(list(x), '$.a'), order_key) as y from t" == sql
    assert ["function list: use or write a macro in macros/engine/"] == portable.foreign(
        sql, {"latest", "json_text"}
    )


@pytest.mark.parametrize(
    "sql",
    [
        "with recursive r (n) as (select 1 as n union all select n + 1 from r where n < 9) "
        "select * from r",
        "select a, row_number() over (partition by b order by c desc) as n from t "
        "qualify row_number() over (partition by b order by c) = 1",
        "select cast(x as decimal(18, 2)) as y, count(distinct z) as n from t group by x",
        "select t.a from t where exists (select 1 from u where u.a = t.a) and t.b in (1, 2)",
    ],
)
def test_portable_syntax_is_let_through(sql: str) -> None:
    """Window functions, qualify, recursion and casts to common types are fine."""
    assert [] == portable.foreign(sql)
