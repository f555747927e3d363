"""What counts as trouble, read from real stores."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingestion.event_log import NewEvent
from orchestration import connections
from orchestration.alerts import troubles
from orchestration.alerts.alert import news
from orchestration.settings import Settings
from reverse_etl.breaker import Breaker
from reverse_etl.connectors import HubSpotSettings, MetaSettings
from reverse_etl.ledger import Settlement
from reverse_etl.model import Kind, Outcome, State
from reverse_etl.retry import Decision
from reverse_etl.testing import contact

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def settings(tmp_path):
    meta = MetaSettings(token="t", dataset="1")
    return Settings(home=tmp_path, hubspot=HubSpotSettings(token="pat-1"), meta=meta)


@pytest.fixture
def ledger(settings):
    with connections.ledger(settings) as ledger:
        yield ledger


@pytest.fixture
def log(settings):
    with closing(connections.event_log(settings)) as log:
        yield log


def die(ledger, *numbers: int, code: str = "VALIDATION_ERROR", at: datetime = NOON) -> None:
    rows = [contact(number) for number in numbers]
    ledger.enqueue(rows, destination="hubspot", action="upsert_contact", now=at)
    taken = ledger.lease(
        "hubspot", token="t", now=at, ttl=DAY, limits={"upsert_contact": len(rows)}
    )
    outcome = Outcome(Kind.PERMANENT, code, "no")
    decision = Decision(State.DEAD, code)
    ledger.settle("hubspot", [Settlement(row, decision, outcome) for row in taken], at)


def answer(ledger, decision, outcome, at, *, most: int | None = None) -> None:
    taken = ledger.lease(
        "hubspot", token="t", now=at, ttl=DAY, limits={"upsert_contact": 9}, most=most
    )
    ledger.settle("hubspot", [Settlement(row, decision, outcome) for row in taken], at)


def arrive(log, source: str, *moments: datetime) -> None:
    log.append(
        [
            NewEvent(source, f"{source}-{at.isoformat()}", "webhook", at, b"{}", {}, "c")
            for at in moments
        ]
    )


def test_dead_letters_are_one_problem_for_each_destination_and_code(settings, ledger):
    """It grows with their number, says how to repair, and names nobody."""
    die(ledger, 1, 2)
    (alert,) = troubles.dead_letters(settings, NOON)
    assert ("dead:hubspot:VALIDATION_ERROR", 2) == (alert.key, alert.size)
    assert alert.remedy
    assert "person-1" not in repr(alert)
    assert "lead1@example.com" not in repr(alert)
    (letter, *_) = ledger.dead_letters.list()
    ledger.dead_letters.replay([letter.id], who="ada", now=NOON)
    assert 1 == troubles.dead_letters(settings, NOON)[0].size


def test_an_open_breaker_and_a_stop_are_two_problems(settings, ledger):
    """Both are told with their codes, and are gone when the destination answers."""
    troubled = Breaker(opened_at=NOON)
    ledger.settle(
        "hubspot", [], NOON,
        lambda health: replace(
            health, breaker=troubled, stopped_code="AUTHENTICATION_FAILED", stopped_at=NOON
        ),
    )  # fmt: skip
    found = troubles.breakers(settings, NOON)
    assert ["BREAKER_OPEN", "AUTHENTICATION_FAILED"] == [alert.code for alert in found]
    ledger.settle(
        "hubspot", [], NOON,
        lambda health: replace(health, breaker=Breaker(), stopped_code=None, stopped_at=None),
    )  # fmt: skip
    assert [] == troubles.breakers(settings, NOON)


def test_a_limit_that_lasts_is_told_once_and_when_it_is_over(settings, ledger):
    """A 429 now and then is nothing; a destination that takes nothing for a quarter of an hour is
    one problem, whoever waits there, until it takes a row."""
    rows = [contact(number, priority=5) for number in (1, 2)]
    ledger.enqueue(rows, destination="hubspot", action="upsert_contact", now=NOON)
    limited = Outcome(Kind.RETRYABLE, "RATE_LIMITED", status=429)
    told = {}
    for minutes in (1, 14, 16, 30):
        now = NOON + minutes * MINUTE
        answer(ledger, Decision(State.PENDING, "RATE_LIMITED", now), limited, now)
        fresh = news(troubles.breakers(settings, now), told, now=now)
        told = fresh.memory
        assert (["RATE_LIMITED"] if minutes == 16 else []) == [each.code for each in fresh.begun]
    assert fresh.memory["stalled:hubspot"].what.startswith("hubspot has taken nothing for 15 min")
    now += MINUTE
    answer(ledger, Decision(State.DELIVERED, "DELIVERED"), Outcome(Kind.DELIVERED, ""), now, most=1)
    over = news(troubles.breakers(settings, now), told, now=now)
    assert ([], 1) == (over.begun, len(over.ended))


def test_a_credential_is_told_two_weeks_before_it_is_too_old(settings):
    """Nothing at 75 days, a warning at 76, an alarm after 90; a place that gives none at once."""
    assert [] == troubles.old_credentials(settings, NOON)
    assert [] == troubles.old_credentials(settings, NOON + 75 * DAY)
    due = troubles.old_credentials(settings, NOON + 76 * DAY)
    assert ["CREDENTIAL_DUE"] * 2 == [alert.code for alert in due]
    old = troubles.old_credentials(settings, NOON + 91 * DAY)
    assert ["CREDENTIAL_OLD"] * 2 == [alert.code for alert in old]
    assert not {alert.key for alert in due} & {alert.key for alert in old}
    bare = settings.model_copy(update={"hubspot": HubSpotSettings()})
    assert "CREDENTIAL_MISSING" in [alert.code for alert in troubles.old_credentials(bare, NOON)]


def test_a_source_is_silent_by_its_own_rhythm(settings, log):
    """An hour without events is long for one that sends each minute, not for one that sends daily;
    one that has sent little has no rhythm yet."""
    arrive(log, "typeform", *(NOON - n * MINUTE for n in reversed(range(30))))
    arrive(log, "stripe", *(NOON - n * DAY for n in reversed(range(30))))
    arrive(log, "calendly", NOON)
    assert [] == troubles.silent_sources(settings, NOON + 4 * MINUTE)
    (alert,) = troubles.silent_sources(settings, NOON + 60 * MINUTE)
    assert ("silent:typeform", "SOURCE_SILENT") == (alert.key, alert.code)
    assert alert == troubles.silent_sources(settings, NOON + 90 * MINUTE)[0]  # told once


def test_a_source_that_never_sent_is_told_after_three_days(settings, log, monkeypatch):
    """Counted from when it was first seen configured, by webhook and by pull alone; what sends, and
    what has just been switched on, is left in peace."""
    monkeypatch.setenv("MILLRACE_WEBHOOK_SECRET_TYPEFORM", "s")
    monkeypatch.setenv("MILLRACE_WEBHOOK_SECRET_STRIPE", "s")
    pulling = settings.model_copy(update={"pulls": ("stripe",)})
    assert [] == troubles.silent_sources(pulling, NOON)
    arrive(log, "stripe", NOON + DAY)
    monkeypatch.setenv("MILLRACE_WEBHOOK_SECRET_CALENDLY", "s")
    assert [] == troubles.silent_sources(pulling, NOON + 3 * DAY)

    told = troubles.silent_sources(pulling, NOON + 3 * DAY + MINUTE)

    assert ["never:stripe (pull)", "never:typeform"] == [alert.key for alert in told]
    assert {"SOURCE_NEVER_SENT"} == {alert.code for alert in told}
    assert "seen first on 2026-03-02 12:00 UTC" in told[0].what
    assert told == troubles.silent_sources(pulling, NOON + 3 * DAY + 2 * MINUTE)  # told once
    arrive(log, "typeform", NOON + 4 * DAY)
    assert ["never:stripe (pull)"] == [
        alert.key for alert in troubles.silent_sources(pulling, NOON + 4 * DAY)
    ]


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("event_log.sqlite", "LOG_UNAVAILABLE"),
        ("ledger.sqlite", "LEDGER_UNAVAILABLE"),
        ("published/publication.json", "WAREHOUSE_CORRUPT"),
    ],
)
def test_a_store_that_cannot_be_used_is_told(settings, file, code):
    """Each by its own code; before anything was published nothing is wrong."""
    assert [] == troubles.stores(settings, NOON)
    broken = settings.home / file
    broken.parent.mkdir(exist_ok=True)
    broken.write_bytes(b"this is no database, and long enough to be read as one " * 40)
    assert [code] == [alert.code for alert in troubles.stores(settings, NOON)]
