"""For tests: rows to deliver, a clock that obeys, and a connector that follows a script."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from reverse_etl import catalogue
from reverse_etl.connectors.base import Context
from reverse_etl.errors import CallFailedError
from reverse_etl.model import ActivationRow, Call, Delivery, Kind, Outcome, Reply
from reverse_etl.quota import Budget

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def seeded(seed: int = 1) -> random.Random:
    """Chance that can be repeated."""
    return random.Random(seed)  # noqa: S311  # no secret comes of it


def contact(number: int | str, **changes: Any) -> ActivationRow:
    """The state row of person `number`; `changes` replace fields; `properties` and
    `when_new` add to the payload."""
    person = f"person-{number}"
    properties = {
        "email": f"lead{number}@example.com",
        "firstname": "Ada",
        "millrace_id": person,
        **changes.pop("properties", {}),
    }
    when_new = {"when_new": changes.pop("when_new")} if "when_new" in changes else {}
    return activation_row(
        {"properties": properties, **when_new},
        changes,
        action="upsert_contact",
        mode="state",
        entity_key=person,
        person_id=person,
        purpose="crm",
        priority=5,
    )


def company(number: int | str, **changes: Any) -> ActivationRow:
    """The state row of account `number`, which is no person."""
    account = f"account-{number}"
    properties = {
        "name": f"Company {number}",
        "domain": f"company{number}.example",
        "millrace_account_id": account,
        **changes.pop("properties", {}),
    }
    return activation_row(
        {"properties": properties},
        changes,
        action="upsert_company",
        mode="state",
        entity_key=account,
        person_id=account,
        purpose="crm",
        priority=2,
    )


def merge(number: int | str, primary: str, other: str, **changes: Any) -> ActivationRow:
    """The event row of a merge of two contacts, by HubSpot's ids, of person `number`."""
    return activation_row(
        {"objectIdToMerge": other, "primaryObjectId": primary},
        changes,
        action="merge_contacts",
        mode="event",
        entity_key=f"{primary}:{other}",
        person_id=f"person-{number}",
        purpose="crm",
        priority=3,
    )


def deal(number: int | str, **changes: Any) -> ActivationRow:
    """The state row of a deal of person `number` with account `number`."""
    person, key = f"person-{number}", f"salesforce:{number}"
    properties = {
        "dealname": f"Deal {number}",
        "amount": "1250.50",
        "dealstage": "contractsent",
        "pipeline": "default",
        "millrace_deal_id": key,
        **changes.pop("properties", {}),
    }
    refers_to = {"contact": person, "company": f"account-{number}"}
    return activation_row(
        {"properties": properties, "refers_to": changes.pop("refers_to", refers_to)},
        changes,
        action="upsert_deal",
        mode="state",
        entity_key=key,
        person_id=person,
        purpose="crm",
        priority=3,
    )


def note(number: int | str, **changes: Any) -> ActivationRow:
    """The event row of a note about person `number`."""
    person, key = f"person-{number}", f"mql_reached:test:{number}"
    properties = {
        "hs_note_body": "Why this lead is hot",
        "hs_timestamp": NOON.isoformat(),
        "millrace_key": key,
    }
    return activation_row(
        {"refers_to": {"contact": person}, "properties": properties},
        changes,
        action="create_note",
        mode="event",
        entity_key=key,
        person_id=person,
        purpose="crm",
        priority=1,
    )


def task(number: int | str, **changes: Any) -> ActivationRow:
    """The event row of a task for person `number`."""
    person, key = f"person-{number}", f"mql_reached:test:{number}"
    properties = {
        "hs_task_subject": "Call this lead",
        "hs_timestamp": NOON.isoformat(),
        "hs_task_status": "NOT_STARTED",
        "millrace_key": key,
    }
    return activation_row(
        {"refers_to": {"contact": person}, "properties": properties},
        changes,
        action="create_task",
        mode="event",
        entity_key=key,
        person_id=person,
        purpose="sales",
        priority=0,
    )


def question(number: int | str, *, vendor: str = "apollo", **changes: Any) -> ActivationRow:
    """The event row that asks a vendor about person `number`."""
    person = f"person-{number}"
    hashed = hashlib.sha256(f"lead{number}@example.com".encode()).hexdigest()
    return activation_row(
        {
            "domain": "example.com",
            "hashed_email": hashed,
            "keeps": {"email_sha256": hashed, "record_id": f"typeform:email:{number}"},
        },
        changes,
        destination=vendor,
        action="enrich_person",
        mode="event",
        entity_key=f"{person}:{hashed}",
        person_id=person,
        purpose="crm",
        priority=2,
    )


