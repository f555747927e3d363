"""What several dispatchers share through the ledger: rows, budget, breaker and turns."""

from __future__ import annotations

import threading
from datetime import timedelta

from reverse_etl.breaker import BreakerPolicy
from reverse_etl.ledger import Ledger
from reverse_etl.model import Call
from reverse_etl.quota import Budget
from reverse_etl.testing import NOON, contact, conversion

SECOND = timedelta(seconds=1)
BUDGET = Budget(10, 10 * SECOND, reserved_share=0.2)
POLICY = BreakerPolicy()


def put(ledger, *rows):
    ledger.enqueue(rows, destination=rows[0].destination, action=rows[0].action, now=NOON)


def take(ledger, *, hot=False, at=NOON):
    return ledger.take_request("hubspot", at, BUDGET, hot=hot).wait


def test_one_budget_for_all(ledger, ledger_url):
    """Requests of two processes count together; the share of hot rows stays free for them."""
    with Ledger.open(ledger_url) as other:
        assert 8 * [timedelta()] == [take(each) for each in (ledger, other) * 4]
        assert take(ledger) == take(other) == BUDGET.length
        assert not take(other, hot=True)
        assert not ledger.take_request("meta", NOON, BUDGET, hot=False).wait
    assert not take(ledger, at=NOON + BUDGET.length)


def test_a_request_counts_from_its_answer(ledger):
    """A slow request was counted by the vendor at some time until its answer: only then the
    window begins to run."""
    turns = [ledger.take_request("hubspot", NOON, BUDGET, hot=False) for _ in range(8)]
    for turn in turns:
        ledger.end_request("hubspot", turn, NOON + 3 * SECOND)
    assert 3 * SECOND == take(ledger, at=NOON + BUDGET.length)
    assert not take(ledger, at=NOON + BUDGET.length + 3 * SECOND)


def test_a_clock_set_back_does_not_block_for_as_long(ledger):
    """Requests that seem to lie far ahead do not count."""
    for _ in range(8):
        assert not take(ledger, at=NOON + timedelta(hours=5))
    assert not take(ledger)


def test_requests_are_not_kept_for_ever(ledger):
    """What left the window is forgotten with the next request."""
    for number in range(30):
        take(ledger, at=NOON + number * BUDGET.length)
    assert not ledger.request_wait("hubspot", NOON + 29 * BUDGET.length, BUDGET, hot=False)


def ill(ledger, at=NOON):
    call = Call("POST", "/", 500, 1.0, 1)
    ledger.settle(
        "hubspot", [], at, learn=lambda health: health.after([call] * 10, [], now=at, policy=POLICY)
    )


def test_one_probe_at_a_time(ledger, ledger_url):
    """Behind an open breaker one of several dispatchers probes, the others wait for it."""
    ill(ledger)
    later = NOON + POLICY.probe_after
    with Ledger.open(ledger_url) as other:
        assert other.health_of("hubspot").breaker.is_open
        assert not other.claim_probe("hubspot", NOON + SECOND, POLICY)
        assert ledger.claim_probe("hubspot", later, POLICY)
        assert not other.claim_probe("hubspot", later, POLICY)
        assert other.claim_probe("hubspot", later + POLICY.probe_after, POLICY)


def test_what_one_learns_holds_rows_of_all(ledger):
    """When a breaker opens queued rows are held in the same transaction, and queued when it
    closes."""
    put(ledger, contact(1))
    ill(ledger)
    assert ["held"] == [row.state for row in ledger.find()]
    fine = Call("POST", "/", 200, 1.0, 1)
    later = NOON + POLICY.probe_after
    health = ledger.settle(
        "hubspot", [], later, learn=lambda old: old.after([fine], [], now=later, policy=POLICY)
    )
    assert not health.breaker.is_open
    assert ["pending"] == [row.state for row in ledger.find()]


def test_two_never_lease_the_same_row(ledger, ledger_url):
    """Dispatchers that lease at the same time get different rows, each row once."""
    put(ledger, *(contact(number) for number in range(200)))
    got: list[int] = []
    begin = threading.Barrier(4)

    def work(number):
        with Ledger.open(ledger_url) as own:
            begin.wait(30)
            while rows := own.lease(
                "hubspot", token=f"t{number}", now=NOON, ttl=60 * SECOND,
                limits={"upsert_contact": 7},
            ):  # fmt: skip
                got.extend(row.id for row in rows)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert 200 == len(got) == len(set(got))


def test_destinations_do_not_wait_for_each_other_on_postgres(postgres_url):
    """A long transaction about one destination delays no other."""
    from reverse_etl.ledger.engine import open_engine, writing

    engine = open_engine(postgres_url)
    with Ledger.open(postgres_url) as ledger, writing(engine, "hubspot"):
        put(ledger, conversion(1))
        assert 1 == len(ledger.find(destination="meta"))
    engine.dispose()


def test_credits_are_one_budget_for_all(ledger, ledger_url):
    """Two processes spend from one purse, beside the requests; hot rows have their share, and what
    is left is given even where more is wanted."""
    with Ledger.open(ledger_url) as other:
        assert 6 == ledger.spend_credits("apollo", 6, NOON, BUDGET, hot=False).granted
        cold = other.spend_credits("apollo", 6, NOON + SECOND, BUDGET, hot=False)
        assert (2, BUDGET.length - SECOND) == (cold.granted, cold.wait)
        assert 2 == other.spend_credits("apollo", 5, NOON + SECOND, BUDGET, hot=True).granted
        assert not ledger.take_request("apollo", NOON, BUDGET, hot=False).wait
    assert 3 == ledger.spend_credits("apollo", 3, NOON + BUDGET.length, BUDGET, hot=False).granted


def test_credits_that_were_not_charged_come_back(ledger):
    """A returned credit can be spent again at once; the others stay spent."""
    spent = ledger.spend_credits("apollo", 8, NOON, BUDGET, hot=False)
    ledger.return_credits("apollo", spent.taken[-3:])
    again = ledger.spend_credits("apollo", 8, NOON, BUDGET, hot=False)
    assert (3, BUDGET.length) == (again.granted, again.wait)
