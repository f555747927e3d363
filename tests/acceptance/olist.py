"""The Olist funnel as vendors would send it: synthetic identities over real funnel rows.

The rows (first contact, origin, won date, revenue) are real; the names, e-mails and phones are
derived from `mql_id` and belong to nobody.
"""

from __future__ import annotations

import csv
import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from ingestion.sandbox.webhooks import (
    hubspot_association,
    hubspot_contact_change,
    hubspot_deal_change,
    typeform_answers,
    typeform_body,
)

META_WINDOW = timedelta(days=7)
MARGIN = timedelta(minutes=15)  # no deal so near the edge of the window that the test may flicker
CONTACT_IDS, DEAL_IDS = 10_000_000, 20_000_000
BATCHES_OF_DEALS = 10  # deals a HubSpot request, four changes each


@dataclass(frozen=True, slots=True)
class Lead:
    mql_id: str
    first_contact: date
    landing_page: str
    origin: str | None


@dataclass(frozen=True, slots=True)
class Deal:
    mql_id: str
    won_at: datetime
    revenue: float


@dataclass(frozen=True, slots=True)
class Posted:
    """One request: `damage` is the code its damage must be quarantined with."""

    source: str
    body: bytes
    damage: str | None = None


@dataclass(frozen=True, slots=True)
class Funnel:
    leads: tuple[Lead, ...]
    deals: tuple[Deal, ...]

    def shifted(self, now: datetime) -> Funnel:
        """Moved by whole days, so that the newest deals lie inside Meta's window."""
        newest = max(deal.won_at for deal in self.deals)
        days = (now - newest).days
        while any(
            self._on_the_edge(deal.won_at + timedelta(days=days), now) for deal in self.deals
        ):
            days -= 1
        shift = timedelta(days=days)
        return Funnel(
            tuple(
                Lead(lead.mql_id, lead.first_contact + shift, lead.landing_page, lead.origin)
                for lead in self.leads
            ),
            tuple(Deal(deal.mql_id, deal.won_at + shift, deal.revenue) for deal in self.deals),
        )

    def inside_window(self, now: datetime) -> int:
        return sum(now - META_WINDOW < deal.won_at <= now for deal in self.deals)

    @staticmethod
    def _on_the_edge(won_at: datetime, now: datetime) -> bool:
        return abs(now - META_WINDOW - won_at) < MARGIN


def load(folder: Path) -> Funnel:
    leads = tuple(
        Lead(
            row["mql_id"],
            date.fromisoformat(row["first_contact_date"]),
            row["landing_page_id"],
            row["origin"] or None,
        )
        for row in _rows(folder / "olist_marketing_qualified_leads_dataset.csv")
    )
    deals = tuple(
        Deal(
            row["mql_id"],
            datetime.fromisoformat(row["won_date"]).replace(tzinfo=UTC),
            float(row["declared_monthly_revenue"] or 0),
        )
        for row in _rows(folder / "olist_closed_deals_dataset.csv")
    )
    return Funnel(leads, deals)


def published_won_deals(folder: Path) -> dict[str | None, int]:
    """Origin → won deals, from the published table; None where the lead has no origin."""
    return {
        None if row["origin"] == "NULL" else row["origin"]: int(row["won_deals"])
        for row in _rows(folder / "published_marketing_performance.csv")
    }


def email(mql_id: str) -> str:
    return f"lead-{mql_id[:16]}@synthetic-{mql_id[:4]}.com"


def lead_document(lead: Lead) -> dict[str, Any]:
    digits = int(hashlib.sha256(lead.mql_id.encode()).hexdigest(), 16) % 10**8
    answers = typeform_answers(
        email=email(lead.mql_id),
        phone=f"+55 11 9{digits:08d}",
        first_name=f"Synthetic{lead.mql_id[:8]}",
        last_name=f"Lead{lead.mql_id[8:20]}",
        consent_advertising=True,
    )
    hidden = {"landing_page_id": lead.landing_page}
    if lead.origin:
        hidden["utm_source"] = lead.origin
    at = datetime.combine(lead.first_contact, datetime.min.time(), UTC)
    return typeform_body(
        answers, at, event_id=f"olist-{lead.mql_id}", token=lead.mql_id, hidden=hidden
    )


