"""The facts of a review, from event log, ledger, published copy and Dagster's own storage. A part
that cannot be looked at is told as such; the others go on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from ingestion.api.keys import ApiKey, KeyStore
from ingestion.event_log import EventLog
from orchestration import (
    connections,
    credentials,
    destinations,
    lead_velocity,
    status,
    warehouse,
)
from orchestration.review.facts import Accounts, Activity, Automation, Facts, Secret
from orchestration.settings import Settings, webhook_secrets
from orchestration.velocity import Journey
from reverse_etl.ledger import DeadGroup

DAY: Final = timedelta(days=1)
_RULES: Final = Path(__file__).with_name("rules.sql")
_T = TypeVar("_T")


class Gathering:
    """Looks at one part after the other and notes which could not be read."""

    def __init__(self) -> None:
        self.unread: list[tuple[str, str]] = []

    def look(self, part: str, read: Callable[[], _T], otherwise: _T) -> _T:
        """What was read, or `otherwise` where the store is unusable."""
        try:
            return read()
        except Exception as error:
            if not hasattr(error, "code") or not hasattr(error, "remedy"):
                raise
            self.unread.append((error.code, f"{part}: {error}"))
            return otherwise


def gather(
    settings: Settings,
    *,
    automations: Sequence[Automation],
    sensors: Sequence[Activity],
    daemon_seen_at: datetime | None,
    alert_targets: Sequence[str],
    now: datetime,
) -> Facts:
    """Everything that a review looks at; what Dagster knows is passed in."""
    part = Gathering()
    nothing: Sequence[Activity] = ()
    return Facts(
        begun_at=part.look("Event log", lambda: _begun_at(settings), None),
        activities=[
            *part.look("Sources", lambda: _sources(settings), nothing),
            *part.look("Destinations", lambda: _destinations(settings), nothing),
            *part.look("API keys", lambda: _keys(settings, now), nothing),
            *part.look("Rules", lambda: _rules(settings), nothing),
            *sensors,
        ],
        automations=automations,
        daemon_seen_at=daemon_seen_at,
        alert_targets=alert_targets,
        objective_seconds=settings.lead_velocity_objective_seconds,
        journeys=part.look("Lead velocity", lambda: _journeys(settings, now), ()),
        dead=part.look("Dead letters", lambda: _dead(settings, now), ()),
        secrets=part.look("Credentials", lambda: _secrets(settings, now), ()),
        secret_max_days=settings.credential_max_days,
        accounts=part.look("Accounting", lambda: _accounts(settings), None),
        unread=part.unread,
    )


def _begun_at(settings: Settings) -> datetime | None:
    with closing(connections.event_log(settings)) as log:
        first = log.read(limit=1)
    return first[0].received_at.astimezone(UTC) if first else None


def _sources(settings: Settings) -> Sequence[Activity]:
    """Those with a signing secret, and those that have sent something."""
    with closing(connections.event_log(settings)) as log:
        known = {key.source for key in log.counters() if key.name == "received"}
        names = sorted(known | webhook_secrets().keys())
        return [Activity("source", name, _last(log, name)) for name in names]


def _last(log: EventLog, source: str) -> datetime | None:
    return next(iter(log.received_at(source, "webhook", most=1)), None)


def _destinations(settings: Settings) -> Sequence[Activity]:
    with closing(connections.ledger(settings)) as ledger:
        last = ledger.ways.last_delivered()
    return [
        Activity("destination", each.name, last.get(each.name))
        for each in destinations.chosen(settings.destinations)
    ]


def _keys(settings: Settings, now: datetime) -> Sequence[Activity]:
    with closing(KeyStore.open(settings.log_url)) as keys:
        usable = [key for key in keys.list() if key.usable(now)]
        requests = keys.last_requests()
    with closing(connections.event_log(settings)) as log:
        sources = sorted({key.source for key in log.counters() if key.name == "received"})
        last = {source: at for source in sources if (at := _last(log, source))}
    return [
        Activity("API key", f"{key.name} ({key.id})", _used(key, requests, last), key.created_at)
        for key in usable
    ]


def _used(key: ApiKey, requests: dict[str, datetime], last: dict[str, datetime]) -> datetime | None:
    """Its last noted request, or the last event of a source that it may write for: whichever is
    later, as a request without idempotency key leaves no other trace."""
    sources = key.sources("write")
    written = [at for source, at in last.items() if source in sources or "*" in sources]
    noted = [requests[key.id]] if key.id in requests else []
    return max([*written, *noted], default=None)


def _rules(settings: Settings) -> Sequence[Activity]:
    with warehouse.connect(settings.published) as copy:
        found = warehouse.rows(copy, _RULES.read_text())
    return [Activity(row["thing"], row["name"], row["last_at"]) for row in found]


def _journeys(settings: Settings, now: datetime) -> Sequence[Journey]:
    with (
        closing(connections.event_log(settings)) as log,
        closing(connections.ledger(settings)) as ledger,
    ):
        found = lead_velocity.journeys(log, ledger, since=now - DAY)
    return [each for each in found.journeys if each.track.hot]


def _dead(settings: Settings, now: datetime) -> Sequence[DeadGroup]:
    with closing(connections.ledger(settings)) as ledger:
        return ledger.dead_letters.groups(since=now - DAY)


def _secrets(settings: Settings, now: datetime) -> Sequence[Secret]:
    with closing(connections.ledger(settings)) as ledger:
        watched = credentials.watch(settings, ledger, credentials.names(settings), now=now)
    with closing(KeyStore.open(settings.log_url)) as keys:
        usable = [key for key in keys.list() if key.usable(now)]
    return [
        *(Secret(each.kind, each.destination, each.age_days) for each in watched if each.since),
        *(Secret("API key", key.name, (now - key.created_at).days) for key in usable),
    ]


def _accounts(settings: Settings) -> Accounts | None:
    with (
        closing(connections.event_log(settings)) as log,
        closing(connections.ledger(settings)) as ledger,
        warehouse.connect(settings.published) as copy,
    ):
        events = status.account_for_events(log, copy)
        counts = ledger.counts()
    parts = f"{events.applied:,} applied, {events.quarantined:,} quarantined"
    return Accounts(
        events.balanced,
        counts.balanced,
        f"{events.received:,} received, but {parts}, {events.ignored:,} ignored",
        f"{counts.enqueued:,} enqueued, but {_states(counts.by_state.items())}",
    )


def _states(states: Collection[tuple[str, int]]) -> str:
    return ", ".join(f"{number:,} {state}" for state, number in states if number)
