"""Which of some events are new: pure policy, given what is already stored.

The same key with the same body is a duplicate. The same key with another body is a *variant*,
stored under ``<key>~<start of its hash>``: a damaged first copy must not shadow an intact second
one, and which of them counts is decided where content is understood. Of an event whose content was
erased every copy is a duplicate, whatever its body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ingestion.event_log.erased import is_marked
from ingestion.event_log.model import Appended, NewEvent

_VARIANT_HEX = 16


class Key(NamedTuple):
    """The identity of an event."""

    source: str
    event_key: str


class Stored(NamedTuple):
    """Where an event with some key is, and the hash of its body."""

    position: int
    body_hash: str

    def covers(self, digest: str) -> bool:
        """Whether a body with this hash is the stored event once more."""
        return self.body_hash == digest or is_marked(self.body_hash)


@dataclass(frozen=True, slots=True)
class Addition:
    """An event to insert: its position, and the key it is stored under."""

    position: int
    event_key: str
    event: NewEvent
    body_hash: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to insert, and what to answer, event by event."""

    additions: Sequence[Addition]
    answers: Sequence[Appended]


def variant_key(event_key: str, body_hash: str) -> str:
    """The key of another body under a key that is taken."""
    return f"{event_key}~{body_hash[:_VARIANT_HEX]}"


def variants_to_look_up(
    hashed: Sequence[tuple[NewEvent, str]], stored: Mapping[Key, Stored]
) -> list[Key]:
    """Keys of possible variants: those of events whose own key has another body already."""
    first = dict(stored)
    clashes = []
    for event, digest in hashed:
        key = Key(event.source, event.event_key)
        if not first.setdefault(key, Stored(0, digest)).covers(digest):
            clashes.append(Key(event.source, variant_key(event.event_key, digest)))
    return clashes


def plan(hashed: Sequence[tuple[NewEvent, str]], stored: Mapping[Key, Stored], head: int) -> Plan:
    """Decide for each event, with the hash of its body, in order; new ones follow on ``head``."""
    known = dict(stored)
    additions: list[Addition] = []
    answers: list[Appended] = []
    for event, digest in hashed:
        key = Key(event.source, event.event_key)
        row = known.get(key)
        if row is not None and not row.covers(digest):
            key = Key(event.source, variant_key(event.event_key, digest))
            row = known.get(key)
        if row is None:
            known[key] = row = Stored(head + len(additions) + 1, digest)
            additions.append(Addition(row.position, key.event_key, event, digest))
            answers.append(Appended(key.event_key, row.position, duplicate=False))
        else:
            answers.append(Appended(key.event_key, row.position, duplicate=True))
    return Plan(additions, answers)
