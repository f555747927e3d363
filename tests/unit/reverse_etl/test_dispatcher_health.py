"""What the dispatcher learns about a destination: unreachable, ill, or our credentials refused."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from reverse_etl.connectors.http import read
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Call, Kind, Outcome, Reply
from reverse_etl.retry import classify
from reverse_etl.testing import NOON, ScriptedConnector, contact, conversion

CALL = Call("POST", "/scripted/read", 200, 1.0, 1)
ERROR = Outcome(Kind.RETRYABLE, "DESTINATION_ERROR", status=500)
DOWN = Outcome(Kind.UNREACHABLE, "DESTINATION_UNREACHABLE")
LIMITED = Outcome(Kind.RETRYABLE, "RATE_LIMITED", status=429)
DENIED = Outcome(Kind.AUTHENTICATION, "AUTHENTICATION_FAILED", status=401)


def put(ledger, *rows):
    ledger.enqueue(rows, destination=rows[0].destination, action=rows[0].action, now=NOON)


def states(ledger):
    return [row.state.value for row in ledger.find()]


def test_unreachable_leaves_rows_pending_and_says_so(ledger, dispatch):
    """A vendor that is down costs nothing: rows stay pending, and the report names the cause."""
    put(ledger, contact(1), contact(2))
    down = [True]
    vendor = ScriptedConnector(script=lambda *_: DOWN if down[0] else None)
    drain = dispatch(vendor)
    report = drain()
    assert (report.pending, report.dead) == (2, 0)
    assert [(p.code, p.destination) for p in report.problems] == [
        ("DESTINATION_UNREACHABLE", "hubspot")
    ]
    assert report.problems[0].remedy
    down.clear()
    down.append(False)
    assert drain().delivered == 2


def test_refused_credentials_stop_the_destination_at_once(ledger, dispatch):
    """After a 401 nothing more is sent; the next drain probes with one row, then goes on."""
    put(ledger, *(contact(n) for n in range(4)))
    denied = [True]
    vendor = ScriptedConnector(largest=2, script=lambda *_: DENIED if denied[0] else None)
    drain = dispatch(vendor)
    report = drain()
    assert (len(vendor.batches), report.pending) == (1, 4)
    assert report.problems[0].code == "AUTHENTICATION_FAILED"
    assert ledger.health()["hubspot"].stopped_code == "AUTHENTICATION_FAILED"
    denied[0] = False
    assert drain().delivered == 4
    assert len(vendor.batches[1]) == 1
    assert ledger.health()["hubspot"].stopped_code is None


def test_a_redirect_stops_the_destination_and_buries_nothing(ledger, dispatch):
    """A wrong address is no row's fault: one request, and its own code to mend it by."""
    put(ledger, *(contact(n) for n in range(4)))
    vendor = ScriptedConnector(largest=2, script=lambda *_: classify(301))
    report = dispatch(vendor)()
    assert (1, 4) == (len(vendor.batches), report.pending)
    assert ["ENDPOINT_MOVED"] == [problem.code for problem in report.problems]
    assert "ENDPOINT_MOVED" == ledger.health()["hubspot"].stopped_code


def test_a_web_page_in_place_of_answers_stops_the_destination_and_buries_nothing(
    ledger, dispatch, time
):
    """Whether the rows arrived is not known: for a day they stay unknown, and are read back once
    the vendor answers again."""
    put(ledger, *(contact(n) for n in range(4)))
    page = httpx.Response(200, content=b"\n<!DOCTYPE html><title>Sign in</title>")
    with pytest.raises(CallFailedError) as found:
        read(page)

    class Parked(ScriptedConnector):
        async def read_back(self, batch, context):
            if parked:
                return Reply({row.id: found.value.outcome for row in batch}, (CALL,))
            return await ScriptedConnector.read_back(self, batch, context)

    parked = True
    vendor = Parked(largest=2, script=lambda *_: found.value.outcome if parked else None)
    drain = dispatch(vendor)
    for _ in range(24):
        report = drain()
        assert ["ENDPOINT_WRONG"] == [problem.code for problem in report.problems]
        time.now += timedelta(hours=1)
    assert {"pending", "unknown"} >= set(states(ledger))
    assert "ENDPOINT_WRONG" == ledger.health()["hubspot"].stopped_code
    parked = False
    assert (4, ()) == ((report := drain()).delivered, report.problems)


