"""Whether rows wait for what a vendor will say of their person, and how long. Pure.

A question to a vendor is open until its answer has been worked off. While it is, and at most until
a time that is fixed when it is asked, new rows of its person wait: what the vendor knows changes
what they say.
"""

from __future__ import annotations

from datetime import datetime

from reverse_etl import catalogue
from reverse_etl.health import Health
from reverse_etl.model import Outcome, State
from reverse_etl.retry import Decision


def may_answer(health: Health, until: datetime) -> bool:
    """Whether a destination in this health can answer before that time."""
    if health.breaker.is_open or health.stopped_code is not None:
        return False
    return health.paused_until is None or health.paused_until < until


def is_open(decision: Decision, outcome: Outcome | None, until: datetime) -> bool:
    """Whether a question that was settled so can still change its person before that time: the
    answer is there and has to be worked off, or it comes with the next try. That the vendor knows
    nobody changes nothing."""
    if decision.state is State.DELIVERED:
        return outcome is None or outcome.code != catalogue.NO_MATCH
    if decision.state not in (State.PENDING, State.UNKNOWN):
        return False
    return decision.due_at is None or decision.due_at < until


def waits(until: datetime | None, deadline: datetime | None) -> bool:
    """Whether a row waits that long: not where it would come too late."""
    return until is not None and (deadline is None or until < deadline)
