"""The event log on a real SQLite file and on a real PostgreSQL server: the same behaviour."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from ingestion.errors import LogUnavailableError
from ingestion.event_log import CounterKey, EventLog


@pytest.fixture
def log(each_database):
    opened = EventLog.open(each_database)
    yield opened
    opened.close()


def test_empty(log):
    """A new log is empty and says so."""
    assert (log.head(), log.count().count, log.read()) == (0, 0, [])


def test_round_trip(log, event):
    """What is read is what was appended, to the microsecond and the byte."""
    new = event.make(body=b"\x00\xff\xfe", headers={"a": "é", "b": ""}, historical=True)
    [answer] = log.append([new])
    [stored] = log.read()
    for name in type(new).__slots__:
        assert getattr(new, name) == getattr(stored, name)
    assert (answer.position, answer.duplicate, stored.position) == (1, False, 1)


def test_duplicate(log, event):
    """The same event again is not stored, and is answered with its first position."""
    log.append([event.make("a"), event.make("b")])
    [answer] = log.append([event.make("b")])
    assert (answer.position, answer.duplicate, log.count().count) == (2, True, 2)


def test_variant(log, event):
    """Another body under the same key is stored beside the first; neither shadows the other."""
    log.append([event.make("a", b"damaged")])
    [variant] = log.append([event.make("a", b"intact")])
    [again] = log.append([event.make("a", b"intact")])
    assert (variant.duplicate, again.duplicate) == (False, True)
    assert variant.event_key.startswith("a~")
    assert [stored.body for stored in log.read()] == [b"damaged", b"intact"]


def test_same_key_of_two_sources(log, event):
    """A key belongs to its source."""
    answers = log.append([event.make("a"), event.make("a", source="hubspot")])
    assert [answer.duplicate for answer in answers] == [False, False]


def test_large_append(log, event):
    """An append may be larger than what one look-up of the database holds."""
    events = [event.make(f"k{number}") for number in range(1_203)]
    log.append(events)
    assert all(answer.duplicate for answer in log.append(events))
    assert log.head() == 1_203


def test_filters(log, event):
    """Events are read by position, source, kind and correlation id, oldest or newest first."""
    log.append(
        [
            event.make("a"),
            event.make("b", source="millrace", kind="decision", correlation_id="c-2"),
            event.make("c"),
        ]
    )

    def keys(**wanted):
        return [stored.event_key for stored in log.read(**wanted)]

    assert keys(after=1) == ["b", "c"]
    assert keys(limit=1, newest_first=True) == ["c"]
    assert keys(source="typeform") == ["a", "c"]
    assert keys(kind="decision") == ["b"]
    assert keys(correlation_id="c-2") == ["b"]
    assert [stored.event_key for stored in log.at([3, 1, 99])] == ["a", "c"]


def test_count(log, event):
    """Counts come by source and by kind."""
    log.append([event.make("a"), event.make("b", source="millrace", kind="decision")])
    count = log.count()
    assert (count.count, count.by_source) == (2, {"typeform": 1, "millrace": 1})
    assert count.by_kind == {"webhook": 1, "decision": 1}


def test_search(log, event):
    """A body is found by a part of its text, whatever its case; wildcards are plain characters."""
    log.append([event.make("a", b'{"email":"Ada@Example.com"}'), event.make("b", b"100% of it")])
    assert [found.event_key for found in log.search("ada@example.COM")] == ["a"]
    assert [found.event_key for found in log.search("0% o")] == ["b"]
    assert log.search("a_a@") == []


def test_counters(log, each_database, event):
    """Counters are kept with the events, and survive the process."""
    rejected = CounterKey("typeform", "rejected", "SIGNATURE_INVALID")
    log.append([event.make("a")], {rejected: 2})
    log.append([event.make("a")])
    log.add_counters({rejected: 1})
    log.close()
    with closing(EventLog.open(each_database)) as opened:
        counters = opened.counters()
    assert counters == {
        CounterKey("typeform", "received"): 2,
        CounterKey("typeform", "duplicate"): 1,
        rejected: 3,
    }


def test_all_or_nothing(log, event):
    """When one event of an append cannot be stored, none is."""
    with pytest.raises(LogUnavailableError):
        log.append([event.make("a"), event.make("b", correlation_id=None)])
    assert (log.head(), log.counters()) == (0, {})


def test_many_threads(log, event):
    """Several writers at once give every event one position, without a gap."""

    def write(worker: int) -> None:
        for number in range(20):
            log.append([event.make(f"{worker}-{number}"), event.make(f"shared-{number}")])

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [stored.position for stored in log.read()] == list(range(1, 101))


def test_no_values_in_errors(log, event):
    """What went wrong is told without the event's content."""
    with pytest.raises(LogUnavailableError) as caught:
        log.append([event.make(body=b"ada@example.com", correlation_id=None)])
    assert "ada" not in str(caught.value)
