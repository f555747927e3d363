"""What is wrong at this moment, as alerts: one function for each kind of trouble.

Each raises what the store raises that it cannot read; nothing in an alert is personal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, Final

from dbt_project import catalogue
from ingestion.event_log import EventLog
from ingestion.gateway.rhythm import WEEK, Rhythm, rhythm
from orchestration import (
    connections,
    credentials,
    first_events,
    lead_velocity,
    velocity,
    warehouse,
)
from orchestration.alerts.alert import Alert
from orchestration.credentials import Credential
from orchestration.first_events import SOURCE_NEVER_SENT, Awaited
from orchestration.settings import Settings
from reverse_etl.catalogue import (
    BREAKER_OPEN,
    CREDENTIAL_OLD,
    CREDITS_USED_UP,
    DESTINATION_UNREACHABLE,
    RATE_LIMITED,
    REQUEST_LIMIT_EXCEEDED,
    SALESFORCE_API_LIMIT_NEAR,
    remedy,
)
from reverse_etl.health import Health
from reverse_etl.ledger import DeadGroup, Stalled

Find = Callable[[Settings, datetime], Sequence[Alert]]
"""The trouble of one kind, now."""

CREDENTIAL_DUE: Final = "CREDENTIAL_DUE"
SOURCE_SILENT: Final = "SOURCE_SILENT"
DUE_WITHIN_DAYS: Final = 14
PATIENCE: Final = timedelta(minutes=15)  # longer than any rhythm of trying again
_NOT_TAKEN: Final = frozenset({
    CREDITS_USED_UP, DESTINATION_UNREACHABLE, RATE_LIMITED, REQUEST_LIMIT_EXCEEDED,
    SALESFORCE_API_LIMIT_NEAR,
})  # fmt: skip
_RECENT: Final = 200  # events that a source's rhythm is read from, as the gateway's health does


def dead_letters(settings: Settings, _now: datetime) -> Sequence[Alert]:
    """Deliveries that died, by destination and code; it grows with their number."""
    with closing(connections.ledger(settings)) as ledger:
        return [_dead(group) for group in ledger.dead_letters.groups()]


def breakers(settings: Settings, now: datetime) -> Sequence[Alert]:
    """Destinations whose breaker is open, that refuse credentials or address, or that have taken
    nothing for a while because they are limited or cannot be reached."""
    with closing(connections.ledger(settings)) as ledger:
        health = ledger.health()
        stalled = ledger.gauges.stalled(_NOT_TAKEN, now - PATIENCE)
    ill = {name: found for name in sorted(health) if (found := _unwell(name, health[name]))}
    first = {each.destination: each for each in reversed(stalled)}
    slow = [_stalled(each) for name, each in first.items() if name not in ill]
    return [*(alert for found in ill.values() for alert in found), *slow]


def old_credentials(settings: Settings, now: datetime) -> Sequence[Alert]:
    """Credentials that are missing, cannot be read, were refused, are too old, or soon will be."""
    with closing(connections.ledger(settings)) as ledger:
        watched = credentials.watch(settings, ledger, credentials.names(settings), now=now)
    found = [
        *(_credential(each, settings.credential_max_days) for each in watched),
        *(_ending(each, now) for each in watched),
    ]
    return [*(alert for alert in found if alert is not None), *_refused(settings)]


def silent_sources(settings: Settings, now: datetime) -> Sequence[Alert]:
    """Sources whose webhooks have stayed away for longer than they ever do, and those that are
    configured and have never sent anything."""
    with closing(connections.event_log(settings)) as log:
        known = sorted({key.source for key in log.counters() if key.name == "received"})
        found = {
            source: rhythm(log.received_at(source, "webhook", most=_RECENT), now)
            for source in known
        }
        quiet = {
            source: each.beside(_last_until(log, source, now - WEEK), now)
            for source, each in found.items()
            if each and each.silent
        }
        awaited = first_events.awaited(settings, log, now)
    never = [_never_sent(each) for each in awaited if each.is_overdue(now)]
    return [
        *(_silent(source, each) for source, each in quiet.items() if each.silent),
        *never,
    ]


def slow_leads(settings: Settings, now: datetime) -> Sequence[Alert]:
    """Destinations that hot leads reach too slowly."""
    found = lead_velocity.look(settings, now=now)
    return [
        Alert(f"slow:{problem.destination}", problem.code, problem.message, problem.remedy)
        for problem in velocity.problems(found)
    ]


def stores(settings: Settings, _now: datetime) -> Sequence[Alert]:
    """The event log, the ledger or the published copy, where one of them cannot be used."""
    looks: dict[str, Callable[[], Any]] = {
        "log": lambda: _read_log(settings),
        "ledger": lambda: _read_ledger(settings),
        "published": lambda: _read_copy(settings),
    }
    found = ((name, _failure(look)) for name, look in looks.items())
    return [
        Alert(f"store:{name}", error.code, str(error), error.remedy)
        for name, error in found
        if error is not None
    ]


def _dead(group: DeadGroup) -> Alert:
    several = "deliveries have" if group.deliveries > 1 else "delivery has"
    return Alert(
        f"dead:{group.destination}:{group.code}",
        group.code,
        f"{group.deliveries:,} {several} failed for good at {group.destination}"
        " (`millrace dlq list`).",
        remedy(group.code),
        size=group.deliveries,
    )


def _unwell(name: str, health: Health) -> Sequence[Alert]:
    found = []
    if health.breaker.is_open:
        what = f"{name} fails too often: its rows are held until it answers again."
        found.append(Alert(f"breaker:{name}", BREAKER_OPEN, what, remedy(BREAKER_OPEN)))
    if health.stopped_code:
        what = f"{name} takes nothing from us: nothing is sent there, its rows stay queued."
        code = health.stopped_code
        found.append(Alert(f"stopped:{name}", code, what, remedy(code)))
    return found


def _stalled(found: Stalled) -> Alert:
    what = (
        f"{found.destination} has taken nothing for {_rough(PATIENCE)}: its rows stay queued, the"
        f" oldest since {found.since:%Y-%m-%d %H:%M} UTC."
    )
    return Alert(f"stalled:{found.destination}", found.code, what, remedy(found.code))


def _credential(each: Credential, most_days: int) -> Alert | None:
    name, left = each.destination, most_days - each.age_days
    if each.code == CREDENTIAL_OLD:
        what = f"The {each.kind} of {name} is {each.age_days} days old."
    elif each.code is not None:
        what = f"The credentials of {name} are missing or cannot be read."
    elif each.age_days and left <= DUE_WITHIN_DAYS:
        what = f"The {each.kind} of {name} has to be replaced within {max(left, 0)} days."
    else:
        return None
    code = each.code or CREDENTIAL_DUE
    return Alert(f"credential:{name}:{code}", code, what, remedy(code))


def _ending(each: Credential, now: datetime) -> Alert | None:
    """Of a token that nothing renews; an access token of OAuth is renewed in time."""
    end = each.expires_at
    if each.kind != "token" or end is None or end - now > timedelta(days=DUE_WITHIN_DAYS):
        return None
    what = f"The token of {each.destination} ends on {end:%Y-%m-%d} at {end:%H:%M} UTC."
    return Alert(f"ending:{each.destination}", CREDENTIAL_DUE, what, remedy(CREDENTIAL_DUE))


def _refused(settings: Settings) -> Sequence[Alert]:
    if not settings.pulls:
        return ()
    with closing(connections.event_log(settings)) as log:
        found = credentials.refused(log)
    code = credentials.REFUSED
    return [
        Alert(f"refused:{name}", code, f"{name} cannot be pulled: {told}", remedy(code))
        for name, told in found.items()
        if name in settings.pulls
    ]


def _silent(source: str, found: Rhythm) -> Alert:
    usual = _rough(found.long_gap or timedelta())
    what = (
        f"{source} has sent nothing for longer than it ever does: 95 of 100 of its events come"
        f" within {usual} of the one before."
    )
    return Alert(f"silent:{source}", SOURCE_SILENT, what, catalogue.entry(SOURCE_SILENT).remedy)


def _last_until(log: EventLog, source: str, moment: datetime) -> datetime | None:
    return next(iter(log.received_at(source, "webhook", most=1, until=moment)), None)


def _never_sent(each: Awaited) -> Alert:
    what = f"{each.name} has never sent anything: {each.told}."
    told = catalogue.entry(SOURCE_NEVER_SENT).remedy
    return Alert(f"never:{each.name}", SOURCE_NEVER_SENT, what, told)


def _rough(span: timedelta) -> str:
    minutes = max(1, round(span.total_seconds() / 60))
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"


def _read_log(settings: Settings) -> None:
    with closing(connections.event_log(settings)) as log:
        log.head()


def _read_ledger(settings: Settings) -> None:
    with closing(connections.ledger(settings)) as ledger:
        ledger.health()


def _read_copy(settings: Settings) -> None:
    if warehouse.publication(settings.published) is not None:
        with warehouse.connect(settings.published):
            pass


def _failure(look: Callable[[], Any]) -> Any:
    """The error with a code, or None."""
    try:
        look()
    except Exception as error:
        if not hasattr(error, "code") or not hasattr(error, "remedy"):
            raise
        return error
    return None
