"""What an activation would do: row by row, in requests and minutes, and which fields leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from duckdb import DuckDBPyConnection

from orchestration import activation, connections, destinations, recordable, warehouse
from orchestration.backlog import Cost, connectors, cost
from orchestration.destinations import Effect
from orchestration.quality import contracts, runner
from orchestration.quality.expectations import Contract
from orchestration.settings import Settings
from reverse_etl.connectors import Connector
from reverse_etl.leaving import LeavingField, leaving
from reverse_etl.ledger import Ledger
from reverse_etl.model import ActivationRow, Admission, ConsentRow
from reverse_etl.reports import Preview

SENT = ("create", "update", "queued")


@dataclass(frozen=True, slots=True)
class DryRun:
    """Of one activation table; `cost` is None where the destination has no credentials."""

    effect: Effect
    rows: tuple[Preview, ...]
    cost: Cost | None
    fields: tuple[LeavingField, ...]
    needs_approval: bool

    @property
    def counts(self) -> Counter[str]:
        """Rows by what would become of them."""
        return Counter(row.change for row in self.rows)


@dataclass(frozen=True, slots=True)
class Copy:
    """A read copy of the warehouse, and what decides which of its rows may go out."""

    connection: DuckDBPyConnection
    settings: Settings
    consents: Sequence[ConsentRow]
    as_of: int
    asks: Mapping[str, timedelta]
    promised: Mapping[str, Contract]

    @classmethod
    def of(cls, connection: DuckDBPyConnection, settings: Settings) -> Copy:
        """What stands under the warehouse's names in this connection."""
        return cls(
            connection,
            settings,
            activation.consents(connection),
            warehouse.log_position(connection),
            activation.asks(settings),
            contracts.read(settings.published_manifest).activation,
        )

    def rows(self, effect: Effect) -> list[ActivationRow]:
        return activation.activation_rows(self.connection, effect)

    def told(
        self, ledger: Ledger, effect: Effect, rows: Sequence[ActivationRow], *, now: datetime
    ) -> list[Preview]:
        """What the ledger would do with these rows of the copy."""
        admission = self.admission(effect)
        return ledger.preview(
            recordable.rows(rows, admission.held),
            destination=effect.destination,
            action=effect.action,
            now=now,
            admission=admission,
            consents=self.consents,
            as_of=self.as_of,
        )

    def admission(self, effect: Effect) -> Admission:
        promised = self.promised.get(effect.table)  # None: a table that only a change brings
        broken = runner.check_table(self.connection, promised).broken_rules if promised else {}
        return activation.admission(effect, broken, self.settings.approve_above, self.asks)


def dry_run(settings: Settings, names: Collection[str], *, now: datetime) -> list[DryRun]:
    """For every activation table of these destinations, from the published copy and the ledger as
    they are now. Raises WarehouseMissingError before the first batch."""
    configured = connectors(settings)
    with (
        warehouse.connect(settings.published) as connection,
        closing(connections.ledger(settings)) as ledger,
    ):
        copy = Copy.of(connection, settings)
        return [
            _dry_run(copy, ledger, effect, configured.get(effect.destination), now)
            for effect in destinations.effects(names)
        ]


def _dry_run(
    copy: Copy, ledger: Ledger, effect: Effect, connector: Connector | None, now: datetime
) -> DryRun:
    rows = copy.rows(effect)
    told = copy.told(ledger, effect, rows, now=now)
    sent = {row.entity_key for row in told if row.change in SENT}
    payloads = [orjson.loads(row.payload) for row in rows if row.entity_key in sent]
    taken = cost(connector, {effect.action: len(sent)}) if connector else None
    new = sum(row.change in ("create", "update") for row in told)
    most = copy.settings.approve_above.get(effect.destination)
    return DryRun(
        effect,
        tuple(told),
        taken,
        tuple(leaving(payloads)),
        needs_approval=most is not None and new > most,
    )
