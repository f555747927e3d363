"""A warehouse file that tests fill with events and build with dbt, in process."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pytest
from dbt_builders import RawEvent

from dbt_project.functions.register import register
from orchestration import delivery_facts
from orchestration.destinations import NAMES
from reverse_etl.ledger import DeliveryFact

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"

RAW_EVENTS = pa.schema(
    [
        ("position", pa.int64()),
        ("source", pa.string()),
        ("event_key", pa.string()),
        ("kind", pa.string()),
        ("received_at", pa.timestamp("us", tz="UTC")),
        ("correlation_id", pa.string()),
        ("historical", pa.bool_()),
        ("event_type", pa.string()),
        ("contract", pa.string()),
        ("problem_code", pa.string()),
        ("problem_path", pa.string()),
        ("problem_value", pa.string()),
        ("body", pa.string()),
        ("body_hash", pa.string()),
    ]
)

Row = dict[str, Any]


class Warehouse:
    """One DuckDB file, one parsed dbt project; every build starts from the events given."""

    def __init__(self, path: Path) -> None:
        from dbt.cli.main import dbtRunner

        self.path = path
        self._folders = [
            *("--project-dir", str(PROJECT)),
            *("--profiles-dir", str(PROJECT)),
            *("--target-path", str(path.parent / "target")),
            *("--log-path", str(path.parent / "logs")),
            *("--log-level-file", "none"),
            "--quiet",
        ]
        self._compiled: dict[tuple[tuple[str, ...], str], list[Any]] = {}
        self._load([])
        self._dbt = dbtRunner()
        self._dbt = dbtRunner(manifest=self._invoke("parse").result)

    def build(
        self,
        events: Sequence[RawEvent],
        *,
        command: str = "run",
        select: Sequence[str] = ("*",),
        variables: str = "{}",
    ) -> None:
        """Load the events in this order of arrival and run the models.

        `build` is dbt's own, with tests and contracts; `run` executes the compiled SQL, which is
        the same text, in a tenth of the time.
        """
        self._load(events)
        if command == "run":
            self._run(self.compiled(select, variables))
            return
        result = self._invoke(command, "--select", *select, "--vars", variables)
        failures = [
            f"{node.node.name}: {node.message}"
            for node in getattr(result.result, "results", [])
            if node.status not in ("success", "pass", "no-op")
        ]
        # What only warns fails here too: these events break no rule.
        assert not failures, failures
        assert result.success, result.exception

    def _run(self, models: Sequence[Any]) -> None:
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            register(connection)
            connection.execute("begin")
            for model in models:
                connection.execute(f"create schema if not exists {model.schema}")
                kind = "view" if model.config.materialized == "view" else "table"
                name = f"{model.schema}.{model.alias}"
                connection.execute(f"create or replace {kind} {name} as {model.compiled_code}")
            connection.execute("commit")

    def seed(self) -> None:
        assert self._invoke("seed").success

    def compiled(self, select: Sequence[str] = ("*",), variables: str = "{}") -> list[Any]:
        """The compiled nodes of the models selected, each after those it reads from."""
        wanted = (tuple(select), variables)
        if wanted not in self._compiled:
            self._compiled[wanted] = self._compile(*wanted)
        return self._compiled[wanted]

    def _compile(self, select: Sequence[str], variables: str) -> list[Any]:
        result = self._invoke("compile", "--select", *select, "--vars", variables)
        assert result.success, result.exception
        nodes = {run.node.unique_id: run.node for run in result.result.results}
        nodes = {name: node for name, node in nodes.items() if node.resource_type == "model"}
        parents = {name: set(node.depends_on.nodes) & set(nodes) for name, node in nodes.items()}
        return [nodes[name] for name in TopologicalSorter(parents).static_order()]

    def seeds(self) -> dict[str, pa.Table]:
        """Every seed as it is in the warehouse."""
        with duckdb.connect(str(self.path)) as connection:
            names = connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'seeds'"
            ).fetchall()
            return {name: connection.table(f"seeds.{name}").to_arrow_table() for (name,) in names}

    def load_deliveries(self, facts: Sequence[DeliveryFact]) -> None:
        """What the ledger holds, for the builds to come."""
        with duckdb.connect(str(self.path)) as connection:
            connection.register("told", delivery_facts.to_table(facts))
            connection.execute("create or replace table raw.deliveries as from told")

    def rows(self, table: str, order_by: str = "all") -> list[Row]:
        """Every row of a table, in a stable order."""
        return self.query(f"select * from {table} order by {order_by}")  # own names

    def query(self, sql: str) -> list[Row]:
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            result = connection.execute(sql)
            names = [column[0] for column in result.description or []]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def _invoke(self, *arguments: str) -> dbtRunnerResult:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MILLRACE_WAREHOUSE", str(self.path))
            patch.setenv("MILLRACE_DESTINATIONS", ",".join(NAMES))
            return self._dbt.invoke([*arguments, *self._folders])

    def _load(self, events: Sequence[RawEvent]) -> None:
        rows = pa.Table.from_pylist(
            [
                {name: getattr(event, name, None) for name in RAW_EVENTS.names}
                | {"position": position}
                for position, event in enumerate(events, start=1)
            ],
            schema=RAW_EVENTS,
        )
        with duckdb.connect(str(self.path)) as connection:
            connection.register("incoming", rows)
            connection.execute("create schema if not exists raw")
            connection.execute("create or replace table raw.events as from incoming")
