"""Rows that break their contract, in a form that the ledger can hold. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, get_args

import orjson

from reverse_etl.model import ActivationRow, ConsentStatus, Mode

_EMPTY: Final[Mapping[str, Any]] = {
    "mode": "state",
    "order_key": "",
    "payload": "{}",
    "payload_hash": "",
    "event_time": datetime(1970, 1, 1, tzinfo=UTC),
    "priority": 9,
    "consent_status": "missing",
    "correlation_id": "",
}
"""What stands for a value that is missing or that nobody knows; all of a row is taken anew before
it goes out."""
_KNOWN: Final = {
    "mode": get_args(Mode),
    "consent_status": get_args(ConsentStatus),
}


def rows(found: Sequence[ActivationRow], broken: Collection[str]) -> tuple[ActivationRow, ...]:
    """`broken`: the entity keys of rows that will be held. Of those with one key the latest stands
    for all; what they lack is empty. Other rows are as they were."""
    if not broken:
        return tuple(found)
    held: dict[str, ActivationRow] = {}
    for row in map(_complete, (row for row in found if row.entity_key in broken)):
        last = held.get(row.entity_key)
        if last is None or row.order_key >= last.order_key:
            held[row.entity_key] = row
    return (*(row for row in found if row.entity_key not in broken), *held.values())


def _complete(row: ActivationRow) -> ActivationRow:
    missing = {name: value for name, value in _EMPTY.items() if not _is_known(row, name)}
    if not _is_object(row.payload):
        missing["payload"] = _EMPTY["payload"]
    return replace(row, **missing)


def _is_known(row: ActivationRow, name: str) -> bool:
    value = getattr(row, name)
    return value is not None and (name not in _KNOWN or value in _KNOWN[name])


def _is_object(payload: str | None) -> bool:
    try:
        return isinstance(orjson.loads(payload or ""), dict)
    except orjson.JSONDecodeError:
        return False
