"""Which rows wait for what a vendor will say of their person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reverse_etl.awaiting import is_open, may_answer, waits
from reverse_etl.breaker import Breaker
from reverse_etl.health import Health
from reverse_etl.model import Kind, Outcome, State
from reverse_etl.retry import Decision
from reverse_etl.testing import NOON

SECOND = timedelta(seconds=1)
UNTIL = NOON + 30 * SECOND
MATCH = Outcome(Kind.DELIVERED, "DELIVERED")
NOBODY = Outcome(Kind.DELIVERED, "NO_MATCH")


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        (Health(), True),
        (Health(Breaker(opened_at=NOON)), False),
        (Health(stopped_code="AUTHENTICATION_FAILED"), False),
        (Health(paused_until=UNTIL - SECOND), True),
        (Health(paused_until=UNTIL), False),
    ],
)
def test_an_ill_destination_answers_nobody_in_time(health, expected):
    """Neither behind an open breaker, nor without credentials, nor while it pauses for longer."""
    assert expected == may_answer(health, UNTIL)


@pytest.mark.parametrize(
    ("decision", "outcome", "expected"),
    [
        (Decision(State.DELIVERED, "DELIVERED"), MATCH, True),
        (Decision(State.DELIVERED, "NO_MATCH"), NOBODY, False),
        (Decision(State.PENDING, "DESTINATION_ERROR", UNTIL - SECOND), None, True),
        (Decision(State.PENDING, "CREDIT_BUDGET_SPENT", UNTIL), None, False),
        (Decision(State.UNKNOWN, "NO_ANSWER", UNTIL - SECOND), None, True),
        (Decision(State.UNKNOWN, "NO_ANSWER", UNTIL), None, False),
        (Decision(State.DEAD, "REFUSED"), None, False),
        (Decision(State.CANCELLED, "CONSENT_WITHDRAWN"), None, False),
    ],
)
def test_a_question_is_open_while_it_can_change_its_person(decision, outcome, expected):
    """An answer has to be worked off, unless it says that nobody is known; a further try counts
    where it comes in time."""
    assert expected == is_open(decision, outcome, UNTIL)


def test_nothing_waits_beyond_its_deadline():
    """A row that would come too late goes at once."""
    assert waits(UNTIL, None)
    assert waits(UNTIL, UNTIL + SECOND)
    assert not waits(UNTIL, UNTIL)
    assert not waits(None, None)
