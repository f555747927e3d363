"""How many batches at once a destination bears."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.model import Call
from reverse_etl.pace import Pace
from reverse_etl.quota import Budget
from reverse_etl.testing import NOON, ScriptedConnector, contact
from reverse_etl.tools import DispatchPolicy


def _call(status):
    return Call("POST", "/", status, 1.0, 1)


def test_it_grows_by_one_and_falls_by_half():
    """Good batches add one up to the most; 429, 5xx or no answer halve; a 4xx is no trouble."""
    pace = Pace(most=4)
    for expected in (2, 3, 4, 4):
        pace = pace.after([_call(200), _call(400)])
        assert expected == pace.at_once
    for status, expected in ((429, 2), (503, 1), (None, 1)):
        pace = pace.after([_call(200), _call(status)])
        assert expected == pace.at_once
    assert pace == pace.after([])


@given(st.lists(st.sampled_from([200, 404, 429, 500, None]), max_size=50), st.integers(1, 9))
def test_it_stays_within_its_bounds(statuses, most):
    """Whatever a vendor answers, at least one batch and at most so many are under way."""
    pace = Pace(most=most)
    for status in statuses:
        pace = pace.after([_call(status)])
        assert 1 <= pace.at_once <= most


def test_a_small_budget_needs_no_crowd():
    """One request a second is one batch at a time; a large budget, or none, changes nothing."""
    second = timedelta(seconds=1)
    assert 1 == Pace.within(Budget(60, 60 * second), 8).most
    assert 8 == Pace.within(Budget(190, 10 * second), 8).most
    assert 8 == Pace.within(None, 8).most


class _Crowded(ScriptedConnector):
    """Answers once four batches are in its hands, or when no more come for a moment."""

    def __init__(self):
        super().__init__(largest=10)
        self.inside, self.most, self.full = 0, 0, asyncio.Event()

    async def send(self, batch, context):
        self.inside += 1
        self.most = max(self.most, self.inside)
        if self.inside == 4:
            self.full.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.full.wait(), 0.2)
        self.inside -= 1
        return await ScriptedConnector.send(self, batch, context)


def test_batches_travel_side_by_side(ledger, dispatch):
    """A destination that answers slowly is sent several batches at once, each row once."""
    rows = [contact(number) for number in range(200)]
    ledger.enqueue(rows, destination="hubspot", action="upsert_contact", now=NOON)
    vendor = _Crowded()
    report = dispatch(vendor, policy=DispatchPolicy(at_once=4))()
    assert 200 == report.delivered
    assert 4 == vendor.most
    sent = [key for batch in vendor.batches for key in batch]
    assert 200 == len(sent) == len(set(sent))
