"""From activation rows to deliveries: contract, ledger, and which rows belong to which push."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import duckdb

from orchestration import accounts, connections, decisions, delivery, destinations, warehouse
from orchestration.destinations import Effect
from orchestration.quality import runner
from orchestration.quality.activation_contracts import BY_TABLE
from orchestration.settings import Settings
from reverse_etl.ledger import Ledger
from reverse_etl.model import ActivationRow, Admission, ConsentRow, DispatchReport, EnqueueReport

CONTRACT_VIOLATION = "CONTRACT_VIOLATION"


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
        enqueued = {
            effect.name: enqueue(
                ledger,
                copy,
                effect,
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
    approve_above: Mapping[str, int],
    asks: Mapping[str, timedelta],
    now: datetime,
) -> tuple[EnqueueReport, runner.Report]:
    """Check the table's contract, then record what is wanted; rows that fail are held, and so are
    all new ones where they are more than `approve_above` lets this destination have at once.

    `connection` reads the published copy. Good neighbours of a failing row go on. What the same
    copy asks the destinations in `asks` is recorded before the rows that wait for answers.
    """
    if effect.destination not in asks:
        as_of = warehouse.log_position(connection)
        for question in destinations.effects(asks):
            if ledger.told_until(question.destination, question.action) < as_of:
                _enqueue(ledger, connection, question, approve_above, asks, now)
    return _enqueue(ledger, connection, effect, approve_above, asks, now)


def _enqueue(
    ledger: Ledger,
    connection: duckdb.DuckDBPyConnection,
    effect: Effect,
    approve_above: Mapping[str, int],
    asks: Mapping[str, timedelta],
    now: datetime,
) -> tuple[EnqueueReport, runner.Report]:
    report = runner.check_table(connection, BY_TABLE[effect.table])
    enqueued = ledger.enqueue(
        activation_rows(connection, effect),
        destination=effect.destination,
        action=effect.action,
        now=now,
        admission=admission(effect, _held(report), approve_above, asks),
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
    held: Mapping[str, str],
    approve_above: Mapping[str, int],
    asks: Mapping[str, timedelta],
) -> Admission:
    """What keeps rows of this table from going out at once."""
    limit = asks.get(effect.destination)
    return Admission(
        held,
        approve_above.get(effect.destination),
        effect.skips_stale,
        asks=limit,
        waits=bool(asks) and limit is None,
    )


def held(connection: duckdb.DuckDBPyConnection, effect: Effect) -> dict[str, str]:
    """Which rows break the table's contract: entity key → the code that keeps them back."""
    return _held(runner.check_table(connection, BY_TABLE[effect.table]))


def _held(report: runner.Report) -> dict[str, str]:
    return dict.fromkeys(report.failing_keys, CONTRACT_VIOLATION)


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
