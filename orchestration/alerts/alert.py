"""What to tell those who run this, and when: each problem once, again when it has grown, and once
more when it is over. Pure: a problem is named by its key as long as it lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import orjson

AGAIN_AFTER: Final = timedelta(hours=1)  # one that keeps growing is told no more often than this


@dataclass(frozen=True, slots=True)
class Alert:
    """A problem that is there now. `key`: the same as long as it lasts; `what`: one sentence,
    nothing personal; `size`: how large it is, where it can grow; `link`: where to look."""

    key: str
    code: str
    what: str
    remedy: str
    size: int = 1
    link: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a problem, how large it was then, and when."""

    what: str
    size: int
    at: datetime


Memory = Mapping[str, Said]
"""What one target was told, by the key of the problem; until it is over."""


@dataclass(frozen=True, slots=True)
class News:
    """What a target does not know yet: problems that began or grew, and what was said of those that
    are over. `memory`: what it knows once it was told."""

    begun: Sequence[Alert]
    ended: Sequence[str]
    memory: Memory = field(repr=False)

    def __bool__(self) -> bool:
        return bool(self.begun or self.ended)


def news(alerts: Sequence[Alert], memory: Memory, *, now: datetime) -> News:
    """Compare what is wrong now with what was told."""
    there = {alert.key: alert for alert in alerts}
    begun = [alert for alert in there.values() if _is_news(alert, memory.get(alert.key), now)]
    kept = {key: _shrunk(said, there[key]) for key, said in memory.items() if key in there}
    told = {alert.key: Said(alert.what, alert.size, now) for alert in begun}
    ended = [said.what for key, said in memory.items() if key not in there]
    return News(begun, ended, {**kept, **told})


def _is_news(alert: Alert, said: Said | None, now: datetime) -> bool:
    return said is None or (alert.size > said.size and now - said.at >= AGAIN_AFTER)


def _shrunk(said: Said, alert: Alert) -> Said:
    """A problem that became smaller may grow again, which is news then."""
    return Said(said.what, min(said.size, alert.size), said.at)


def to_cursor(memories: Mapping[str, Memory]) -> str:
    """The memories of all targets, as text; by name of the target."""
    return orjson.dumps(memories).decode()


def from_cursor(cursor: str | None) -> dict[str, Memory]:
    """The memories in a cursor."""
    return {
        target: {
            key: Said(said["what"], said["size"], datetime.fromisoformat(said["at"]))
            for key, said in memory.items()
        }
        for target, memory in orjson.loads(cursor or "{}").items()
    }
