"""When what set something off arrived, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingestion.event_log import Arrival, EventLog

SECOND = timedelta(seconds=1)


@pytest.fixture
def log(each_database):
    opened = EventLog.open(each_database)
    yield opened
    opened.close()


def test_arrivals_are_found_by_correlation_id(log, event, now):
    """Oldest first, those of one request once; others, and ids that nothing bears, are absent."""
    log.append(
        [
            event.make("late", correlation_id="c-1", received_at=now + SECOND, kind="pull"),
            event.make("a", correlation_id="c-1"),
            event.make("b", correlation_id="c-1"),
            event.make("other", correlation_id="c-2"),
        ]
    )
    expected = {"c-1": [Arrival(now, "typeform"), Arrival(now + SECOND, "typeform")]}
    assert expected == log.arrivals(["c-1", "c-1", "unknown"])


def test_what_follows_from_an_arrival_is_none(log, event):
    """Decisions and answers bear the id of what they follow from."""
    log.append([event.make("d", kind="decision"), event.make("a", kind="answer")])
    assert {} == log.arrivals(["c-1"])


def test_history_is_told_as_such(log, event, now):
    """Events of the past set nothing off."""
    log.append([event.make("h", kind="backfill", historical=True)])
    assert {"c-1": [Arrival(now, "typeform", historical=True)]} == log.arrivals(["c-1"])


def test_any_number_of_ids_may_be_asked_for(log, event):
    """More than a database takes as parameters of one statement."""
    ids = [f"c-{number}" for number in range(1, 1202)]
    log.append([event.make(name, correlation_id=name) for name in ids])
    assert set(ids) == log.arrivals(ids).keys()
