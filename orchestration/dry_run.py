"""What an activation would do: row by row, in requests and minutes, and which fields leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import orjson

from orchestration import activation, connections, destinations, warehouse
from orchestration.backlog import Cost, connectors, cost
from orchestration.destinations import Effect
from orchestration.quality import contracts, runner
from orchestration.settings import Settings
from reverse_etl.connectors import Connector
from reverse_etl.leaving import LeavingField, leaving
from reverse_etl.ledger import Ledger
from reverse_etl.model import ActivationRow, Admission, ConsentRow, Preview

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


def dry_run(settings: Settings, names: Collection[str], *, now: datetime) -> list[DryRun]:
    """For every activation table of these destinations, from the published copy and the ledger as
    they are now. Raises WarehouseMissingError before the first batch."""
    configured = connectors(settings)
    with (
        warehouse.connect(settings.published) as copy,
        closing(connections.ledger(settings)) as ledger,
    ):
        consents = activation.consents(copy)
        promised = contracts.read(settings.published_manifest).activation
        as_of, asks = warehouse.log_position(copy), activation.asks(settings)
        return [
            _dry_run(
                ledger,
                effect,
                activation.activation_rows(copy, effect),
                admission=activation.admission(
                    effect,
                    runner.check_table(copy, promised[effect.table]).broken_rules,
                    settings.approve_above,
                    asks,
                ),
                consents=consents,
                connector=configured.get(effect.destination),
                now=now,
                as_of=as_of,
            )
            for effect in destinations.effects(names)
        ]


def _dry_run(
    ledger: Ledger,
    effect: Effect,
    rows: Sequence[ActivationRow],
    *,
    admission: Admission,
    consents: Sequence[ConsentRow],
    connector: Connector | None,
    now: datetime,
    as_of: int,
) -> DryRun:
    told = ledger.preview(
        rows,
        destination=effect.destination,
        action=effect.action,
        now=now,
        admission=admission,
        consents=consents,
        as_of=as_of,
    )
    sent = {row.entity_key for row in told if row.change in SENT}
    payloads = [orjson.loads(row.payload) for row in rows if row.entity_key in sent]
    taken = cost(connector, {effect.action: len(sent)}) if connector else None
    new = sum(row.change in ("create", "update") for row in told)
    most = admission.approve_above
    return DryRun(
        effect,
        tuple(told),
        taken,
        tuple(leaving(payloads)),
        needs_approval=most is not None and new > most,
    )
