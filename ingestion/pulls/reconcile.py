"""Which changes no webhook told of: pure policy, given what webhooks told and what the API says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion.contracts.parse import PARSERS, parse
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


def hear(
    source: str, stream: Stream, webhooks: Iterable[tuple[datetime, bytes]]
) -> Mapping[str, datetime]:
    """Object id → the last change that webhooks told of."""
    heard: dict[str, datetime] = {}
    for received_at, body in webhooks:
        for told in _heard(source, stream, received_at, body):
            heard[told.id] = max(told.at, heard.get(told.id, told.at))
    return heard


def _heard(source: str, stream: Stream, received_at: datetime, body: bytes) -> Iterable[Heard]:
    parsed = PARSERS.get(source, parse)(body)
    if stream.heard is None or parsed is None or not isinstance(parsed.document, dict):
        return ()  # it is quarantined, and tells of nothing
    return stream.heard(parsed.document, received_at)


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
    judged = [
        each
        for each in found
        if is_over(each, now - grace.period) and _is_unjudged(each, new, cursor)
    ]
    dropped = sum(not is_told(each, heard, grace.slack) for each in judged)
    return Judgement(len(judged), dropped)


def is_over(found: Found, limit: datetime) -> bool:
    """Whether a webhook about it had its time."""
    return found.changed_at is not None and found.changed_at <= limit


def is_told(found: Found, heard: Mapping[str, datetime], slack: timedelta) -> bool:
    """Whether a webhook told of this change."""
    told = heard.get(found.id)
    return told is not None and found.changed_at is not None and told >= found.changed_at - slack


def _is_unjudged(found: Found, new: Collection[str], cursor: Cursor) -> bool:
    changed, before = found.changed_at, cursor.judged_until
    if changed is None or before is None or changed <= cursor.begun_at:
        return False
    return changed > before or found.id in new