def test_an_open_breaker_holds_rows_and_releases_them_in_order(ledger, dispatch, time):
    """Above 50 % errors rows are held; a probe that succeeds queues them again, in order."""
    put(ledger, *(contact(n) for n in range(10, 40)))
    ill = [True]
    vendor = ScriptedConnector(largest=2, script=lambda *_: ERROR if ill[0] else None)
    drain = dispatch(vendor)
    report = drain(5)
    held = report.by_destination["hubspot"].held
    assert (held, report.dead) == (30, 0)
    assert report.problems[0].code == "BREAKER_OPEN"
    ill[0] = False
    vendor.batches.clear()
    time.now += timedelta(seconds=10)
    assert drain().delivered == 30
    assert len(vendor.batches[0]) == 1
    keys = [key for batch in vendor.batches for key in batch]
    assert keys == sorted(keys)


def test_a_long_outage_buries_nothing(ledger, dispatch):
    """Hours of server errors end in held rows, not in dead ones."""
    put(ledger, contact(1))
    drain = dispatch(ScriptedConnector(script=lambda *_: ERROR))
    for _ in range(50):
        drain(61)
        if ledger.health()["hubspot"].breaker.is_open:
            break
    assert states(ledger) == ["held"]


def test_a_spent_daily_limit_buries_nothing(ledger, dispatch, time):
    """Hours of 429 cost no row, are asked about once a minute, and end with all rows delivered."""
    put(ledger, *(contact(n) for n in range(3)))
    midnight = NOON + timedelta(hours=3)
    vendor = ScriptedConnector(script=lambda *_: LIMITED if time.now < midnight else None)
    drain = dispatch(vendor)
    limited = drain(0)
    assert (3, ["RATE_LIMITED"]) == (limited.pending, [told.code for told in limited.problems])
    report = drain(61)
    assert (3, 0, ()) == (report.delivered, report.dead, report.problems)
    assert len(vendor.batches) < 200


def test_a_switched_off_destination_gets_nothing_and_loses_nothing(ledger, dispatch):
    """Its rows stay queued, the report says so, others go on; switched on, rows go out in order."""
    put(ledger, *(contact(n) for n in range(3)))
    put(ledger, conversion(1))
    off, other = ScriptedConnector(), ScriptedConnector("meta")
    drain = dispatch(off, other)
    assert ledger.switches.turn_off("hubspot", who="ada", reason="wrong portal", now=NOON)
    report = drain()
    assert [] == off.batches
    assert (3, 1) == (report.by_destination["hubspot"].pending, len(other.batches))
    assert ["SWITCHED_OFF"] == [problem.code for problem in report.problems]
    assert ledger.switches.turn_on("hubspot", who="ada", reason="", now=NOON)
    assert 3 == drain().delivered
    assert not drain().problems


def test_a_destination_that_is_down_is_asked_with_one_row(ledger, dispatch):
    """After a failure to connect single rows are tried, not whole batches; then all goes on."""
    put(ledger, *(contact(n) for n in range(5)))
    down = [True, True]
    vendor = ScriptedConnector(script=lambda *_: DOWN if down else None)
    dispatch(vendor)()
    assert [5, 1, 1] == [len(batch) for batch in vendor.batches]
    down.clear()
    assert 5 == dispatch(vendor)().delivered


def test_a_bad_destination_hurts_only_itself(ledger, dispatch):
    """While one vendor fails, the other's rows are delivered."""
    put(ledger, contact(1))
    put(ledger, conversion(1))
    bad = ScriptedConnector(script=lambda *_: ERROR)
    good = ScriptedConnector("meta")
    report = dispatch(bad, good)(2)
    assert report.by_destination["meta"].delivered == 1
    assert report.by_destination["hubspot"].pending == 1
