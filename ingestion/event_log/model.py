"""Events and the answers of the log, as they cross its border."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, get_args

Kind = Literal["webhook", "pull", "decision", "answer", "backfill"]
KINDS: frozenset[str] = frozenset(get_args(Kind))

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append. ``(source, event_key)`` identifies it; ``body`` is kept as received.

    ``received_at`` is UTC and aware. ``historical`` marks events of the past, which inform state
    but set off nothing.
    """

    source: str
    event_key: str
    kind: Kind
    received_at: datetime
    body: bytes
    headers: Mapping[str, str]
    correlation_id: str
    historical: bool = False


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """A stored event. Positions start at 1, rise by one, and are never used again."""

    position: int
    source: str
    event_key: str
    kind: Kind
    received_at: datetime
    body: bytes
    headers: Mapping[str, str]
    correlation_id: str
    historical: bool


class LogRow(NamedTuple):
    """A stored event for bulk readers: as the database gives it, without headers.

    ``received_at`` is in microseconds since 1970, ``historical`` may be 0 or 1.
    """

    position: int
    source: str
    event_key: str
    kind: str
    received_at: int
    correlation_id: str
    historical: bool
    body_hash: str
    archived_in: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of one event: where it is stored, and whether it was there before."""

    event_key: str
    position: int
    duplicate: bool


class CounterKey(NamedTuple):
    """Names a durable counter: ``received``, ``duplicate`` or ``rejected`` (then with a code)."""

    source: str
    name: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class LogCount:
    """How many events are stored."""

    count: int
    by_source: Mapping[str, int] = field(default_factory=dict)
    by_kind: Mapping[str, int] = field(default_factory=dict)


def body_hash(body: bytes) -> str:
    """The SHA-256 of a body, as hex."""
    return hashlib.sha256(body).hexdigest()


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970, exactly (a float of seconds is not)."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The UTC moment of ``to_micros``."""
    return _EPOCH + micros * _MICROSECOND
