"""What Millrace itself told the log: decisions, and the ids that the CRM gave.

No row changes by them, since this lane knew what they say before it told them. Only whom they are
about has to stand in the identity index: the next slice of these people holds them. That is read
from the event itself, as the models would say it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from ingestion.event_log.model import LogRow
from orchestration import decisions
from orchestration.fast_lane.nodes import node

_Pairs = list[tuple[int, int]]

DECISIONS: Final = frozenset({"mql_reached", "owner_assigned"})
ANSWERS: Final = frozenset({"contact_synced"})


def note(rows: Sequence[LogRow]) -> tuple[_Pairs, list[LogRow]]:
    """Node and position of each event that is only noted, and the events that change rows."""
    about: _Pairs = []
    others: list[LogRow] = []
    for row in rows:
        entities = _entities(row)
        about.extend((node(*entity), row.position) for entity in entities)
        if not entities:
            others.append(row)
    return about, others


def _entities(row: LogRow) -> list[tuple[str, str]]:
    """Kind and id, as in `int_event_entities`, and the event itself; none where it takes the models
    to say. A copy stands for another event, which they know."""
    if row.source != decisions.SOURCE or row.historical or _is_copy(row.event_key):
        return []
    try:
        told = orjson.loads(row.body)
        entities = [("person", told["person_id"]), *_beside(told)]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return []
    is_sound = all(isinstance(entity_id, str) for _, entity_id in entities)
    itself = ("event", f"{row.source}:{row.event_key}")
    return [itself, *entities] if is_sound and _is_noted(told) else []


def _is_copy(event_key: str) -> bool:
    return "~" in event_key or event_key.startswith("replay:")


def _is_noted(told: Mapping[str, Any]) -> bool:
    return told["type"] in DECISIONS | ANSWERS


def _beside(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Beside the person."""
    if told["type"] in DECISIONS:
        yield "event", f"{told['cause_source']}:{told['cause_event_key']}"
    elif told["destination"] == "hubspot":
        yield "hubspot_contact_id", told["vendor_id"]
