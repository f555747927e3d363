"""`millrace destinations`: how each destination does, and its kill switch."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from orchestration import connections
from orchestration.commands.output import JsonOption, out, print_json, reports_errors, table
from orchestration.settings import Settings, load_settings
from reverse_etl.ledger import Ledger

app = typer.Typer(no_args_is_help=True, help="Where rows go: how each does, stop it, start it.")

Name = Annotated[str, typer.Argument(help="The destination, e.g. hubspot.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the audit.")]


@app.command("list")
@reports_errors
def list_(as_json: JsonOption = False) -> None:
    """Each destination: whether it is sent to, and if not, why; and how much waits."""
    settings = load_settings()
    with _open(settings) as ledger:
        told = _destinations(settings, ledger)
    if as_json:
        print_json(told)
        return
    rows = ((each["name"], each["state"], each["waiting"], each["told"]) for each in told)
    out.print(table("Destinations", ("name", "state", "waiting", "why"), rows))


@app.command()
@reports_errors
def stop(name: Name, reason: Reason, as_json: JsonOption = False) -> None:
    """Send nothing more to a destination, in every process that uses this ledger.

    A batch that is under way ends; what is queued stays queued, in order.
    """
    _turn(name, "off", reason, as_json=as_json)


@app.command()
@reports_errors
def start(name: Name, reason: Reason = "", as_json: JsonOption = False) -> None:
    """Send to a destination again."""
    _turn(name, "on", reason, as_json=as_json)


@app.command()
@reports_errors
def approve(name: Name, as_json: JsonOption = False) -> None:
    """Let the rows go that are held because there were many at once (APPROVAL_NEEDED)."""
    known([name])
    with _open(load_settings()) as ledger:
        approved = ledger.approve(name, who=getpass.getuser(), now=datetime.now(UTC))
    if as_json:
        print_json({"name": name, "approved": approved})
    else:
        out.print(f"{approved:,} rows go to {name} with the next delivery.")


@app.command()
@reports_errors
def canary(
    name: Name,
    percent: Annotated[float, typer.Option(min=0.1, max=100, help="Share of people.")] = 5,
    reason: Reason = "",
    as_json: JsonOption = False,
) -> None:
    """Send to a share of people only, the same ones each time; the rows of others are held.

    What objects of the destination were before is kept, where it can be asked, for the way back.
    """
    known([name])
    with _open(load_settings()) as ledger:
        held = ledger.canaries.start(name, percent / 100, **_act(reason))
    if as_json:
        print_json({"name": name, "percent": percent, "held": held})
    else:
        out.print(f"{percent:g} % of people are sent to {name}; {held:,} queued rows are held.")


@app.command()
@reports_errors
def promote(name: Name, reason: Reason = "", as_json: JsonOption = False) -> None:
    """End a canary well: everybody is sent again, and what was held goes out."""
    known([name])
    with _open(load_settings()) as ledger:
        released = ledger.canaries.promote(name, **_act(reason))
    if as_json:
        print_json({"name": name, "released": released})
    else:
        out.print(f"{released:,} held rows go to {name} with the next delivery.")


@app.command()
@reports_errors
def rollback(name: Name, reason: Reason, as_json: JsonOption = False) -> None:
    """End a canary badly: what it wrote gets its old values again, and nothing new is queued until
    `promote` or a new `canary`.

    Objects that it made, and messages, tasks and events that it sent, stay: they are counted.
    """
    known([name])
    with _open(load_settings()) as ledger:
        told = ledger.canaries.roll_back(name, **_act(reason))
    if as_json:
        print_json({"name": name, **asdict(told)})
        return
    out.print(f"{told.restored:,} objects get their old values with the next delivery.")
    if told.created or told.events:
        made = f"{told.created:,} objects made, {told.events:,} events sent"
        out.print(f"What cannot be taken back: {made}.")


def _act(reason: str) -> dict[str, Any]:
    return {"who": getpass.getuser(), "reason": reason, "now": datetime.now(UTC)}


def _open(settings: Settings) -> closing[Ledger]:
    return closing(connections.ledger(settings))


def known(names: Sequence[str]) -> Sequence[str]:
    """The names, once it is clear that there are such destinations; every one for none."""
    on = load_settings().destinations
    unknown = sorted(set(names) - set(on))
    if unknown:
        raise typer.BadParameter(
            f"{unknown[0]} is not among MILLRACE_DESTINATIONS; choose from {', '.join(on)}"
        )
    return names or on


def _turn(name: str, way: Literal["on", "off"], reason: str, *, as_json: bool) -> None:
    known([name])
    with _open(load_settings()) as ledger:
        turn = ledger.switches.turn_on if way == "on" else ledger.switches.turn_off
        changed = turn(name, who=getpass.getuser(), reason=reason, now=datetime.now(UTC))
    if as_json:
        print_json({"name": name, "changed": changed})
    else:
        out.print(f"{name} is {f'switched {way}' if changed else f'{way} already'}.")


def _destinations(settings: Settings, ledger: Ledger) -> list[dict[str, Any]]:
    from orchestration.accounts import needs

    counts = ledger.counts().by_destination
    off, health = ledger.switches.off(), ledger.health()
    canaries = ledger.canaries.all()
    told = []
    for name in settings.destinations:
        states, seen = counts.get(name, {}), health.get(name)
        state, why = "on", ""
        if name in off:
            state, why = "switched off", f"{off[name].who}: {off[name].reason}"
        elif missing := needs(settings, name):
            state, why = "no credentials", f"set {missing}"
        elif seen and seen.stopped_code:
            state, why = "stopped", seen.stopped_code
        elif seen and seen.breaker.is_open:
            state, why = "not answering", "BREAKER_OPEN"
        elif tried := canaries.get(name):
            state = "rolled back" if tried.rolled_back_at else f"canary {tried.share:.1%}"
            why = f"by {tried.who}; `millrace destinations promote {name}` ends it"
        waiting = sum(states.get(each, 0) for each in ("pending", "in_flight", "unknown", "held"))
        told.append({"name": name, "state": state, "told": why, "waiting": waiting})
    return told
