"""Rows of raw.events made as the gateway and the load make them: split, keyed and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from dbt_builders import RawEvent

from ingestion.contracts import ContractSet
from ingestion.event_log.model import NewEvent, body_hash, to_micros
from ingestion.pulls import pulled_event
from ingestion.sandbox import webhooks as sandbox
from ingestion.webhooks import SOURCES

LATER = timedelta(seconds=2)


def sent(source: str, document: Any, at: datetime) -> list[RawEvent]:
    """The events of one request, received two seconds after ``at``."""
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    events = SOURCES[source].split(body, {})
    return [checked(source, event.event_key, event.body, at + LATER) for event in events]


def said(
    event_type: str, at: datetime, *, key: str, source: str = "webshop", **data: Any
) -> RawEvent:
    """An event of the standard vocabulary."""
    body = orjson.dumps(sandbox.standard_body(event_type, at, data))
    return checked(source, key, body, at + LATER)


def pulled(
    source: str, kind: str, content: Mapping[str, Any], at: datetime, *, account: str
) -> RawEvent:
    """An object as it was read from the vendor's API at ``at``."""
    event: NewEvent = pulled_event(
        source, kind, content, account=account, pulled_at=at, correlation_id="c"
    )
    return checked(source, event.event_key, event.body, at, kind="pull")


def checked(
    source: str, key: str, body: bytes, received_at: datetime, *, kind: str = "webhook"
) -> RawEvent:
    """The row of an event under the contracts of this package."""
    finding = ContractSet.load().check(source, body, to_micros(received_at))
    digest = body_hash(body)
    return RawEvent(
        source=source,
        event_key=key,
        kind=kind,
        received_at=received_at,
        correlation_id=f"c-{digest[:12]}",
        event_type=finding.event_type,
        contract=finding.contract,
        problem_code=finding.problem_code,
        problem_path=finding.problem_path,
        problem_value=finding.problem_value,
        body=finding.body,
        body_hash=digest,
    )


def flat(events: Sequence[RawEvent | Sequence[RawEvent]]) -> list[RawEvent]:
    """One list of events and lists of them."""
    return [
        event
        for item in events
        for event in ([item] if isinstance(item, RawEvent) else item)
    ]
