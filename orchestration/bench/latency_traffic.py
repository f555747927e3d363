"""What is sent while latency is measured, and when: an open loop; its schedule waits for nobody."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import orjson

from ingestion.event_log import NewEvent
from ingestion.sandbox.webhooks import (
    SignedWebhook,
    sign_body,
    typeform_answers,
    typeform_response,
)
from orchestration.bench.requests import SECRETS

KNOWN_SHARE = 10  # one lead in so many is of a person of the history
BATCHES_A_SECOND = 10

Known = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Lead:
    """Somebody who fills in the form; `key` is that of the event."""

    key: str
    email: str
    name: str
    webhook: SignedWebhook


@dataclass(frozen=True, slots=True)
class Timed:
    """A request and its time, in seconds after the start."""

    due: float
    webhook: SignedWebhook


@dataclass(slots=True)
class Sent:
    """What came back: answers by status (or by the error's name), and how late the latest request
    left by its schedule."""

    statuses: Counter[str] = field(default_factory=Counter)
    latest: float = 0.0


def due_times(rate: float, seconds: float) -> list[float]:
    """When to send so many a second: evenly, from the start on."""
    return [number / rate for number in range(round(rate * seconds))]


def leads(
    number: int, now: datetime, *, known: Sequence[Known] = (), enriched: bool = False
) -> list[Lead]:
    """So many different people; the first of every ten is `known` as long as there are any.

    `enriched`: they leave their job and the size of their company out, so that they only qualify
    once an enrichment has told these.
    """
    told = iter(known)
    return [
        _lead(n, now, next(told, None) if n % KNOWN_SHARE == 0 else None, enriched)
        for n in range(number)
    ]


def _lead(number: int, now: datetime, known: Known | None, enriched: bool) -> Lead:
    email, first, last = known or (f"ada@latency{number}.com", None, None)
    first, last = first or "Ada", last or f"Newcomer{number}"
    more = {} if enriched else {"job_title": "VP Sales", "employees": "250"}
    answers = typeform_answers(
        email=email,
        phone=None if known else f"+49 30 9{number:07d}",
        first_name=first,
        last_name=last,
        company=None if known else f"Latency {number}",
        country=None if known else "DE",
        budget="20000",
        interest="demo",
        consent_advertising=True,
        **more,
    )
    key = f"latency-{number}"
    hidden = {"utm_source": "google", "utm_campaign": "latency"}
    form = typeform_response(answers, now, event_id=key, secret=SECRETS["typeform"], hidden=hidden)
    return Lead(key, email.lower(), f"{first} {last}", form)


def visits(rate: float, seconds: float, now: datetime, people: int) -> list[Timed]:
    """Page views and clicks at a constant rate, in signed Segment batches, ten a second."""
    times = [number / BATCHES_A_SECOND for number in range(round(seconds * BATCHES_A_SECOND))]
    ends = [round((due + 1 / BATCHES_A_SECOND) * rate) for due in times]
    spans = zip(times, [0, *ends], ends, strict=False)
    return [
        Timed(due, _batch([visit(n, now, people) for n in range(start, end)], now))
        for due, start, end in spans
        if end > start
    ]


def visit(number: int, now: datetime, people: int) -> dict[str, object]:
    """What Segment says of a page view or a click by one of the visitors of the history."""
    person = number * 7919 % people  # a prime: neighbours are different people
    shared = {
        "messageId": f"visit-{number}",
        "timestamp": (now - timedelta(milliseconds=number)).isoformat().replace("+00:00", "Z"),
        "anonymousId": f"v{person}",
        "properties": {"url": f"https://www.example.com/pages/{number % 200}"},
    }
    if number % 4 == 3:
        return {**shared, "type": "track", "event": "Email Link Clicked"}
    return {**shared, "type": "page", "name": "Pricing"}


def logged_visits(count: int, now: datetime, people: int) -> Iterator[NewEvent]:
    """The same as the gateway would have logged them; keys of their own."""
    for number in range(count):
        told = {**visit(number, now, people), "messageId": f"backlog-{number}"}
        key, correlation = f"backlog-{number}", f"{number:032x}"
        yield NewEvent("segment", key, "webhook", now, orjson.dumps(told), {}, correlation)


def _batch(calls: Sequence[dict[str, object]], now: datetime) -> SignedWebhook:
    body = orjson.dumps(calls)
    return sign_body("segment", body, secret=SECRETS["segment"], sent_at=now)


async def send(url: str, requests: Sequence[Timed], clock: Callable[[], float]) -> Sent:
    """Post each at its time, whatever became of those before it."""
    sent = Sent()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
    async with (
        httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client,
        asyncio.TaskGroup() as tasks,
    ):
        started = clock()
        for request in sorted(requests, key=lambda one: one.due):
            await asyncio.sleep(max(0.0, started + request.due - clock()))
            sent.latest = max(sent.latest, clock() - started - request.due)
            tasks.create_task(_post(client, request.webhook, sent))
    return sent


async def _post(client: httpx.AsyncClient, webhook: SignedWebhook, sent: Sent) -> None:
    try:
        answer = await client.post(
            webhook.path, content=webhook.body, headers=dict(webhook.headers)
        )
    except httpx.TransportError as error:
        sent.statuses[type(error).__name__] += 1
    else:
        sent.statuses[str(answer.status_code)] += 1
