"""From activation rows to deliveries: contract, ledger, and which rows belong to which push."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import duckdb

from orchestration import (
    accounts,
    connections,
    decisions,
    delivery,
    destinations,
    recordable,
    warehouse,
)
from orchestration.destinations import Effect
from orchestration.quality import contracts, runner
from orchestration.quality.expectations import Contract
from orchestration.quality.report import Report
from orchestration.settings import Settings
from reverse_etl import catalogue
from reverse_etl.ledger import Ledger
from reverse_etl.model import ActivationRow, Admission, ConsentRow
from reverse_etl.reports import DispatchReport, EnqueueReport


def activate(
    settings: Settings, names: Collection[str], *, now: datetime
) -> tuple[dict[str, EnqueueReport], DispatchReport]:
    """What a batch does after the models are built, from the published copy: new decisions to the
    log, consents and rows to the ledger, and what is due to the destinations of these names."""
    with (
        closing(connections.event_log(settings)) as log,
        closing(connections.ledger(settings)) as ledger,
        warehouse.connect(settings.published) as copy,
    ):
        decisions.append_decisions(log, decisions.undecided(copy), now=now)
        apply_consents(ledger, copy, now=now)
        settle(ledger, settings)
        promised = contracts.read(settings.published_manifest).activation
        enqueued = {
            effect.name: enqueue(
                ledger,
                copy,
                effect,
                contracts=promised,
                approve_above=settings.approve_above,
                asks=asks(settings),
                now=now,
            )[0]
            for effect in destinations.effects(names)
        }
    return enqueued, delivery.drain(settings, names)


def enqueue(
    ledger: Ledger,
    connection: duckdb.DuckDBPyConnection,
    effect: Effect,
    *,
    contracts: Mapping[str, Contract],
    approve_above: Mapping[str, int],
    asks: Mapping[str, timedelta],
    now: datetime,
) -> tuple[EnqueueReport, Report]:
    """Check the table's contract, then record what is wanted; rows that fail are held, and so are
    all new ones where they are more than `approve_above` lets this destination have at once.

    `connection` reads the published copy; `contracts`: of the activation tables. Good neighbours of
    a failing row go on. What the same copy asks the destinations in `asks` is recorded before the
    rows that wait for answers.
    """
    if effect.destination not in asks:
        as_of = warehouse.log_position(connection)
        for question in destinations.effects(asks):
            if ledger.told_until(question.destination, question.action) < as_of:
                _enqueue(ledger, connection, question, contracts, approve_above, asks, now)
    return _enqueue(ledger, connection, effect, contracts, approve_above, asks, now)


def _enqueue(
    ledger: Ledger,
    connection: duckdb.DuckDBPyConnection,
    effect: Effect,
    contracts: Mapping[str, Contract],
    approve_above: Mapping[str, int],
    asks: Mapping[str, timedelta],
    now: datetime,
) -> tuple[EnqueueReport, Report]:
    report = runner.check_table(connection, contracts[effect.table])
    rows = activation_rows(connection, effect)
    enqueued = ledger.enqueue(
        recordable.rows(rows, report.broken_rules),
        destination=effect.destination,
        action=effect.action,
        now=now,
        admission=admission(effect, report.broken_rules, approve_above, asks),
        as_of=warehouse.log_position(connection),
    )
    return enqueued, report


def asks(settings: Settings) -> dict[str, timedelta]:
    """Destinations that are asked about people → how long other rows wait for their answers; none
    where nothing waits, or nobody could answer."""
    limit = timedelta(seconds=settings.enrichment_first_seconds)
    usable = destinations.chosen(accounts.configured(settings)) if limit else ()
    return {each.name: limit for each in usable if each.asks}


def admission(
    effect: Effect,
    broken: Mapping[str, Sequence[str]],
    approve_above: Mapping[str, int],
    asks: Mapping[str, timedelta],
) -> Admission:
    """What keeps rows of this table from going out at once; `broken`: entity key → the rules of
    the contract that the row breaks."""
    limit = asks.get(effect.destination)
    return Admission(
        dict.fromkeys(broken, catalogue.CONTRACT_VIOLATION),
        approve_above.get(effect.destination),
        effect.skips_stale,
        asks=limit,
        waits=bool(asks) and limit is None,
        reasons={key: f"breaks {'; '.join(rules)}" for key, rules in broken.items()},
    )


def apply_consents(ledger: Ledger, connection: duckdb.DuckDBPyConnection, *, now: datetime) -> int:
    """Give the ledger today's consent, read again at the moment of sending; returns how many
    queued rows a withdrawal cancelled."""
    as_of = warehouse.log_position(connection)
    return ledger.apply_consents(consents(connection), now=now, as_of=as_of)


def settle(ledger: Ledger, settings: Settings) -> int:
    """Forget whom the fast lane told about, as far as all tables have caught up; how many people
    that are."""
    on = destinations.effects(settings.destinations)
    return ledger.lane.settle((effect.destination, effect.action) for effect in on)


def consents(connection: duckdb.DuckDBPyConnection) -> list[ConsentRow]:
    return [ConsentRow(**row) for row in _select(connection, ConsentRow, "marts.dim_consents")]


def activation_rows(connection: duckdb.DuckDBPyConnection, effect: Effect) -> list[ActivationRow]:
    found = _select(connection, ActivationRow, f"activation.{effect.table}")
    return [ActivationRow(**row) for row in found]


def _select(connection: duckdb.DuckDBPyConnection, model: type, table: str) -> list[dict[str, Any]]:
    names = ", ".join(field.name for field in fields(model))
    return warehouse.rows(connection, f"select {names} from {table}")  # noqa: S608  our own names
