"""The identity models by themselves: compiled once by dbt, run over events in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import duckdb
import pyarrow as pa
from dbt_builders import RawEvent
from dbt_warehouse import RAW_EVENTS, Warehouse

from dbt_project.functions.register import register

MODELS = (
    "+int_golden_records", "+int_indirect_event_people", "+entity_map", "+fct_merges",
    "+fct_identity_links", "+person_aliases", "+rpt_refused_identifiers", "+int_account_ancestors",
)  # fmt: skip
TABLES = (
    "intermediate.int_record_people", "intermediate.int_identifiers",
    "intermediate.int_refused_identifiers", "intermediate.int_golden_records",
    "marts.entity_map", "marts.fct_merges",
    "marts.fct_identity_links", "marts.person_aliases", "intermediate.int_account_facts",
    "intermediate.int_account_parents", "intermediate.int_account_ancestors",
)  # fmt: skip

KNOWN_REFUSALS = "intermediate.int_known_refusals"

# Sources that no test here sends events of: their models are run once, over nothing.
QUIET = ("salesforce", "stripe", "calendly", "segment", "meta", "intercom", "hubspot_pulls")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Model:
    relation: str
    kind: str
    sql: str

    @property
    def is_quiet(self) -> bool:
        name = self.relation.split(".")[1]
        return name.startswith(
            tuple(f"{layer}_{source}__" for layer in ("stg", "int") for source in QUIET)
        )


class Identity:
    """A database in memory that the compiled models are run in, as often as a test wants."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._models = [
            Model(
                f"{node.schema}.{node.name}",
                "view" if node.config.materialized == "view" else "table",
                node.compiled_code,
            )
            for node in warehouse.compiled(MODELS)
        ]
        self.connection = duckdb.connect()
        self.connection.execute(
            "set TimeZone = 'UTC'; set python_enable_replacements = false; set threads = 1"
        )
        name = warehouse.path.stem  # the catalog that sources are read from
        self.connection.execute(f"attach ':memory:' as {name}")
        self.connection.execute(f"use {name}")
        register(self.connection)
        for schema in ("raw", "seeds", "staging", "intermediate", "marts"):
            self.connection.execute(f"create schema {schema}")
        for seed, content in warehouse.seeds().items():
            self.put(f"seeds.{seed}", content)
        self.build([])
        self._models = [model for model in self._models if not model.is_quiet]

    def put(self, relation: str, content: pa.Table) -> None:
        self.connection.register("incoming", content)
        self.connection.execute(f"create or replace table {relation} as from incoming")
        self.connection.unregister("incoming")

    def build(self, events: Sequence[RawEvent], known_refusals: pa.Table | None = None) -> None:
        """Every model over these events, in this order of arrival; what was refused before may be
        given, as an incremental build gives it."""
        rows = [
            {name: getattr(event, name, None) for name in RAW_EVENTS.names} | {"position": position}
            for position, event in enumerate(events, start=1)
        ]
        self.put("raw.events", pa.Table.from_pylist(rows, schema=RAW_EVENTS))
        for model in self._models:
            if known_refusals is not None and model.relation == KNOWN_REFUSALS:
                self.put(KNOWN_REFUSALS, known_refusals)
                continue
            self.connection.execute(
                f"create or replace {model.kind} {model.relation} as {model.sql}"
            )

    def rows(self, sql: str) -> list[Row]:
        result = self.connection.execute(sql)
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def tables(self) -> dict[str, list[Row]]:
        """What the builds of one set of events must agree on."""
        return {table: self.rows(f"select * from {table} order by all") for table in TABLES}

    def people(self) -> dict[str, str]:
        """The person of each record."""
        found = self.rows("select record_id, person_id from intermediate.int_record_people")
        return {row["record_id"]: row["person_id"] for row in found}

    def refused(self) -> dict[str, str]:
        """Why each refused identifier links nobody."""
        found = self.rows("select identifier, reason from intermediate.int_refused_identifiers")
        return {row["identifier"]: row["reason"] for row in found}


@dataclass(frozen=True, slots=True)
class Found:
    """How well groups of records agree with the true ones, by pairs."""

    true_pairs: int
    found_pairs: int
    right_pairs: int

    @property
    def precision(self) -> float:
        return self.right_pairs / self.found_pairs

    @property
    def recall(self) -> float:
        return self.right_pairs / self.true_pairs

    @property
    def f1(self) -> float:
        return 2 * self.right_pairs / (self.true_pairs + self.found_pairs)


def compare(truth: dict[str, str], found: dict[str, str]) -> Found:
    """Both tell the group of each record; only records of the truth count."""
    true_pairs = pairs((record, truth[record]) for record in truth)
    found_pairs = pairs((record, found[record]) for record in truth)
    return Found(len(true_pairs), len(found_pairs), len(true_pairs & found_pairs))


def pairs(members: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    groups = defaultdict(list)
    for record, group in members:
        groups[group].append(record)
    return {pair for group in groups.values() for pair in combinations(sorted(group), 2)}
