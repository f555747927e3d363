"""Rows of raw.events in the shapes the vendors really send; all people are made up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
PORTAL = 4242


def at(hours: float) -> datetime:
    """The moment this many hours into the story."""
    return START + timedelta(hours=hours)


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One row of raw.events, less its position, which the warehouse gives on loading."""

    source: str
    event_key: str
    kind: str
    received_at: datetime
    correlation_id: str
    event_type: str | None
    contract: str | None
    problem_code: str | None
    problem_path: str | None
    problem_value: str | None
    body: str | None
    body_hash: str
    historical: bool = False

    @property
    def event_id(self) -> str:
        return f"{self.source}:{self.event_key}"

    def quarantined(self, code: str, path: str = "/x") -> RawEvent:
        contract = None if code == "EVENT_TYPE_UNKNOWN" else self.contract
        return replace(
            self, contract=contract, problem_code=code, problem_path=path, problem_value="text"
        )

    def backfilled(self) -> RawEvent:
        return replace(self, kind="backfill", historical=True)

    def under_key(self, event_key: str) -> RawEvent:
        return replace(self, event_key=event_key)

    def as_variant(self) -> RawEvent:
        """As the log keeps a second body under a key that is taken."""
        return self.under_key(f"{self.event_key}~{self.body_hash[:16]}")


def raw_event(
    source: str,
    event_key: str,
    event_type: str | None,
    body: Mapping[str, Any] | str,
    received_at: datetime,
    kind: str = "webhook",
    *,
    contracts_of: str | None = None,
) -> RawEvent:
    """``contracts_of``: the source whose contract counts, the sender's own by default."""
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return RawEvent(
        source=source,
        event_key=event_key,
        kind=kind,
        received_at=received_at,
        correlation_id=f"c-{hashlib.sha256(event_key.encode()).hexdigest()[:12]}",
        event_type=event_type,
        contract=event_type and f"{contracts_of or source}/{event_type}/1.0.0",
        problem_code=None,
        problem_path=None,
        problem_value=None,
        body=text,
        body_hash=digest,
    )


def typeform(
    key: str,
    when: datetime,
    *,
    hidden: Mapping[str, str] | None = None,
    received_at: datetime | None = None,
    **answers: str | int | bool,
) -> RawEvent:
    """A form response; the answers by question ref."""
    body = {
        "event_id": key,
        "event_type": "form_response",
        "form_response": {
            "form_id": "lT4Z3j",
            "token": f"token-{key}",
            "landed_at": iso(when - timedelta(minutes=1)),
            "submitted_at": iso(when),
            "hidden": dict(hidden or {}),
            "definition": {"id": "lT4Z3j", "title": "Talk to us", "fields": []},
            "answers": [_answer(ref, value) for ref, value in answers.items()],
        },
    }
    return raw_event(
        "typeform", key, "form_response", body, received_at or when + timedelta(seconds=2)
    )


def _answer(ref: str, value: str | int | bool) -> dict[str, Any]:
    kind = {"email": "email", "phone": "phone_number"}.get(ref, "text")
    if isinstance(value, bool):
        kind = "boolean"
    elif isinstance(value, int):
        kind = "number"
    return {"type": kind, kind: value, "field": {"id": f"id-{ref}", "type": "x", "ref": ref}}


def hubspot(event_type: str, object_id: int | None, when: datetime, **more: Any) -> RawEvent:
    """One item of a HubSpot batch; its key is the hash of its content."""
    item = {
        "eventId": 1,
        "subscriptionId": 7,
        "portalId": PORTAL,
        "appId": 9,
        "occurredAt": int(when.timestamp() * 1000),
        "subscriptionType": event_type,
        "attemptNumber": 0,
        "changeSource": "CRM_UI",
        **({} if object_id is None else {"objectId": object_id}),
        **more,
    }
    identity = {name: value for name, value in item.items() if name != "attemptNumber"}
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return raw_event("hubspot", key, event_type, item, when + timedelta(seconds=3))


def contact_property(contact_id: int, name: str, value: str, when: datetime) -> RawEvent:
    return hubspot(
        "contact.propertyChange", contact_id, when, propertyName=name, propertyValue=value
    )


def deal_property(deal_id: int, name: str, value: str, when: datetime) -> RawEvent:
    return hubspot("deal.propertyChange", deal_id, when, propertyName=name, propertyValue=value)


def deal_to_contact(
    deal_id: int, contact_id: int, when: datetime, *, removed: bool = False
) -> RawEvent:
    return hubspot(
        "deal.associationChange",
        None,
        when,
        associationType="DEAL_TO_CONTACT",
        fromObjectId=deal_id,
        toObjectId=contact_id,
        associationRemoved=removed,
        isPrimaryAssociation=True,
    )


def standard(
    key: str, event_type: str, when: datetime, *, source: str = "standard", **data: Any
) -> RawEvent:
    """An event of the standard vocabulary, from any sender that speaks it."""
    body = {"type": event_type, "timestamp": iso(when), "data": data}
    received_at = when + timedelta(seconds=1)
    return raw_event(source, key, event_type, body, received_at, contracts_of="standard")


def contact_synced(person_id: str, vendor_id: str, when: datetime) -> RawEvent:
    body = {
        "type": "contact_synced",
        "occurred_at": iso(when),
        "destination": "hubspot",
        "person_id": person_id,
        "vendor_id": vendor_id,
    }
    key = f"contact_synced:hubspot:{person_id}:{vendor_id}"
    return raw_event("millrace", key, "contact_synced", body, when, kind="answer")


def person_enriched(
    question: Mapping[str, Any], when: datetime, destination: str = "apollo", **fields: str
) -> RawEvent:
    """The answer to a row of `act_<destination>__people`; without fields nothing was known."""
    body = {
        "type": "person_enriched",
        "occurred_at": iso(when),
        "destination": destination,
        "person_id": question["person_id"],
        **json.loads(question["payload"])["keeps"],
        "is_match": bool(fields),
        **fields,
    }
    key = f"person_enriched:{destination}:{question['entity_key']}"
    return raw_event("millrace", key, "person_enriched", body, when, kind="answer")


def mql_reached(mql: Mapping[str, Any], decided_at: datetime) -> RawEvent:
    """The decision the orchestration appends for an undecided row of fct_mqls."""
    body = {
        "type": "mql_reached",
        "occurred_at": iso(mql["reached_at"]),
        "person_id": mql["person_id"],
        "score": mql["score"],
        "threshold": mql["threshold"],
        "score_version": mql["score_version"],
        "cause_source": mql["cause_source"],
        "cause_event_key": mql["cause_event_key"],
    }
    return raw_event("millrace", mql["mql_id"], "mql_reached", body, decided_at, kind="decision")
