"""Retry, breaker, quota, consent and redaction: pure policy."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reverse_etl import consent
from reverse_etl.breaker import Breaker, BreakerPolicy, Permit
from reverse_etl.health import Health
from reverse_etl.model import Kind, Outcome, State
from reverse_etl.quota import Budget
from reverse_etl.redact import redact
from reverse_etl.retry import RetryPolicy, classify, decide, kind_of, parse_retry_after
from reverse_etl.testing import NOON, seeded

SECOND = timedelta(seconds=1)


def _decide(outcome, attempts=1, deadline=None, **extra):
    return decide(
        outcome,
        attempts=attempts,
        now=NOON,
        deadline=deadline,
        policy=RetryPolicy(),
        rng=seeded(1),
        **extra,
    )


RETRYABLE = Outcome(Kind.RETRYABLE, "DESTINATION_ERROR")


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        ((200, 201, 204, 207), Kind.DELIVERED),
        ((408, 423, 429, 477, 500, 502, 503, 504), Kind.RETRYABLE),
        ((400, 404, 409, 410, 422), Kind.PERMANENT),
        ((401, 403, 407, 301, 302, 303, 307, 308), Kind.AUTHENTICATION),
    ],
)
def test_each_status_has_its_class(statuses, kind):
    """The classification table decides what an HTTP status means."""
    assert {kind} == {kind_of(status) for status in statuses}


@pytest.mark.parametrize("kind", [Kind.AUTHENTICATION, Kind.UNREACHABLE])
def test_what_could_not_be_asked_stays_unknown(kind):
    """Reading back that does not get through costs no attempt and permits no repeat."""
    decision = _decide(Outcome(kind, "CODE"), deadline=NOON, read_back=True)
    assert (State.UNKNOWN, False) == (decision.state, decision.counts)


def test_delays_double_up_to_a_minute_plus_jitter():
    """The wait is 1, 2, 4 … at most 60 seconds, plus up to half a second of jitter."""
    policy, rng = RetryPolicy(), seeded(7)
    for attempt, base in enumerate([1, 2, 4, 8, 16, 32, 60, 60], start=1):
        waits = [policy.delay(attempt, rng).total_seconds() for _ in range(50)]
        assert base <= min(waits)
        assert max(waits) <= base + 0.5


def test_retry_after_wins():
    """What the vendor asks for replaces our own delay, also when it is shorter."""
    outcome = Outcome(Kind.RETRYABLE, "RATE_LIMITED", retry_after=timedelta(seconds=90))
    assert NOON + timedelta(seconds=90) == _decide(outcome, attempts=5).due_at


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("1.5", 1.5),
        ("Mon, 02 Mar 2026 12:00:30 GMT", 30),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0),
        ("9" * 400, 86_400),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ("Fri, 31 Dec 9999 23:59:59 -1200", 86_400),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    """Both forms of the header are read, a date in the past means now, and a day is the longest."""
    assert timedelta(seconds=seconds) == parse_retry_after(value, NOON)


def test_a_vendor_that_asks_for_no_pause_is_left_alone_as_ever():
    """`Retry-After: 0` does not use up the tries at once; what goes out anew is not delayed."""
    eager = Outcome(Kind.RETRYABLE, "DESTINATION_ERROR", retry_after=timedelta())
    assert NOON + 4 * SECOND <= _decide(eager, attempts=3).due_at
    anew = Outcome(Kind.RETRYABLE, "POSSIBLE_REPEAT", retry_after=timedelta())
    assert NOON == _decide(anew, attempts=3).due_at


def test_a_spent_request_limit_buries_no_row():
    """A 429 is about the account: however long a daily limit lasts, no row is given up for it."""
    decision = _decide(classify(429), attempts=RetryPolicy().limit + 5)
    assert (State.PENDING, False) == (decision.state, decision.counts)


@pytest.mark.parametrize("value", [None, "", "soon", "-3", "nan"])
def test_unreadable_retry_after_is_ignored(value):
    """A header nobody can read counts as absent."""
    assert parse_retry_after(value, NOON) is None


@pytest.mark.parametrize(
    ("kind", "code", "state"),
    [
        (Kind.RETRYABLE, "WENT_MISSING", State.PENDING),
        (Kind.RETRYABLE, "POSSIBLE_REPEAT", State.PENDING),
        (Kind.RETRYABLE, "DESTINATION_ERROR", State.UNKNOWN),
        (Kind.RETRYABLE, "RATE_LIMITED", State.UNKNOWN),
        (Kind.AUTHENTICATION, "AUTHENTICATION_FAILED", State.UNKNOWN),
        (Kind.UNREACHABLE, "DESTINATION_UNREACHABLE", State.UNKNOWN),
        (Kind.DELIVERED, "DELIVERED", State.DELIVERED),
    ],
)
def test_what_could_not_be_read_back_is_not_sent_again(kind, code, state):
    """Only the vendor's word that it is not there lets a row go out once more (law 6)."""
    assert state is _decide(Outcome(kind, code), read_back=True).state


