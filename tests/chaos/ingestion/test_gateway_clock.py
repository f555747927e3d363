"""The wall clock jumps; events do not care."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from ingestion.event_log import EventLog
from ingestion.gateway.app import create_app
from ingestion.gateway.config import GatewayConfig
from ingestion.gateway.rate import Bucket, Rate
from ingestion.gateway.request_log import request_log
from ingestion.sandbox import webhooks as sandbox

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = sandbox.standard_secret("clock")
JUMPS = (0, -3600, 86_400, -86_400 * 400, 1, 3600, 0)


class Clock:
    """A clock that shows what it is told."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def log(tmp_path):
    opened = EventLog.open(f"sqlite:///{tmp_path}/events.db")
    yield opened
    opened.close()


def talk(log, clock, conversation, **settings):
    """Run a conversation with a gateway that has this clock."""
    config = GatewayConfig(secrets={"standard": [SECRET]}, **settings)
    app = create_app(config, log, clock, requests=request_log(io.BytesIO()))

    async def session():
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="https://leads.example.com") as client,
        ):
            return await conversation(client)

    return asyncio.run(session())


async def post(client, event_id, sent_at):
    request = sandbox.standard_event(
        "lead.created", {"email": "ada@example.com"}, sent_at, event_id=event_id, secret=SECRET
    )
    return await client.post(request.path, content=request.body, headers=dict(request.headers))


def test_jumps(log, clock):
    """Whatever the clock shows, events are stored, in the order they came; each is judged and
    dated by the clock of its moment."""

    async def conversation(client):
        answers = []
        for number, seconds in enumerate(JUMPS):
            clock.now = NOON + timedelta(seconds=seconds)
            answers.append(await post(client, f"msg_{number}", clock.now))
        return answers

    answers = talk(log, clock, conversation)
    assert [200] * len(JUMPS) == [answer.status_code for answer in answers]
    events = log.read()
    assert [f"msg_{number}" for number in range(len(JUMPS))] == [e.event_key for e in events]
    assert list(range(1, len(JUMPS) + 1)) == [event.position for event in events]
    assert [NOON + timedelta(seconds=s) for s in JUMPS] == [e.received_at for e in events]


def test_tolerance(log, clock):
    """A signature is as old as the clock says: stale after a jump ahead, of the future after a
    jump back, good again when the clock is right again. A replay is a duplicate at any time."""

    async def conversation(client):
        codes = []
        for seconds in (0, 3600, -3600, 0):
            clock.now = NOON + timedelta(seconds=seconds)
            answer = await post(client, "msg_1", NOON)
            codes.append(answer.json().get("code") or answer.json()["duplicates"])
        return codes

    assert [0, "TIMESTAMP_STALE", "TIMESTAMP_FUTURE", 1] == talk(log, clock, conversation)
    assert log.head() == 1


def test_rate_limit_does_not_freeze(log, clock):
    """After a jump back requests come in again as fast as the rate allows: nobody waits until the
    clock is where it was."""

    async def conversation(client):
        statuses = []
        for number, seconds in enumerate((0, 0, 0, -86_400, -86_399, -86_398)):
            clock.now = NOON + timedelta(seconds=seconds)
            statuses.append((await post(client, f"msg_{number}", clock.now)).status_code)
        return statuses

    rate = Rate(2, window=timedelta(seconds=2))
    statuses = talk(log, clock, conversation, source_rate=rate)
    assert [200, 200, 429, 429, 200, 200] == statuses


def test_bucket_after_jumps():
    """A bucket never gives more than its rate because the clock jumped back and forth."""
    bucket = Bucket(Rate(10, window=timedelta(seconds=10)))
    assert all(bucket.take(NOON).allowed for _ in range(10))
    for _ in range(5):
        assert not bucket.take(NOON - timedelta(hours=1)).allowed
        bucket.take(NOON - timedelta(hours=1) + timedelta(milliseconds=100))
    verdict = bucket.take(NOON - timedelta(hours=1) + timedelta(seconds=2))
    assert verdict.allowed
    assert verdict.retry_after == 0