def conversion(number: int | str, *, at: datetime = NOON, **changes: Any) -> ActivationRow:
    """The event row of a purchase at `at`, with Meta's 7 days as its deadline."""
    key = f"conversion-{number}"
    user = {"em": [hashlib.sha256(f"lead{number}@example.com".encode()).hexdigest()]}
    event = {
        "event_name": "Purchase",
        "event_time": int(at.timestamp()),
        "event_id": key,
        "action_source": "system_generated",
        "user_data": {**user, **changes.pop("user_data", {})},
        "custom_data": {"value": 10.0, "currency": "EUR", "event_source": "crm"},
        **changes.pop("event", {}),
    }
    changes = {"event_time": at, "deadline_at": at + timedelta(days=7), **changes}
    changes = {"action": "send_event", **changes}
    return activation_row(
        event,
        changes,
        destination="meta",
        mode="event",
        entity_key=key,
        person_id=f"person-{number}",
        purpose="advertising",
        priority=5,
    )


def lead_event(number: int, *, at: datetime = NOON, **changes: Any) -> ActivationRow:
    """The event row of a stage that lead `number` of a lead ad reached."""
    custom = {"event_source": "crm", "lead_event_source": "HubSpot"}
    return conversion(
        number,
        at=at,
        action="send_lead_event",
        user_data={"lead_id": 123_456_789_012_345 + number},
        event={"event_name": "Converted", "custom_data": custom},
        **changes,
    )


def website_event(number: int | str, *, at: datetime = NOON, **changes: Any) -> ActivationRow:
    """The event row of a form sent on the website."""
    page = {"event_source_url": "https://www.example.com/demo", "action_source": "website"}
    return conversion(
        number,
        at=at,
        action="send_website_event",
        user_data={"client_user_agent": "Mozilla/5.0", **changes.pop("user_data", {})},
        event={"event_name": "Lead", "custom_data": {}, **page, **changes.pop("event", {})},
        **changes,
    )


def activation_row(
    payload: Mapping[str, Any], changes: Mapping[str, Any], **fields: Any
) -> ActivationRow:
    """A row with this payload; `fields` as the effect needs them, `changes` as the test wants."""
    text = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS).decode()
    values: dict[str, Any] = {
        "destination": "hubspot",
        "external_id": None,
        "order_key": fields["entity_key"],
        "payload": text,
        "payload_hash": hashlib.sha256(text.encode()).hexdigest(),
        "event_time": NOON,
        "deadline_at": None,
        "consent_status": "granted",
        "consent_id": None,
        "correlation_id": f"correlation-{fields['person_id']}",
    }
    return ActivationRow(**{**values, **fields, **changes})


@dataclass(slots=True)
class ManualTime:
    """A clock that stands still until somebody sleeps."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Be later at once."""
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


Script = Callable[[Delivery, int], Outcome | None]
"""Outcome of one item, given how often it was sent before; None for success."""


@dataclass(slots=True)
class ScriptedConnector:
    """A vendor in memory: `effects` holds each effect once a send of it succeeds, or when its
    answer is lost after the vendor acted (an UNKNOWN outcome with code DROPPED_AFTER)."""

    destination: str = "hubspot"
    script: Script = lambda _row, _times: None
    budget: Budget | None = None
    largest: int = 100
    effects: list[tuple[str, str]] = field(default_factory=list)
    batches: list[tuple[str, ...]] = field(default_factory=list)
    read_backs: list[tuple[str, ...]] = field(default_factory=list)
    _sent: dict[int, int] = field(default_factory=dict)

    @property
    def actions(self) -> dict[str, int]:
        """`largest` for whatever the rows above want."""
        return dict.fromkeys(("upsert_contact", "create_task", "send_event"), self.largest)

    async def send(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """Follow the script."""
        try:
            async with context.permit():
                self.batches.append(tuple(row.entity_key for row in batch))
        except CallFailedError as failure:
            return Reply({row.id: failure.outcome for row in batch})
        outcomes = {row.id: self._one(row) for row in batch}
        status = max((o.status or 200 for o in outcomes.values()), default=200)
        lost = any(o.kind in (Kind.UNREACHABLE, Kind.UNKNOWN) for o in outcomes.values())
        call = Call("POST", "/scripted", None if lost else status, 1.0, len(batch))
        return Reply(outcomes, (call,))

    async def read_back(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """Look into `effects`."""
        self.read_backs.append(tuple(row.entity_key for row in batch))
        there = {key for key, _ in self.effects}
        missing = Outcome(Kind.RETRYABLE, catalogue.WENT_MISSING)
        outcomes = {
            row.id: _delivered(row) if row.entity_key in there else missing for row in batch
        }
        return Reply(outcomes, (Call("POST", "/scripted/read", 200, 1.0, len(batch)),))

    def _one(self, row: Delivery) -> Outcome:
        times = self._sent.get(row.id, 0)
        self._sent[row.id] = times + 1
        outcome = self.script(row, times) or _delivered(row)
        if outcome.kind is Kind.DELIVERED or outcome.code == "DROPPED_AFTER":
            self.effects.append((row.entity_key, row.payload_hash))
        return outcome


def _delivered(row: Delivery) -> Outcome:
    return Outcome(Kind.DELIVERED, "DELIVERED", status=200, vendor_id=f"vendor-{row.entity_key}")