def deal_items(number: int, deal: Deal) -> list[dict[str, Any]]:
    contact, won, at = CONTACT_IDS + number, DEAL_IDS + number, deal.won_at
    items = [
        hubspot_contact_change(contact, "email", email(deal.mql_id), at, event_id=1),
        hubspot_association(won, contact, at, event_id=2),
        hubspot_deal_change(won, "dealstage", "closedwon", at, event_id=3),
    ]
    if deal.revenue > 0:
        items.append(hubspot_deal_change(won, "amount", f"{deal.revenue:.2f}", at, event_id=4))
    return items


def requests(funnel: Funnel, *, seed: int, damaged_share: float) -> list[Posted]:
    """Every request twice, shuffled, and a share of them damaged: at most one copy of each, so
    that every lead and deal arrives whole at least once. The signatures are good either way."""
    chance = random.Random(seed)  # noqa: S311  shuffles test data
    whole = [Posted("typeform", orjson.dumps(lead_document(lead))) for lead in funnel.leads] + [
        Posted("hubspot", orjson.dumps(items)) for items in _deal_batches(funnel)
    ]
    second = list(whole)
    for index in chance.sample(range(len(second)), round(2 * len(whole) * damaged_share)):
        second[index] = damage(second[index], chance)
    posted = whole + second
    chance.shuffle(posted)
    return posted


def damage(posted: Posted, chance: random.Random) -> Posted:
    code, harm = chance.choice(_HARMS[posted.source])
    return Posted(posted.source, harm(posted.body, chance), code)


def expected_events(posted: list[Posted]) -> Counter[str]:
    """What the log must hold, counted without any of the product's code: `unique` events,
    `duplicate` ones, and `quarantined` by code."""
    sent = [event for request in posted for event in _events(request)]
    told = Counter(unique=len(set(sent)), duplicate=len(sent) - len(set(sent)))
    told.update(request.damage for request in posted if request.damage)
    return told


def _events(request: Posted) -> Iterator[tuple[str, bytes]]:
    """HubSpot's array is split, an item an event; a body that is no JSON is one event."""
    try:
        items = orjson.loads(request.body) if request.source == "hubspot" else None
    except orjson.JSONDecodeError:
        items = None
    for item in [request.body] if items is None else map(orjson.dumps, items):
        yield request.source, item


def _deal_batches(funnel: Funnel) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(funnel.deals), BATCHES_OF_DEALS):
        chosen = enumerate(funnel.deals[start : start + BATCHES_OF_DEALS], start)
        yield [item for number, deal in chosen for item in deal_items(number, deal)]


def _cut(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randrange(1, len(body) - 1)]


def _lead(change: Callable[[dict[str, Any]], None]) -> Callable[[bytes, random.Random], bytes]:
    def harm(body: bytes, _chance: random.Random) -> bytes:
        document = orjson.loads(body)
        change(document["form_response"])
        return orjson.dumps(document)

    return harm


def _no_contact(response: dict[str, Any]) -> None:
    response["answers"] = [a for a in response["answers"] if a["type"] == "boolean"]


def _no_time(response: dict[str, Any]) -> None:
    del response["submitted_at"]


def _broken_time(response: dict[str, Any]) -> None:
    response["submitted_at"] = "the day before yesterday"


def _answers_as_text(response: dict[str, Any]) -> None:
    response["answers"] = "none"


def _unknown_stage(body: bytes, chance: random.Random) -> bytes:
    items = orjson.loads(body)
    stages = [item for item in items if item.get("propertyName") == "dealstage"]
    chance.choice(stages)["propertyValue"] = "closed_wonderfully"
    return orjson.dumps(items)


def _no_moment(body: bytes, chance: random.Random) -> bytes:
    items = orjson.loads(body)
    del chance.choice(items)["occurredAt"]
    return orjson.dumps(items)


_HARMS: dict[str, tuple[tuple[str, Callable[[bytes, random.Random], bytes]], ...]] = {
    "typeform": (
        ("BODY_NOT_JSON", _cut),
        ("FIELD_MISSING", _lead(_no_time)),
        ("FIELD_FORMAT", _lead(_broken_time)),
        ("FIELD_MISMATCH", _lead(_answers_as_text)),
        ("IDENTIFIER_MISSING", _lead(_no_contact)),
    ),
    "hubspot": (
        ("BODY_NOT_JSON", _cut),
        ("PICKLIST_UNKNOWN", _unknown_stage),
        ("FIELD_MISSING", _no_moment),
    ),
}


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(newline="") as opened:
        yield from csv.DictReader(opened)
