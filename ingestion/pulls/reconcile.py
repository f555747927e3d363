"""Which changes no webhook told of: pure policy, given what webhooks told and what the API says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from ingestion.pulls.model import Found, Heard, Stream
from ingestion.pulls.state import Cursor


@dataclass(frozen=True, slots=True)
class Grace:
    """``period``: how late a webhook may be. ``slack``: how far the time in a webhook may lie
    before that at the API and still be of the same change."""

    period: timedelta = timedelta(hours=1)
    slack: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Changes that webhooks should have told of by now, and those that none told of."""

    judged: int = 0
    dropped: int = 0


def hear(stream: Stream, bodies: Iterable[bytes]) -> Mapping[str, datetime]:
    """Object id → the last change that webhooks told of."""
    heard: dict[str, datetime] = {}
    for told in (each for body in bodies for each in _heard(stream, body)):
        heard[told.id] = max(told.at, heard.get(told.id, told.at))
    return heard


def _heard(stream: Stream, body: bytes) -> Iterable[Heard]:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ()  # it is quarantined, and tells of nothing
    if stream.heard is None or not isinstance(parsed, dict):
        return ()
    return stream.heard(parsed)


def judge(
    found: Iterable[Found],
    heard: Mapping[str, datetime],
    new: Collection[str],
    cursor: Cursor,
    now: datetime,
    grace: Grace,
) -> Judgement:
    """Each change is judged once: when its grace period is over, or when it is found later still.
    ``new``: ids of objects whose version the log did not hold. What changed before the first pull
    is no webhook's business."""
    judged = [each for each in found if _is_due(each, new, cursor, now - grace.period)]
    dropped = sum(not _is_told(each, heard, grace.slack) for each in judged)
    return Judgement(len(judged), dropped)


def _is_due(found: Found, new: Collection[str], cursor: Cursor, limit: datetime) -> bool:
    changed, before = found.changed_at, cursor.judged_until
    if changed is None or before is None or not cursor.begun_at < changed <= limit:
        return False
    return changed > before or found.id in new


def _is_told(found: Found, heard: Mapping[str, datetime], slack: timedelta) -> bool:
    told = heard.get(found.id)
    return told is not None and found.changed_at is not None and told >= found.changed_at - slack
