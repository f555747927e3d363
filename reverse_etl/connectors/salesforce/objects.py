"""Leads, contacts, accounts and opportunities: written over by id where we know it, else by key.

Salesforce answers 200 even when records failed, one result for each. A record that somebody
deleted over there is not made again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from reverse_etl import catalogue
from reverse_etl.connectors.base import Work
from reverse_etl.connectors.salesforce.api import COLLECTION, SalesforceApi, settle
from reverse_etl.connectors.salesforce.records import fields, holds
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Kind, Outcome

_OUT_OF_TIME: Final = "SALESFORCE_OUT_OF_TIME"
_ENOUGH: Final = 20.0  # seconds of one batch: a hot lead that comes meanwhile waits as long
_THEIRS_ALONE: Final = frozenset({Kind.REFUSED, Kind.PERMANENT, Kind.UNKNOWN})


async def write(api: SalesforceApi, work: Work, kind: str, rows: Sequence[Delivery]) -> None:
    """Give these rows an outcome, or raise CallFailedError for all that are open."""
    started = time.monotonic()
    for part in portions(work, rows):
        if time.monotonic() - started > _ENOUGH:
            for row in part:
                text = "Salesforce took long for the rows before; this one was not sent."
                wait = timedelta()
                work.set(row, Outcome(Kind.RETRYABLE, _OUT_OF_TIME, text, retry_after=wait))
            continue
        try:
            await _write(api, work, kind, part)
        except CallFailedError as failure:
            if failure.outcome.kind not in _THEIRS_ALONE:
                raise
            work.fail(failure, part)


def portions(work: Work, rows: Sequence[Delivery]) -> list[list[Delivery]]:
    """Requests: what may be written by id and what by key apart, hot rows first."""
    groups: dict[tuple[bool, bool], list[Delivery]] = {}
    for row in rows:
        groups.setdefault((not row.hot, row.id in work.context.vendor_ids), []).append(row)
    return [
        groups[group][start : start + COLLECTION]
        for group in sorted(groups)
        for start in range(0, len(groups[group]), COLLECTION)
    ]


async def _write(api: SalesforceApi, work: Work, kind: str, rows: Sequence[Delivery]) -> None:
    records = [record(api, work, row, kind) for row in rows]
    if rows[0].id in work.context.vendor_ids:
        answer = await api.update(work, records)
    else:
        answer = await api.upsert(work, kind, records)
    for row, result in zip(rows, answer.items, strict=True):
        settle(work, row, result, answer.status)


def record(api: SalesforceApi, work: Work, row: Delivery, kind: str) -> dict[str, Any]:
    """A record of a collection, named by its id where we know it, else by our key."""
    named = {"attributes": {"type": kind}, **fields(work, row, kind)}
    if row.id in work.context.vendor_ids:
        return {**named, "id": work.context.vendor_ids[row.id]}
    return {**named, api.key_field: row.entity_key}


async def read_back(api: SalesforceApi, work: Work, kind: str) -> None:
    """Delivered when the record holds what was sent, else to be sent again."""
    rows, ids = work.open, work.context.vendor_ids
    ours = {row.id: fields(work, row, kind) for row in rows}
    plain = {n for named in ours.values() for n, value in named.items() if _is_plain(value)}
    keys = [row.entity_key for row in rows if row.id not in ids]
    by_id = await api.find(work, kind, "Id", [ids[r.id] for r in rows if r.id in ids], plain)
    by_key = await api.find(work, kind, api.key_field, keys, plain)
    for row in rows:
        there = by_id.get(ids[row.id]) if row.id in ids else by_key.get(row.entity_key)
        if there and holds(there, ours[row.id]):
            work.delivered(row, str(there["Id"]))
        else:
            work.set(row, went_missing())


def _is_plain(value: object) -> bool:
    return not isinstance(value, dict)


def went_missing() -> Outcome:
    """It was read back, and is not there."""
    return Outcome(Kind.RETRYABLE, catalogue.WENT_MISSING, "It did not arrive.")
