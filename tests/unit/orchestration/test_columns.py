"""Where columns come from, and how the UI is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration.columns import known, shown
from orchestration.columns.known import Column, Known
from orchestration.columns.lineage import Origin, origins, schema_of

TYPES = {
    "raw/events": {"position": "BIGINT", "body": "JSON"},
    "staging/contacts": {"person_id": "VARCHAR", "email": "VARCHAR", "seen_at": "TIMESTAMP"},
    "marts/people": {"person_id": "VARCHAR", "domain": "VARCHAR", "last_seen_at": "TIMESTAMP"},
}
PEOPLE = """
with contacts as (
    select * from "staging"."contacts"
),
latest as (
    select person_id, split_part(email, '@', 2) as domain, max(seen_at) as last_seen_at
    from contacts
    where email is not null
    group by all
    qualify row_number() over (partition by person_id order by last_seen_at desc) = 1
)
select * from latest
union all by name
select 'nobody' as person_id, null as domain, null as last_seen_at
"""


def table(layer: str, name: str, kind: str = "model", **more: Any) -> dict[str, Any]:
    return {"resource_type": kind, "schema": layer, "name": name, "columns": {}, **more}


def manifest(people: str = PEOPLE) -> dict[str, Any]:
    said = {"domain": {"description": "Behind the @."}}
    contacts = (
        "select body->>'id' as person_id, body->>'email' as email, now() as seen_at from raw.events"
    )
    return {
        "nodes": {
            "c": table("staging", "contacts", compiled_code=contacts),
            "p": table("marts", "people", compiled_code=people, columns=said),
            "gone": table("marts", "never_built", compiled_code="select 1 as one"),
        },
        "sources": {"e": table("raw", "events", "source")},
    }


def test_columns_lead_to_the_tables_that_the_query_names() -> None:
    """Through common table expressions, `*`, unions and functions; a condition is no origin."""
    found = origins(PEOPLE, schema_of(TYPES))
    assert {
        "person_id": (Origin("staging/contacts", "person_id"),),
        "domain": (Origin("staging/contacts", "email"),),
        "last_seen_at": (Origin("staging/contacts", "seen_at"),),
    } == found


def test_what_is_no_table_of_the_warehouse_is_no_origin() -> None:
    """A generated series has no columns that anybody could look at."""
    sql = "select r.n, c.email from range(3) as r(n) cross join staging.contacts as c"
    found = origins(sql, schema_of(TYPES))
    assert {"n": (), "email": (Origin("staging/contacts", "email"),)} == found


def test_a_model_that_cannot_be_read_is_left_out_and_counted() -> None:
    """It keeps its columns; the others keep their lineage."""
    told = known.describe(manifest(people="select from where ("), TYPES)
    assert ("marts/people",) == told.untraced
    assert ["person_id", "domain", "last_seen_at"] == [c.name for c in told.tables["marts/people"]]
    assert not any(column.origins for column in told.tables["marts/people"])
    assert (Origin("raw/events", "body"),) == told.tables["staging/contacts"][0].origins
    assert "marts/never_built" not in told.tables


@pytest.fixture
def built(tmp_path: Path) -> tuple[Path, duckdb.DuckDBPyConnection]:
    """A warehouse in memory with these tables, and the manifest that made them."""
    connection = duckdb.connect()
    for name, columns in TYPES.items():
        schema, _, alias = name.partition("/")
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        connection.execute(f"create schema {schema}; create table {schema}.{alias} ({listed})")
    (tmp_path / "manifest.json").write_text(json.dumps(manifest()))
    return tmp_path, connection


def test_what_is_known_is_found_out_once(built: tuple[Path, duckdb.DuckDBPyConnection]) -> None:
    """A file keeps it until the project changes or it breaks; types are the warehouse's own."""
    folder, connection = built
    first = known.renew(folder, folder / "manifest.json", connection, "f1")
    assert (
        Column("domain", "VARCHAR", "Behind the @.", (Origin("staging/contacts", "email"),))
        in (first.tables["marts/people"])
    )
    assert "JSON" == first.tables["raw/events"][1].type
    assert first == known.read(folder)
    (folder / "manifest.json").write_text(json.dumps(manifest(people="select 1 as one")))
    assert first == known.renew(folder, folder / "manifest.json", connection, "f1")
    second = known.renew(folder, folder / "manifest.json", connection, "f2")
    assert first != second
    (folder / known.FILE).write_text("{")
    assert Known({}, ()) == known.read(folder)
    assert second == known.renew(folder, folder / "manifest.json", connection, "f2")


def test_before_the_first_build_nothing_is_known(tmp_path: Path) -> None:
    """And an asset stays as it was."""
    spec = dg.AssetSpec(["marts", "people"], metadata={"own": 1})
    assert Known({}, ()) == known.read(tmp_path)
    assert spec == shown.described(spec, known.read(tmp_path))


def test_an_asset_shows_its_columns() -> None:
    """Under Dagster's own names, beside what the asset says itself."""
    columns = (
        Column("person_id", "VARCHAR", "Who.", (Origin("staging/contacts", "person_id"),)),
        Column("is_person", "BOOLEAN", ""),
    )
    spec = shown.described(
        dg.AssetSpec(["marts", "people"], metadata={"own": 1}), Known({"marts/people": columns}, ())
    )
    assert 1 == spec.metadata["own"]
    schema = spec.metadata["dagster/column_schema"].value
    assert [("person_id", "VARCHAR", "Who."), ("is_person", "BOOLEAN", None)] == [
        (each.name, each.type, each.description) for each in schema.columns
    ]
    lineage = spec.metadata["dagster/column_lineage"].value.deps_by_column
    assert [dg.TableColumnDep(dg.AssetKey(["staging", "contacts"]), "person_id")] == list(
        lineage["person_id"]
    )
    assert [] == list(lineage["is_person"])
