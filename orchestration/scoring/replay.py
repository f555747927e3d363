"""The scoring models, run again over what was known at a date.

The compiled SQL of the dbt project itself runs, in a scratch database: from the published copy
come staging and canonical tables that hold events, less every event that occurred after the date;
everything else is built anew from them. So identity, attributes and scores are those of the date,
by the one definition there is. How one event was read (a picklist, say) is as of today.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from dbt_project.functions.register import register
from orchestration import dbt, warehouse
from orchestration.errors import ScoreError
from orchestration.scoring.rules import SEEDS
from orchestration.settings import Settings

TARGET = "int_mql_crossings"
EVENTS = """
    create table scratch.replay.events as
    select event_id, position, occurred_at from intermediate.int_staged_events
"""
KNOWN = """
    create or replace table warehouse.replay.known as
    select event_id, position from warehouse.replay.events where occurred_at <= ?
"""
WITH_EVENTS = """
    select distinct table_name from duckdb_columns() where column_name in ('event_id', 'position')
"""
CROSSINGS = """
    select version, event_id, occurred_at
    from warehouse.intermediate.int_mql_crossings
    where occurred_at > ? and occurred_at <= ?
    order by version, occurred_at, event_id
"""
VERSIONS = """
    create or replace table warehouse.seeds.score_versions as
    select
        version, case when list_contains(?, version) then 'shadow' else 'retired' end as status,
        kind, cast(threshold as integer) as threshold, cast(rearm_below as integer) as rearm_below,
        cast(live_from as timestamptz) as live_from
    from read_csv(?, header = true, all_varchar = true)
"""


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the dbt project: `sql` is its compiled text, None for a seed; a fact is taken from
    the published copy as far as its events are known."""

    name: str
    schema: str
    materialized: str
    sql: str | None
    is_fact: bool

    @property
    def relation(self) -> str:
        return f'warehouse."{self.schema}"."{self.name}"'

    @property
    def published(self) -> str:
        return f'published."{self.schema}"."{self.name}"'


@dataclass(frozen=True, slots=True)
class Crossing:
    """A score reached its version's threshold: by which event, and when."""

    version: str
    event_id: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Replay:
    """An open scratch database and the nodes to build in it, in their order."""

    connection: duckdb.DuckDBPyConnection
    nodes: Sequence[Node]

    def crossings(self, since: datetime, until: datetime) -> list[Crossing]:
        """Who crossed in (since, until], as it was seen at `until`."""
        self.connection.execute(KNOWN, [until])
        for node in self.nodes:
            if node.sql is not None and not node.is_fact:
                _build(self.connection, node)
        found = self.connection.execute(CROSSINGS, [since, until]).fetchall()
        return [Crossing(*row) for row in found]


