"""Spans of what gateway, fast lane, batch and dispatcher did. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from ingestion.event_log.model import LogRow
from orchestration.observability.spans import Span, SpanKey, Value, before, receipt
from orchestration.redaction import mask
from reverse_etl.ledger import Settlement
from reverse_etl.model import Kind, Outcome, State

if TYPE_CHECKING:  # the lane imports much, and what it hands over is all there is to know
    from orchestration.fast_lane.lane import Worked

LANE: Final = "lane.batch"
_STEPS: Final = {  # of the fast lane's work, in order → what both lanes call it
    "people": "lane.people",
    "models": "models",
    "decisions": "decide",
    "reading": "lane.reading",
    "ledger": "ledger.enqueue",
}
_OF_LEADS: Final = frozenset({"models", "decide", "ledger.enqueue"})
# Of so many leads at most each step of the common work is told in each lead's own trace; of more,
# each has one span there, with a link to the work's trace.
_MOST_LEADS: Final = 20
_ENDED: Final = frozenset({State.DELIVERED, State.DEAD, State.CANCELLED, State.SUPERSEDED})
_WELL: Final = frozenset({Kind.DELIVERED})


def received(facts: Mapping[str, Any]) -> Span:
    """A request to the gateway, from what its log line says. Only one that brought something new
    is the root of a trace: what a vendor sends again, or in vain, is a further span there."""
    correlation_id, end = str(facts["correlation_id"]), facts["timestamp"]
    root = receipt(correlation_id)
    name = "gateway.refused" if facts["code"] else "gateway.repeat"
    again = SpanKey(correlation_id, name, end.isoformat())
    return Span(
        root if facts["accepted"] else again,
        before(end, facts["duration_ms"]),
        end,
        attributes={
            "millrace.correlation_id": mask(correlation_id),  # a sender may choose it
            "millrace.source": facts["source"],
            "millrace.accepted": facts["accepted"],
            "millrace.duplicates": facts["duplicates"],
            "http.response.status_code": facts["status"],
        },
        code=facts["code"] or None,
    )


def worked(rows: Sequence[LogRow], done: Worked, began: datetime) -> Iterator[Span]:
    """A micro-batch of the fast lane: a trace of its own, and its place in those of its leads."""
    work = SpanKey(f"fast-lane:{done.position}", LANE)
    steps = list(_laps(done.milliseconds, began))
    end = steps[-1][2] if steps else began
    attributes = {
        "millrace.events": done.events,
        "millrace.people": done.people,
        "millrace.enqueued": done.enqueued,
        "millrace.deferred": done.deferred,
    }
    yield Span(work, began, end, attributes=attributes)
    for name, start, stop in steps:
        yield Span(SpanKey(work.trace, name), start, stop, parent=work)
    newest = {row.correlation_id: row for row in rows}
    for row in newest.values():
        mine = SpanKey(row.correlation_id, LANE, str(row.position))
        about: dict[str, Value] = {"millrace.source": row.source, "millrace.position": row.position}
        yield Span(mine, began, end, receipt(row.correlation_id), work, about)
        if len(newest) <= _MOST_LEADS:
            for name, start, stop in steps:
                if name in _OF_LEADS:
                    key = SpanKey(row.correlation_id, name, mine.which)
                    yield Span(key, start, stop, mine)


def attempted(settled: Sequence[Settlement], now: datetime) -> Iterator[Span]:
    """Deliveries that were tried, or could not be: the whole wait of each that has come to an
    end, and the request (which it may share with others of its batch)."""
    for item in settled:
        row = item.delivery
        delivery = SpanKey(row.correlation_id, "delivery", str(row.id))
        if item.outcome is not None:
            yield _request(item, item.outcome, delivery, now)
        if item.decision.state in _ENDED:
            yield Span(
                delivery,
                row.created_at,
                now,
                receipt(row.correlation_id),
                attributes=_of_delivery(item),
                code=item.decision.code if item.decision.state is State.DEAD else None,
            )


def _request(item: Settlement, outcome: Outcome, delivery: SpanKey, now: datetime) -> Span:
    row = item.delivery
    attributes = {
        **_of_delivery(item),
        "millrace.attempt": row.attempts + 1,
        "millrace.vendor.milliseconds": item.milliseconds,
        "millrace.kind": str(outcome.kind),
    }
    if outcome.status is not None:
        attributes["http.response.status_code"] = outcome.status
    key = SpanKey(row.correlation_id, "dispatch.request", f"{row.id}:{item.batch_id}")
    code = None if outcome.kind in _WELL else outcome.code
    return Span(key, item.started_at or now, now, delivery, attributes=attributes, code=code)


def _of_delivery(item: Settlement) -> dict[str, Any]:
    return {
        "millrace.delivery": item.delivery.id,
        "millrace.destination": item.delivery.destination,
        "millrace.action": item.delivery.action,
        "millrace.state": str(item.decision.state),
        "millrace.code": item.decision.code or "",
    }


def _laps(
    milliseconds: Mapping[str, float], began: datetime
) -> Iterator[tuple[str, datetime, datetime]]:
    for step, taken in milliseconds.items():
        end = began + timedelta(milliseconds=taken)
        yield _STEPS[step], began, end
        began = end
