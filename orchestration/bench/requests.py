"""Signed requests, made before the clock starts: a file of raw HTTP that a client only copies out.

Each request stands behind its length (eight decimal digits, which any tool can read).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from ingestion.sandbox.webhooks import (
    SignedWebhook,
    standard_event,
    standard_secret,
    typeform_response,
)
from ingestion.sandbox.webhooks import typeform_answers as answers

LENGTH_DIGITS = 8
SECRETS = {
    source: standard_secret(f"bench {source}") for source in ("segment", "standard", "typeform")
}

_NOTE = "What the visitor wrote, in as many words as it takes to fill one kilobyte. " * 10


def write_requests(file: Path, run: str, count: int, now: datetime) -> None:
    """Requests 0 to ``count - 1`` of a run, every one with a key of its own."""
    with file.open("wb") as out:
        for number in range(count):
            raw = raw_request(webhook(run, number, now))
            out.write(b"%08d" % len(raw) + raw)


def webhook(run: str, number: int, now: datetime) -> SignedWebhook:
    """A signed webhook of about 1 KB: Typeform and Standard Webhooks in turn."""
    key, at = event_key(run, number), now - timedelta(seconds=number % 86_400)
    email = f"person{number}@company{number % 1_000}.example"
    if number % 2:
        data = {"email": email, "page_url": f"https://example.com/{number}", "note": _NOTE}
        secret = SECRETS["standard"]
        return standard_event("page_view", data, at, event_id=key, secret=secret, sent_at=now)
    said = answers(email=email, first_name="Ann", last_name="Bo", company=f"Company {number}")
    hidden = {"utm_source": "bench", "utm_campaign": run}
    return typeform_response(said, at, event_id=key, secret=SECRETS["typeform"], hidden=hidden)


def event_key(run: str, number: int) -> str:
    """The key that the gateway stores a request's event under."""
    return f"{run}-{number}"


def request_number(run: str, key: str) -> int | None:
    """The request whose event has this key; None when it is of another run."""
    prefix, _, number = key.rpartition("-")
    return int(number) if prefix == run and number.isdecimal() else None


def raw_request(webhook: SignedWebhook) -> bytes:
    """HTTP/1.1 as it goes over the wire."""
    lines = [f"POST {webhook.path} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in webhook.headers.items()]
    lines += [f"content-length: {len(webhook.body)}", "", ""]
    return "\r\n".join(lines).encode() + webhook.body


def places(content: Sequence[int] | bytes | memoryview, size: int) -> Iterator[tuple[int, int]]:
    """Start and end of each request in a file's content of ``size`` bytes."""
    start = 0
    while start < size:
        begin = start + LENGTH_DIGITS
        start = begin + int(bytes(content[start:begin]))
        yield begin, start
