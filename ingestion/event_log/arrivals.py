"""When what set something off reached us, by correlation id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, select

from ingestion.event_log.model import from_micros
from ingestion.event_log.schema import EVENTS

_LOOKUP: Final = 500  # bound parameters of one look-up; far under SQLite's limit
# Decisions and answers follow from what arrived, under its correlation id.
_FROM_OUTSIDE: Final = ("webhook", "pull", "backfill")

_ARRIVALS = (
    select(
        EVENTS.c.correlation_id,
        EVENTS.c.received_at,
        EVENTS.c.source,
        EVENTS.c.historical,
    )
    .where(EVENTS.c.correlation_id.in_(bindparam("ids", expanding=True)))
    .where(EVENTS.c.kind.in_(_FROM_OUTSIDE))
    .distinct()
    .order_by(EVENTS.c.received_at, EVENTS.c.source)
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event from outside; `historical` ones tell of the past and set off nothing."""

    received_at: datetime
    source: str
    historical: bool = False


def arrivals(connection: Connection, ids: Iterable[str]) -> Mapping[str, Sequence[Arrival]]:
    """What arrived under each of these correlation ids, oldest first. A caller may give one id to
    several events; ids under which nothing did are left out."""
    found: dict[str, list[Arrival]] = defaultdict(list)
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _LOOKUP):
        page = wanted[start : start + _LOOKUP]
        for row in connection.execute(_ARRIVALS, {"ids": page}):
            arrival = Arrival(from_micros(row.received_at), row.source, bool(row.historical))
            found[row.correlation_id].append(arrival)
    return found
