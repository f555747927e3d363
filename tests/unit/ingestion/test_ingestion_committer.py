"""Group commit: what waits together is stored together, and nobody is told too early."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter

import pytest

from ingestion.errors import InternalError, LogUnavailableError, OverloadedError
from ingestion.event_log import Appended, CounterKey, GroupCommitter
from ingestion.event_log.committer import CommitterLimits


class Gate:
    """A log whose commits wait until they are let through, and may fail."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.batches: list[list[str]] = []
        self.counters: Counter[CounterKey] = Counter()
        self.failure: Exception | None = None
        self.poison: str | None = None

    def append(self, events, counters=None):
        assert self.open.wait(10)
        keys = [event.event_key for event in events]
        if self.failure:
            raise self.failure
        if self.poison in keys:
            raise ValueError(self.poison)
        self.batches.append(keys)
        self.counters.update(counters or {})
        return [Appended(key, position, False) for position, key in enumerate(keys, start=1)]

    def add_counters(self, deltas):
        if self.failure:
            raise self.failure
        self.counters.update(deltas)


@pytest.fixture
def gate():
    return Gate()


async def finish(committer: GroupCommitter) -> None:
    await asyncio.to_thread(committer.close)


async def queued(committer: GroupCommitter, events) -> asyncio.Task:
    """A task that waits for its commit."""
    task = asyncio.create_task(committer.append(events))
    await asyncio.sleep(0)  # it runs until it waits
    assert committer.pending
    return task


def test_grouping(gate, event):
    """Requests that come while a commit is going on share the next one."""

    async def scenario():
        committer = GroupCommitter(gate)
        tasks = [asyncio.create_task(committer.append([event.make(f"{n}")])) for n in range(50)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in tasks)
        gate.open.set()
        answers = await asyncio.gather(*tasks)
        await finish(committer)
        return answers

    answers = asyncio.run(scenario())
    assert [answer[0].event_key for answer in answers] == [str(n) for n in range(50)]
    assert len(gate.batches) <= 2
    assert sum(map(len, gate.batches)) == 50


def test_overload(gate, event):
    """When too much waits a request is refused at once; a large one alone is always taken."""

    async def scenario():
        committer = GroupCommitter(gate, CommitterLimits(pending_events=2))
        tasks = [await queued(committer, [event.make(key)]) for key in ("1", "2")]
        with pytest.raises(OverloadedError) as caught:
            await committer.append([event.make("3")])
        gate.open.set()
        await asyncio.gather(*tasks)
        await committer.append([event.make("3"), event.make("4"), event.make("5")])
        await finish(committer)
        return caught.value, committer.pending

    error, pending = asyncio.run(scenario())
    assert (error.code, error.status, error.retry_after, pending) == ("OVERLOADED", 503, 1, 0)


def test_overload_by_size(gate, event):
    """Memory is bounded in bytes as well as in events."""

    async def scenario():
        committer = GroupCommitter(gate, CommitterLimits(pending_bytes=10))
        task = await queued(committer, [event.make(body=b"x" * 9)])
        with pytest.raises(OverloadedError):
            await committer.append([event.make(body=b"y" * 9)])
        gate.open.set()
        await task
        await finish(committer)

    asyncio.run(scenario())


def test_write_failure(gate, event):
    """When the write fails everybody who waits is told, and the next request is tried again."""

    async def scenario():
        committer = GroupCommitter(gate)
        gate.open.set()
        gate.failure = LogUnavailableError("The disk is full.")
        outcomes = await asyncio.gather(
            *(committer.append([event.make(f"{n}")]) for n in range(3)), return_exceptions=True
        )
        gate.failure = None
        await committer.append([event.make("later")])
        await finish(committer)
        return outcomes

    assert all(isinstance(outcome, LogUnavailableError) for outcome in asyncio.run(scenario()))
    assert gate.batches == [["later"]]


def test_poison(gate, event):
    """An event that cannot be stored fails alone; those that shared its commit are stored."""

    async def scenario():
        committer = GroupCommitter(gate)
        gate.poison = "bad"
        tasks = [
            asyncio.create_task(committer.append([event.make(key)])) for key in ("a", "bad", "b")
        ]
        await asyncio.sleep(0)
        gate.open.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        await finish(committer)
        return outcomes

    good, bad, other = asyncio.run(scenario())
    assert isinstance(bad, InternalError)
    assert (good[0].event_key, other[0].event_key) == ("a", "b")


def test_cancelled_request(gate, event):
    """A client that goes away takes nobody with it, and its event is stored."""

    async def scenario():
        committer = GroupCommitter(gate)
        gone = await queued(committer, [event.make("gone")])
        stays = asyncio.create_task(committer.append([event.make("stays")]))
        await asyncio.sleep(0)
        gone.cancel()
        gate.open.set()
        await stays
        await finish(committer)

    asyncio.run(scenario())
    assert sorted(key for batch in gate.batches for key in batch) == ["gone", "stays"]


def test_close_writes_what_waits(gate, event):
    """Closing stores what waits; after it, nothing is taken."""

    async def scenario():
        committer = GroupCommitter(gate)
        task = await queued(committer, [event.make("a")])
        gate.open.set()
        await finish(committer)
        await task
        with pytest.raises(LogUnavailableError):
            await committer.append([event.make("late")])

    asyncio.run(scenario())
    assert gate.batches == [["a"]]


def test_counts_without_events(gate):
    """Refused requests are counted durably, also when no event ever comes."""
    key = CounterKey("typeform", "rejected", "SIGNATURE_INVALID")

    async def scenario():
        committer = GroupCommitter(gate, CommitterLimits(count_interval=0.001))
        committer.count(key)
        committer.count(key)
        await finish(committer)

    asyncio.run(scenario())
    assert gate.counters == {key: 2}


def test_counts_survive_a_failed_write(gate, event):
    """Counts whose commit failed are written with the next one."""
    key = CounterKey("typeform", "rejected", "SIGNATURE_INVALID")

    async def scenario():
        committer = GroupCommitter(gate, CommitterLimits(count_interval=60))
        gate.open.set()
        gate.failure = LogUnavailableError()
        committer.count(key)
        with pytest.raises(LogUnavailableError):
            await committer.append([event.make("a")])
        gate.failure = None
        await committer.append([event.make("a")])
        await finish(committer)

    asyncio.run(scenario())
    assert gate.counters == {key: 1}


def test_batches_are_bounded(gate, event):
    """A transaction holds no more events than allowed, but always a whole request."""

    async def scenario():
        committer = GroupCommitter(gate, CommitterLimits(batch_events=3))
        tasks = [
            asyncio.create_task(committer.append([event.make(f"{n}a"), event.make(f"{n}b")]))
            for n in range(3)
        ]
        tasks.append(asyncio.create_task(committer.append([event.make(f"x{n}") for n in range(5)])))
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.gather(*tasks)
        await finish(committer)

    asyncio.run(scenario())
    assert [len(batch) for batch in gate.batches] == [2, 2, 2, 5]