def test_locked_waits_at_least_two_seconds():
    """A 423 is not tried again within two seconds."""
    assert timedelta(seconds=2) == classify(423).retry_after


def test_what_no_row_is_to_blame_for_costs_no_try():
    """A row that waits for credits is never given up for it."""
    outcome = Outcome(Kind.RETRYABLE, "CREDITS_USED_UP", costs_attempt=False)
    decision = _decide(outcome, attempts=RetryPolicy().limit + 5)
    assert (State.PENDING, False) == (decision.state, decision.counts)


def test_attempt_limit_ends_in_the_dead_letters():
    """The last allowed try that fails makes a dead letter, with the failure's own code."""
    decision = _decide(RETRYABLE, attempts=RetryPolicy().limit)
    assert (decision.state, decision.code) == (State.DEAD, "DESTINATION_ERROR")


def test_a_retry_beyond_the_deadline_is_expired():
    """When the next try would come too late, the row is dead as EXPIRED at once."""
    decision = _decide(RETRYABLE, deadline=NOON + timedelta(milliseconds=500))
    assert (decision.state, decision.code) == (State.DEAD, "EXPIRED")


def test_unreachable_costs_no_attempt():
    """An outage in which nothing was sent never buries a row."""
    decision = _decide(Outcome(Kind.UNREACHABLE, "DESTINATION_UNREACHABLE"), attempts=99)
    assert (decision.state, decision.counts) == (State.PENDING, False)


def test_probe_costs_no_attempt():
    """A row that probes an ill destination stays queued however often it fails."""
    decision = _decide(RETRYABLE, attempts=99, free=True)
    assert (decision.state, decision.counts) == (State.PENDING, False)


def test_authentication_keeps_the_row_queued():
    """Refused credentials are not the row's fault."""
    outcome = Outcome(Kind.AUTHENTICATION, "AUTHENTICATION_FAILED")
    assert (_decide(outcome).state, _decide(outcome).counts) == (State.PENDING, False)


def test_unknown_is_read_back_even_after_the_deadline():
    """Reading back sends nothing, so a deadline does not forbid it."""
    decision = _decide(Outcome(Kind.UNKNOWN, "NO_ANSWER"), deadline=NOON)
    assert State.UNKNOWN is decision.state


def test_permanent_is_dead_at_once():
    """A permanent error is not tried again."""
    assert State.DEAD is _decide(Outcome(Kind.PERMANENT, "VALIDATION_ERROR")).state


def _recorded(results, breaker=None, start=NOON, step=SECOND):
    breaker = breaker or Breaker()
    for number, ok in enumerate(results):
        breaker = breaker.record(start + step * number, ok=ok, policy=BreakerPolicy())
    return breaker


def test_breaker_needs_ten_requests():
    """Nine failures in a row do not open the breaker, the tenth does."""
    assert not _recorded([False] * 9).is_open
    assert _recorded([False] * 10).is_open


def test_breaker_needs_more_than_half():
    """Exactly 50 % errors keep it closed; one more opens it."""
    half = _recorded([True, False] * 10)
    assert not half.is_open
    assert _recorded([False], half, NOON + 20 * SECOND).is_open


