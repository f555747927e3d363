"""What the facts of a day say: findings, each with a code and what to do. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dbt_project import catalogue
from orchestration.review.facts import Activity, Facts
from orchestration.velocity import Journey
from reverse_etl.catalogue import CREDENTIAL_OLD, LEAD_VELOCITY, remedy

ACTIVITY_NONE: Final = "ACTIVITY_NONE"
AUTOMATION_STOPPED: Final = "AUTOMATION_STOPPED"
ALERTS_OFF: Final = "ALERTS_OFF"
ACCOUNTS_UNBALANCED: Final = "ACCOUNTS_UNBALANCED"
WATCHES_RUNS: Final = "alert_failed_runs"
IDLE: Final = timedelta(days=30)
DAEMON_SILENT: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that somebody should look at. `part`: of the review; `size`: how many cases."""

    part: str
    code: str
    what: str
    remedy: str
    size: int = 1


def review(facts: Facts, *, now: datetime) -> list[Finding]:
    """All findings, by part."""
    return [finding for part in PARTS for finding in part(facts, now)]


def zombies(facts: Facts, now: datetime) -> Iterator[Finding]:
    """What is switched on and has done nothing for 30 days; what is newer is left in peace."""
    for each in facts.activities:
        idle_since = each.last_at or each.since or facts.begun_at
        if idle_since is not None and now - idle_since > IDLE:
            yield _found("zombies", ACTIVITY_NONE, _idle(each, now - idle_since))


def automations(facts: Facts, now: datetime) -> Iterator[Finding]:
    """What would fail, or not even begin, without anybody being told."""
    part = "automations"
    for each in facts.automations:
        if not each.running:
            yield _found(part, AUTOMATION_STOPPED, f"The {each.kind} {each.name} is stopped.")
    if facts.daemon_seen_at is None or now - facts.daemon_seen_at > DAEMON_SILENT:
        seen = facts.daemon_seen_at
        since = f"since {seen:%Y-%m-%d %H:%M} UTC" if seen else "yet"
        what = f"Dagster's daemon has looked after no sensor {since}."
        yield _found(part, AUTOMATION_STOPPED, what)
    if not facts.alert_targets:
        yield _found(part, ALERTS_OFF, "No chat is set that would be told of failures.")
    if any(each.name == WATCHES_RUNS and not each.running for each in facts.automations):
        what = f"Failures of all jobs go untold while {WATCHES_RUNS} is stopped."
        yield _found(part, ALERTS_OFF, what)


def slow_leads(facts: Facts, now: datetime) -> Iterator[Finding]:
    """Hot leads of the day that took longer than the objective, by destination: how many, the
    worst, and in which step they lost most."""
    slow: dict[str, list[Journey]] = defaultdict(list)
    for each in facts.journeys:
        if each.track.hot and each.lasts(now) > facts.objective_seconds:
            slow[each.track.destination].append(each)
    for destination, journeys in sorted(slow.items()):
        yield Finding(
            "lead velocity",
            LEAD_VELOCITY,
            _slow(destination, journeys, facts.objective_seconds, now),
            remedy(LEAD_VELOCITY),
            len(journeys),
        )


def dead_letters(facts: Facts, _now: datetime) -> Iterator[Finding]:
    """What died that day, one finding for each repair: several codes may need the same."""
    repairs: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for group in facts.dead:
        repairs[remedy(group.code)][group.code, group.destination] += group.deliveries
    by_size = sorted(repairs.items(), key=lambda repair: (-repair[1].total(), repair[0]))
    for todo, counted in by_size:
        where = ", ".join(f"{n:,} {code} at {name}" for (code, name), n in counted.most_common())
        code = counted.most_common(1)[0][0][0]
        what = f"{counted.total():,} died: {where}."
        yield Finding("dead letters", code, what, todo, counted.total())


def secrets(facts: Facts, _now: datetime) -> Iterator[Finding]:
    """Secrets that have been in use for too long."""
    for each in facts.secrets:
        if each.age_days > facts.secret_max_days:
            what = f"The {each.kind} of {each.name} is {each.age_days} days old."
            yield _found("credentials", CREDENTIAL_OLD, what)


def accounts(facts: Facts, _now: datetime) -> Iterator[Finding]:
    """The accounting identities."""
    if facts.accounts is None:
        return
    told = (
        (facts.accounts.events_balanced, f"Events: {facts.accounts.events}."),
        (facts.accounts.deliveries_balanced, f"Deliveries: {facts.accounts.deliveries}."),
    )
    for balanced, what in told:
        if not balanced:
            yield _found("accounting", ACCOUNTS_UNBALANCED, what)


def unread(facts: Facts, _now: datetime) -> Iterator[Finding]:
    """What could not be looked at is no good news."""
    for code, what in facts.unread:
        yield _found("not looked at", code, what)


PARTS: Final[Sequence[Callable[[Facts, datetime], Iterator[Finding]]]] = (
    accounts,
    slow_leads,
    dead_letters,
    automations,
    secrets,
    zombies,
    unread,
)


def _found(part: str, code: str, what: str) -> Finding:
    return Finding(part, code, what, catalogue.entry(code).remedy)


def _idle(each: Activity, idle: timedelta) -> str:
    days = f"for {idle.days} days" if each.last_at else f"yet, in {idle.days} days"
    return f"The {each.thing} {each.name} has done nothing {days}."


def _slow(destination: str, journeys: Sequence[Journey], objective: float, now: datetime) -> str:
    worst = max(journeys, key=lambda each: each.lasts(now))
    several = "leads" if len(journeys) > 1 else "lead"
    return (
        f"{len(journeys):,} hot {several} took longer than {objective:g} s to {destination},"
        f" the worst {worst.lasts(now):,.1f} s; most was lost from {_costliest(journeys, now)}."
    )


def _costliest(journeys: Sequence[Journey], now: datetime) -> str:
    """The step that most of them lost most time in."""
    steps = Counter(_longest_step(each, now) for each in journeys)
    return steps.most_common(1)[0][0].replace("_", " ")


def _longest_step(each: Journey, now: datetime) -> str:
    """The step between receipt and answer; of one that waits, where it is."""
    steps = {k: v for k, v in each.steps().items() if k != "submitted_to_received"}
    if each.answered_at is None:
        begun, name = each.requested_at or each.recorded_at, "recorded_to_requested"
        if each.requested_at:
            name = "requested_to_answered"
        steps[name] = (now - begun).total_seconds()
    return max(steps, key=lambda name: steps[name], default="received_to_answered")
