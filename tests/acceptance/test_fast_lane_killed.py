"""The fast lane killed with kill -9 at each of its steps: what it tells the ledger stays what one
batch would tell it, and every effect happens once."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from acceptance_play import play, stage
from harness import Installation, sandbox_state
from lane_until_killed import POINTS

from ingestion.event_log import EventLog, NewEvent
from ingestion.sandbox.personas import consenting_customer, hot_lead, late_event
from ingestion.sandbox.webhooks import standard_body, typeform_answers, typeform_body
from orchestration.bench.latency_traffic import leads

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("lane_until_killed.py")
ROUNDS = 50
LEAST = 5  # times that each step has to be hit
ROUND_SECONDS = 60

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Standby:
    """A lane that is ready, and works as soon as it is told to."""

    process: subprocess.Popen[str]

    def works(self) -> int:
        """Let it; how it ended."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        self.process.communicate("go\n", timeout=ROUND_SECONDS)
        return self.process.returncode


@contextmanager
def lanes(installation: Installation, points: Sequence[str]) -> Iterator[Iterator[Standby]]:
    """A process for each point in turn, the next one made ready while one works."""
    made: list[subprocess.Popen[str]] = []

    def start(*point: str) -> Standby:
        with (installation.home / "lane.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, str(SCRIPT), *point],
                env=installation.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        made.append(process)
        return Standby(process)

    def each() -> Iterator[Standby]:
        waiting = start(points[0])
        for point in points[1:]:
            ready, waiting = waiting, start(point)
            yield ready
        last = start()
        yield waiting
        yield last

    try:
        yield each()
    finally:
        for process in made:
            process.kill()
            process.communicate()


def history(now: datetime, rng: random.Random) -> list[list[NewEvent]]:
    """What comes in each round: somebody who qualifies, and of others whatever their story holds,
    early or late, some of it twice or known since long."""
    rounds: list[list[NewEvent]] = [[] for _ in range(ROUNDS)]
    for number, lead in enumerate(leads(ROUNDS, now)):
        body = orjson.loads(lead.webhook.body)
        rounds[number].append(event("typeform", lead.key, body, now))
        for beside in story(number, lead.email, now):
            rng.choice(rounds).append(beside)
    known: list[NewEvent] = []
    for new in rounds:
        again = rng.sample(known, min(3, len(known))) + rng.sample(new, (len(new) + 1) // 2)
        known += new
        new += again
        rng.shuffle(new)
    return rounds


def story(number: int, email: str, now: datetime) -> Iterator[NewEvent]:
    """What a lead does beside the form: pages seen before it, a payment, a second address that
    makes two people one, a change of mind."""

    def said(kind: str, at: datetime, **data: Any) -> NewEvent:
        return event("standard", f"{kind}-{number}", standard_body(kind, at, data), now)

    page = "https://example.com/pricing"
    yield said("page_view", now - 2 * DAY, email=email, utm_source="linkedin", page_url=page)
    yield said("email_click", now - 3 * HOUR, email=email)
    if number % 3 == 0:
        yield said("payment_succeeded", now - 2 * HOUR, email=email, amount=90, currency="EUR")
    if number % 4 == 0:
        other = f"private{number}@example.net"
        answers = typeform_answers(
            email=other,
            phone=f"+49 30 9{number:07d}",
            first_name="Ada",
            last_name=f"Newcomer{number}",
        )
        again = typeform_body(answers, now - HOUR, event_id=f"again-{number}")
        yield event("typeform", f"again-{number}", again, now)
    if number % 5 == 0:
        withdrawn = {"purpose": "advertising", "status": "withdrawn"}
        yield said("consent_changed", now - HOUR, email=email, **withdrawn)


def event(source: str, key: str, body: Mapping[str, Any], now: datetime) -> NewEvent:
    return NewEvent(source, key, "webhook", now, orjson.dumps(body), {}, f"{source}:{key}")


def deliveries(installation: Installation) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(installation.home / "ledger.sqlite")) as ledger:
        ledger.row_factory = sqlite3.Row
        return ledger.execute("select * from deliveries").fetchall()


def twice(rows: Sequence[sqlite3.Row]) -> list[tuple[str, ...]]:
    """Effects that are wanted more than once: things that happen, and states that no newer one
    has replaced."""
    wanted = Counter(
        (row["destination"], row["action"], row["entity_key"])
        for row in rows
        if row["mode"] == "event" or row["state"] not in ("superseded", "cancelled")
    )
    return [effect for effect, times in wanted.items() if times > 1]


@pytest.mark.timeout(1800)  # a machine that others use too may take thrice as long
def test_killed_at_every_step(installation: Installation) -> None:
    """Fifty rounds of events out of order and some twice, in each of which the lane dies at a step
    and another takes over: a batch over the same log wants nothing else, and nothing goes out
    twice."""
    sandbox = installation.start_sandbox()
    service = installation.start_service()
    now = stage(service)
    play(service, [tell(now) for tell in (hot_lead, consenting_customer, late_event)])
    installation.json("run")  # what the models are is published
    before = {row["id"] for row in deliveries(installation)}
    rounds = history(now.now, random.Random(29))  # noqa: S311  # reproducible, no secret
    points = [list(POINTS)[number % len(POINTS)] for number in range(ROUNDS)]
    ended: Counter[tuple[str, int]] = Counter()
    with (
        lanes(installation, points) as each,
        closing(EventLog.open(f"sqlite:///{installation.home}/event_log.sqlite")) as log,
    ):
        for point, new in zip(points, rounds, strict=True):
            log.append(new)
            ended[point, next(each).works()] += 1
        assert next(each).works() == 0  # the last one, which nobody kills
    rows = [row for row in deliveries(installation) if row["id"] not in before]
    batch = installation.json("run")

    assert {point for point, code in ended if code == -9} == set(POINTS)
    assert min(ended[point, -9] for point in POINTS) >= LEAST, ended
    assert {0, -9} >= {code for _, code in ended}
    assert len({row["person_id"] for row in rows}) >= ROUNDS
    assert {"event", "state"} == {row["mode"] for row in rows}
    assert [] == twice(rows)
    assert not [
        (effect, counts)
        for effect, counts in batch["enqueued"].items()
        if counts["inserted"] or counts["superseded"] or counts["cancelled"]
    ]
    objects = sandbox_state(sandbox, "hubspot")["objects"]
    emails = [contact["properties"]["email"] for contact in objects["contacts"]]
    assert len(emails) == len(set(emails)) >= ROUNDS
    tasks = [task["properties"]["millrace_key"] for task in objects["tasks"]]
    assert len(tasks) == len(set(tasks)) >= ROUNDS
    assert batch["accounting"]["deliveries_balanced"]
    assert batch["accounting"]["possible_repeats"] == 0
