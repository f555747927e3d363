"""When to try again. Pure: the time and the random source are passed in."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from reverse_etl import catalogue
from reverse_etl.model import Kind, Outcome, State

_RETRYABLE_STATUS: Final = frozenset({408, 423, 425, 429, 477})
_AUTHENTICATION_STATUS: Final = frozenset({401, 403, 407})
_REDIRECT: Final = frozenset({301, 302, 303, 307, 308})  # to where no credentials were meant to go
_NOT_THERE: Final = frozenset({catalogue.WENT_MISSING, catalogue.POSSIBLE_REPEAT})
_AT_ONCE: Final = frozenset({catalogue.POSSIBLE_REPEAT, catalogue.CONSENT_CHANGED})
_NOT_ASKED: Final = frozenset({Kind.AUTHENTICATION, Kind.UNREACHABLE})
_NO_METHOD: Final = 405
_NOT_FOUND: Final = 404
_LOCKED: Final = 423
_LOCKED_WAIT: Final = timedelta(seconds=2)
_LONGEST_WAIT: Final = 86_400.0  # seconds: nobody means to wait longer


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """1, 2, 4 … `longest`, plus jitter. The limit lies above the breaker's minimum of requests,
    so that an outage holds a lone row instead of burying it."""

    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(seconds=60)
    jitter: timedelta = timedelta(milliseconds=500)
    limit: int = 12

    def delay(self, attempt: int, rng: random.Random) -> timedelta:
        """How long to wait after the `attempt`-th try (1 is the first)."""
        exponent = min(max(attempt, 1) - 1, 30)
        return min(self.first * (1 << exponent), self.longest) + self.jitter * rng.random()


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a delivery now. `due_at` is set when it stays queued."""

    state: State
    code: str
    due_at: datetime | None = None
    counts: bool = True


def kind_of(status: int) -> Kind:
    """What an HTTP status means for one item."""
    if 200 <= status < 300:
        return Kind.DELIVERED
    if status in _AUTHENTICATION_STATUS or status in _REDIRECT or status == _NO_METHOD:
        return Kind.AUTHENTICATION
    if status >= 500 or status in _RETRYABLE_STATUS:
        return Kind.RETRYABLE
    return Kind.PERMANENT


def classify(status: int, *, message: str = "", retry_after: timedelta | None = None) -> Outcome:
    """The outcome of an answer with this status, when the vendor said nothing finer."""
    kind = kind_of(status)
    if status == _LOCKED:
        retry_after = max(retry_after or _LOCKED_WAIT, _LOCKED_WAIT)
    return Outcome(kind, _code_of(kind, status), message, status, retry_after)


def classify_place(
    status: int, *, message: str = "", retry_after: timedelta | None = None
) -> Outcome:
    """The same of a request whose address names no row: there, 404 is about the address."""
    if status == _NOT_FOUND:
        return wrong_address(status, message)
    return classify(status, message=message, retry_after=retry_after)


def wrong_address(status: int, message: str = "") -> Outcome:
    """What answers has no such place: no row is to blame, and none is given up."""
    return Outcome(Kind.AUTHENTICATION, catalogue.ENDPOINT_WRONG, message, status)


def _code_of(kind: Kind, status: int) -> str:
    if kind is Kind.AUTHENTICATION:
        if status == _NO_METHOD:
            return catalogue.ENDPOINT_WRONG
        moved = status in _REDIRECT
        return catalogue.ENDPOINT_MOVED if moved else catalogue.AUTHENTICATION_FAILED
    if kind is Kind.RETRYABLE:
        return catalogue.RATE_LIMITED if status == 429 else catalogue.DESTINATION_ERROR
    return catalogue.REFUSED


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """`Retry-After` as seconds or as an HTTP date; None when absent or unreadable."""
    if not value:
        return None
    if value.strip().replace(".", "", 1).isdecimal():
        return timedelta(seconds=min(float(value), _LONGEST_WAIT))
    try:
        wait = parsedate_to_datetime(value) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta()), timedelta(seconds=_LONGEST_WAIT))


def decide(
    outcome: Outcome,
    *,
    attempts: int,
    now: datetime,
    deadline: datetime | None,
    policy: RetryPolicy,
    rng: random.Random,
    free: bool = False,
    read_back: bool = False,
) -> Decision:
    """What becomes of a delivery after its `attempts`-th try ended in `outcome`.

    `free`: it costs no attempt. So it is with a probe while the breaker is open, because an outage
    must not bury the row that happens to be the first in the queue, and with reading back.
    `read_back`: the try only asked what became of the row; where it could not even be asked, the
    row stays unknown and is not sent again.
    """
    if read_back and outcome.kind in _NOT_ASKED:
        return Decision(State.UNKNOWN, outcome.code, now + policy.delay(1, rng), counts=False)
    if read_back and outcome.kind is Kind.RETRYABLE and outcome.code not in _NOT_THERE:
        outcome = replace(outcome, kind=Kind.UNKNOWN)  # the vendor in trouble said nothing of it
    match outcome.kind:
        case Kind.DELIVERED:
            return Decision(State.DELIVERED, outcome.code)
        case Kind.PERMANENT | Kind.REFUSED:
            return Decision(State.DEAD, outcome.code)
        case Kind.AUTHENTICATION:
            return Decision(State.PENDING, outcome.code, now, counts=False)
        case Kind.UNREACHABLE:
            due = now + policy.delay(1, rng)
            return _until(Decision(State.PENDING, outcome.code, due, counts=False), deadline)
        case Kind.RETRYABLE | Kind.UNKNOWN:
            limited = outcome.code == catalogue.RATE_LIMITED  # the account is, whichever the row
            counts = outcome.costs_attempt and not free and not limited
            return _again(outcome, attempts, now, deadline, policy, rng, counts=counts)


def _again(
    outcome: Outcome,
    attempts: int,
    now: datetime,
    deadline: datetime | None,
    policy: RetryPolicy,
    rng: random.Random,
    *,
    counts: bool,
) -> Decision:
    unknown = outcome.kind is Kind.UNKNOWN
    if counts and attempts >= policy.limit:
        code = catalogue.UNKNOWN_OUTCOME if unknown else outcome.code
        return Decision(State.DEAD, code)
    wait = outcome.retry_after
    if not wait and outcome.code not in _AT_ONCE:  # no pause at all is no answer
        wait = None
    due = now + (policy.delay(attempts, rng) if wait is None else wait)
    if unknown:  # reading back is allowed after the deadline: it sends nothing
        return Decision(State.UNKNOWN, outcome.code, due, counts)
    return _until(Decision(State.PENDING, outcome.code, due, counts), deadline)


def _until(decision: Decision, deadline: datetime | None) -> Decision:
    if deadline is not None and decision.due_at is not None and decision.due_at >= deadline:
        return Decision(State.DEAD, catalogue.EXPIRED, counts=decision.counts)
    return decision
