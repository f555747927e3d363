"""`millrace bench receive` and `load`: what they report can be relied on."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime

import pytest

from ingestion.event_log import EventLog
from ingestion.signatures import SignedRequest
from ingestion.webhooks import SOURCES
from orchestration.bench import receive
from orchestration.bench.client import BROKEN, Load, complete, drive, percentile
from orchestration.bench.receive import Plan, lost
from orchestration.bench.requests import SECRETS, event_key, places, request_number, webhook
from orchestration.errors import BenchError

# dlt imports sqlglot, and with it a helper that some installations still have beside its successor.
pytestmark = pytest.mark.filterwarnings("ignore:sqlglotrs is deprecated:DeprecationWarning")

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


def quiet(_step: str) -> None:
    pass


@pytest.mark.parametrize("number", [0, 1])
def test_requests_are_the_vendors(number):
    """A prepared request is signed, has about a kilobyte and is stored under its own key."""
    made = webhook("run", number, NOW)
    source = SOURCES[made.path.rpartition("/")[2]]
    request = SignedRequest("POST", "http://x", list(made.headers.items()), made.body)
    source.verifier.verify(request, [SECRETS[source.name]], NOW)
    [event] = source.split(made.body, made.headers)
    assert event.event_key == event_key("run", number)
    assert 800 <= len(made.body) <= 1_200


def test_request_numbers():
    """A stored key gives its request's number back, and none when it is of another run."""
    assert request_number("run", event_key("run", 7)) == 7
    assert request_number("run", event_key("other", 7)) is None
    assert request_number("run", "7") is None


def test_places():
    """Requests stand behind their lengths."""
    content = b"00000003abc00000002de"
    assert [content[start:end] for start, end in places(content, len(content))] == [b"abc", b"de"]


def test_complete():
    """An answer is complete with the last byte of its body, not before."""
    assert complete(ANSWER)
    assert not any(complete(ANSWER[:end]) for end in range(len(ANSWER)))


def test_percentile():
    """A percentile is a value that was measured."""
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert percentile([], 0.99) == 0.0


def test_lost():
    """Lost is what was acknowledged and is not stored; more stored than acknowledged is fine."""
    assert lost(b"\x01\x01\x00\x00", b"\x01\x00\x01\x00") == 1


def test_broken_connections_are_counted():
    """A server that hangs up in the middle is an error, no answer, and the load goes on."""
    served = []

    async def answer(reader, writer):
        await reader.readexactly(3)
        served.append(1)
        if len(served) > 1:
            writer.write(ANSWER)
            await writer.drain()
            await reader.read()
        writer.close()

    async def play() -> Load:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            load = Load(b"00000003abc00000003def", 10)
            await drive(server.sockets[0].getsockname()[1], 1, load)
        return load

    load = asyncio.run(play())
    assert dict(load.statuses) == {BROKEN: 1, "200": 1}
    assert list(load.acknowledged) == [0, 1]


def test_receive(tmp_path):
    """A real gateway is driven: all events are acknowledged, stored, and the keys are there."""
    database = f"sqlite:///{tmp_path / 'log.sqlite'}"
    told = receive.receive(Plan(events=300, connections=4, database=database), quiet)
    assert (told["acknowledged"], told["lost"], told["errors"]) == (300, 0, {})
    assert told["events_per_second"] > 0
    assert 0 < told["p50_ms"] <= told["p99_ms"] <= told["max_ms"]
    assert told["gateway_peak_memory_mb"] > 10
    log = EventLog.open(database)
    assert log.count().count == 300
    log.close()


def test_wrk_takes_seconds():
    """wrk cannot be told how many requests to send: that is refused before anything starts."""
    with pytest.raises(BenchError):
        receive.receive(Plan(events=5, tool="wrk"), quiet)


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_wrk(tmp_path):
    """wrk drives the same load, and its figures come back in our words."""
    told = receive.receive(Plan(seconds=1, tool="wrk", connections=4), quiet)
    assert told["acknowledged"] > 0
    assert (told["lost"], told["errors"]) == (0, {})
    assert 0 < told["p50_ms"] <= told["p99_ms"]


def test_load():
    """Every logged event is loaded, and the figures say how fast."""
    from orchestration.bench.load import measure_load

    told = measure_load(500, quiet)
    assert told["events"] == 500
    assert told["seconds"] > 0
    assert told["peak_memory_mb"] > 10