def test_breaker_forgets_after_five_minutes():
    """Errors older than the window do not count."""
    old = _recorded([False] * 9)
    assert not _recorded([False], old, NOON + timedelta(minutes=6)).is_open


def test_open_breaker_lets_one_probe_through_and_closes_on_success():
    """While it is open it refuses, then probes; a failed probe postpones, a good one closes."""
    opened = _recorded([False] * 10)
    at = opened.probe_at
    assert Permit.REFUSED is opened.permit(at - SECOND)
    assert Permit.PROBE is opened.permit(at)
    failed = opened.record(at, ok=False, policy=BreakerPolicy())
    assert Permit.REFUSED is failed.permit(at + SECOND)
    closed = failed.record(at + timedelta(seconds=10), ok=True, policy=BreakerPolicy())
    assert Permit.OPEN_ROAD is closed.permit(at)


def test_quota_never_exceeds_its_window():
    """In any window of ten seconds at most the budget goes out, and it is used up to 95 %."""
    budget = Budget(100, timedelta(seconds=10))
    now, sent = NOON, []
    while now < NOON + timedelta(seconds=60):
        taken = [at for at in sent if at > now - budget.length]
        wait = budget.wait(taken, now, hot=True)
        if wait:
            now += wait
            continue
        sent.append(now)
        now += timedelta(milliseconds=5)
    window = timedelta(seconds=10)
    assert max(sum(at <= other < at + window for other in sent) for at in sent) <= 100
    assert len(sent) >= 0.95 * 600


@pytest.mark.parametrize(("requests", "windows"), [(0, 0), (8, 0), (9, 1), (16, 1), (17, 2)])
def test_quota_says_how_long_a_backlog_lasts(requests, windows):
    """A budget's worth goes at once, the next one after its window; the hot share stays free."""
    budget = Budget(10, timedelta(seconds=10), reserved_share=0.2)
    assert windows * budget.length == budget.lasts(requests)


def test_quota_reserves_a_share_for_hot_rows():
    """Cold rows stop before the budget is used up; hot rows may use the rest."""
    budget = Budget(10, timedelta(seconds=10), reserved_share=0.2)
    assert not budget.wait([NOON] * 7, NOON, hot=False)
    assert budget.wait([NOON] * 8, NOON, hot=False)
    assert not budget.wait([NOON] * 8, NOON, hot=True)
    assert budget.wait([NOON] * 10, NOON, hot=True)


def test_the_longest_pause_holds():
    """A shorter wait asked for later does not end a longer one; it ends by itself."""
    rules = {"now": NOON, "policy": BreakerPolicy()}
    paused = Health().after([], [], pause=10 * SECOND, **rules)
    again = paused.after([], [], pause=SECOND, **rules)
    assert 10 * SECOND == again.pause_left(NOON)
    assert not again.pause_left(NOON + 10 * SECOND)


@pytest.mark.parametrize(
    ("recorded", "current", "code"),
    [
        ("granted", None, None),
        ("granted", "withdrawn", "CONSENT_WITHDRAWN"),
        ("granted", "missing", "CONSENT_MISSING"),
        ("missing", None, "CONSENT_MISSING"),
        ("withdrawn", "granted", None),
        ("granted", "garbled", "CONSENT_MISSING"),
    ],
)
def test_current_consent_beats_the_recorded_one(recorded, current, code):
    """What is known at send time decides; what cannot be read permits nothing."""
    assert code == consent.refusal(recorded, current)


@pytest.mark.parametrize(
    "secret",
    [
        "ada@example.com",
        "+44 20 7946 0958",
        "a" * 64,
        "Bearer pat-na1-11aa",
        "access_token=EAAB",
    ],
)
def test_redaction_hides_personal_data(secret):
    """Addresses, numbers, hashes and tokens do not survive redaction."""
    assert secret.removeprefix("Bearer ").removeprefix("access_token=") not in redact(
        f"Invalid value {secret} given"
    )
