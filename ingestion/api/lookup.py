"""What the log has, without bodies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from ingestion.event_log.model import from_micros
from ingestion.event_log.schema import EVENTS
from ingestion.event_log.unavailable import unavailable

# Bound parameters of one look-up; far under every database's limit.
_LOOKUP = 500
_RECEIPT = ("position", "source", "event_key", "kind", "received_at")


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where an event is, and since when."""

    position: int
    source: str
    event_key: str
    kind: str
    received_at: datetime


class LogLookup:
    """Finds events by correlation id or by key. Raises LogUnavailableError."""

    def __init__(self, reader: Engine) -> None:
        self._reader = reader

    def under(
        self,
        correlation_id: str,
        *,
        sources: Collection[str] | None,
        after: int,
        limit: int,
    ) -> list[Receipt]:
        """Events under an id behind position ``after``, of these sources (None: of every one)."""
        query = (
            select(*(EVENTS.c[name] for name in _RECEIPT))
            .where(EVENTS.c.correlation_id == correlation_id, EVENTS.c.position > after)
            .order_by(EVENTS.c.position)
            .limit(limit)
        )
        if sources is not None:
            query = query.where(EVENTS.c.source.in_(sources))
        with unavailable(), self._reader.begin() as connection:
            rows = connection.execute(query).all()
        return [
            Receipt(position, source, event_key, kind, from_micros(micros))
            for position, source, event_key, kind, micros in rows
        ]

    def received(self, source: str, event_keys: Iterable[str]) -> dict[str, datetime]:
        """When the events with these keys came first; keys that are not there are left out."""
        wanted = list(dict.fromkeys(event_keys))
        found: dict[str, datetime] = {}
        for start in range(0, len(wanted), _LOOKUP):
            found |= self._page(source, wanted[start : start + _LOOKUP])
        return found

    def _page(self, source: str, event_keys: Sequence[str]) -> dict[str, datetime]:
        query = select(EVENTS.c.event_key, EVENTS.c.received_at).where(
            EVENTS.c.source == source, EVENTS.c.event_key.in_(event_keys)
        )
        with unavailable(), self._reader.begin() as connection:
            return {key: from_micros(micros) for key, micros in connection.execute(query)}