@contextmanager
def opened(settings: Settings, versions: Sequence[str]) -> Iterator[Replay]:
    """A replay of these versions, whatever their status; the rules are those of the seed files.

    Raises WarehouseMissingError before the first batch, ScoreError when dbt does not compile.
    """
    folder = Path(tempfile.mkdtemp(prefix="millrace-backtest-"))
    # On disk: the history of a large installation does not fit into memory twice.
    scratch = folder / "warehouse.duckdb"
    try:
        with_events = _copy_events(settings.published, scratch)
        nodes = plan(json.loads(_compiled(settings, folder).read_text()), with_events)
        with duckdb.connect() as connection:
            connection.execute(f"attach '{_quoted(scratch)}' as warehouse")
            connection.execute(f"attach '{_quoted(settings.published)}' as published (read_only)")
            _prepare(connection, nodes, versions)
            yield Replay(connection, nodes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_events(published: Path, scratch: Path) -> set[str]:
    """When each event occurred, into the scratch database; the names of tables with events."""
    with warehouse.connect(published) as copy:
        register(copy)
        copy.execute("set enable_progress_bar = false")
        copy.execute(f"attach '{_quoted(scratch)}' as scratch (read_write)")
        copy.execute("create schema scratch.replay")
        copy.execute(EVENTS)
        return {name for (name,) in copy.execute(WITH_EVENTS).fetchall()}


def plan(manifest: Mapping[str, Any], with_events: Collection[str]) -> list[Node]:
    """What int_mql_crossings needs, itself included, each after what it reads; `with_events` names
    the tables that have one event a row."""
    nodes = {**manifest["nodes"], **manifest["sources"]}
    target = next(key for key, node in nodes.items() if node["name"] == TARGET)
    needed: dict[str, list[str]] = {}
    waiting = [target]
    while waiting:
        key = waiting.pop()
        if key not in needed:
            fact = _is_fact(nodes[key], with_events)
            reads = [] if fact else nodes[key].get("depends_on", {}).get("nodes", [])
            needed[key] = [parent for parent in reads if parent in nodes]
            waiting += needed[key]
    order = TopologicalSorter(needed).static_order()
    return [_node(nodes[key], with_events) for key in order]


def _is_fact(node: Mapping[str, Any], with_events: Collection[str]) -> bool:
    """Views of the published copy look into the warehouse they were made in: they are built."""
    if node["resource_type"] == "source":
        return True
    early = {"staging", "canonical"} & {*node["fqn"]}
    stored = node["config"]["materialized"] == "table"
    return bool(early) and stored and node["alias"] in with_events


def _node(node: Mapping[str, Any], with_events: Collection[str]) -> Node:
    return Node(
        name=node.get("alias") or node["identifier"],
        schema=node["schema"],
        materialized=node["config"].get("materialized", "table"),
        sql=node.get("compiled_code"),
        is_fact=_is_fact(node, with_events),
    )


def _compiled(settings: Settings, folder: Path) -> Path:
    """The manifest with compiled SQL, kept until a file of the dbt project changes; dbt never sees
    the real warehouse."""
    target = settings.home / "dbt" / "backtest"
    scratch = {"MILLRACE_WAREHOUSE": str(folder / "compile.duckdb")}

    def make() -> None:
        environment = dbt.environment(settings) | scratch
        words = dbt.run(
            ["compile", "--select", f"+{TARGET}"], target=target, environment=environment
        )
        if words is not None:
            raise ScoreError(f"The dbt project does not compile: {words}")

    return dbt.kept_manifest(settings, target, make)


def _prepare(
    connection: duckdb.DuckDBPyConnection, nodes: Sequence[Node], versions: Sequence[str]
) -> None:
    connection.execute("use warehouse")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    register(connection)
    for schema in sorted({node.schema for node in nodes} | {"seeds"}):
        connection.execute(f'create schema if not exists warehouse."{schema}"')
    connection.execute(KNOWN, [datetime.min.replace(tzinfo=UTC)])
    for node in nodes:
        if node.sql is None or node.is_fact:
            _take(connection, node)
    _take_rules(connection, versions)


def _take(connection: duckdb.DuckDBPyConnection, node: Node) -> None:
    """A seed as it is; of a table with events those that are known."""
    columns = connection.execute(f"from {node.published} limit 0").description or []
    keys = [name for name in ("event_id", "position") if name in {column[0] for column in columns}]
    until = ""
    if node.is_fact and keys:
        until = f"where {keys[0]} in (select {keys[0]} from warehouse.replay.known)"  # noqa: S608
    kind = "view" if node.is_fact else "table"
    connection.execute(f"create {kind} {node.relation} as from {node.published} {until}")


def _take_rules(connection: duckdb.DuckDBPyConnection, versions: Sequence[str]) -> None:
    """Versions and rules as the seed files say now, so that a draft needs no batch first."""
    connection.execute(VERSIONS, [list(versions), str(SEEDS / "score_versions.csv")])
    connection.execute(
        "create or replace table warehouse.seeds.score_rules as "
        "from read_csv(?, header = true, all_varchar = true)",
        [str(SEEDS / "score_rules.csv")],
    )


def _build(connection: duckdb.DuckDBPyConnection, node: Node) -> None:
    kind = "view" if node.materialized == "view" else "table"
    connection.execute(f"create or replace {kind} {node.relation} as {node.sql}")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
