"""The attribution models by themselves: compiled once by dbt, run over tables that a test fills."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from dbt_warehouse import Warehouse

from dbt_project.functions.register import register

MOMENT = pa.timestamp("us", tz="UTC")
MONEY = pa.decimal128(18, 2)
TEXT = pa.string()

ACTIVITIES = pa.schema(
    [
        *((name, TEXT) for name in ("activity_id", "person_id", "activity_type")),
        *((name, TEXT) for name in ("utm_source", "utm_medium", "utm_campaign", "campaign_id")),
        *((name, TEXT) for name in ("gclid", "fbclid", "page_url", "referrer")),
        ("occurred_at", MOMENT),
    ]
)
CONVERSIONS = pa.schema(
    [
        *((name, TEXT) for name in ("conversion_id", "person_id", "opportunity_id", "currency")),
        ("value", MONEY),
        ("converted_at", MOMENT),
    ]
)
MQLS = pa.schema([("person_id", TEXT), ("reached_at", MOMENT)])
OPPORTUNITIES = pa.schema([("opportunity_id", TEXT), ("created_at", MOMENT)])
SPEND = pa.schema(
    [
        ("spend_id", TEXT),
        ("spend_day", pa.date32()),
        *((name, TEXT) for name in ("platform", "campaign_id", "campaign_name")),
        ("amount", MONEY),
        ("currency", TEXT),
        ("impressions", pa.int64()),
        ("clicks", pa.int64()),
    ]
)
INPUTS = {
    "marts.fct_activities": ACTIVITIES,
    "marts.fct_conversions": CONVERSIONS,
    "marts.fct_mqls": MQLS,
    "marts.fct_opportunities": OPPORTUNITIES,
    "intermediate.int_spend": SPEND,
}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Model:
    relation: str
    kind: str
    sql: str


class Attribution:
    """A database in memory with the seeds and the compiled attribution models."""

    def __init__(self, warehouse: Warehouse, *, variables: str = "{}") -> None:
        self._models = _compiled(warehouse, variables)
        self._connection = duckdb.connect()
        self._connection.execute(
            f"set TimeZone = 'UTC'; attach ':memory:' as {warehouse.path.stem}"
        )
        self._connection.execute(f"use {warehouse.path.stem}")
        register(self._connection)
        for schema in ("seeds", "marts", "intermediate"):
            self._connection.execute(f"create schema {schema}")
        for seed, content in warehouse.seeds().items():
            self.put(f"seeds.{seed}", "", content)
        for relation in INPUTS:
            self.fill(relation, [])

    def close(self) -> None:
        self._connection.close()

    def fill(self, relation: str, rows: Sequence[Row]) -> None:
        """Replace an input; the order of the rows is the order of arrival."""
        self.put(relation, "", pa.Table.from_pylist(list(rows), schema=INPUTS[relation]))

    def put(self, relation: str, select: str, content: pa.Table) -> None:
        """Replace any table by a selection from the content."""
        self._connection.register("incoming", content)
        self.execute(f"create or replace table {relation} as {select} from incoming")
        self._connection.unregister("incoming")

    def execute(self, sql: str) -> None:
        self._connection.execute(sql)

    def build(self, *, without: Sequence[str] = ()) -> None:
        """Every model in dependency order, but those a test has filled itself."""
        for model in self._models:
            if model.relation not in without:
                self.execute(f"create or replace {model.kind} {model.relation} as {model.sql}")

    def rows(self, sql: str) -> list[Row]:
        result = self._connection.execute(sql)
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _compiled(warehouse: Warehouse, variables: str) -> list[Model]:
    folders = ("models/intermediate/attribution", "models/marts/attribution")
    return [
        Model(
            f"{node.schema}.{node.name}",
            "view" if node.config.materialized == "view" else "table",
            node.compiled_code,
        )
        for node in warehouse.compiled(folders, variables)
    ]


def published(folder: str) -> Path:
    """Real data that is no part of the project; without it the test is skipped, in CI it fails."""
    path = Path(__file__).resolve().parents[3] / "shared" / "data" / folder
    if not path.is_dir():
        reason = f"no published data at {path}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
