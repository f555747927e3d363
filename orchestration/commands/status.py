"""`millrace status` for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from orchestration.commands.output import table
from orchestration.first_events import SOURCE_NEVER_SENT
from reverse_etl.catalogue import remedy

STATES = (
    "pending",
    "in_flight",
    "unknown",
    "delivered",
    "dead",
    "held",
    "cancelled",
    "superseded",
)

_VERDICTS = {True: "[green]met[/]", False: "[bold red]MISSED[/]", None: "[dim]no data[/]"}


def tell(status: Mapping[str, Any], out: Console) -> None:
    """The answer of `orchestration.status.status`, as tables and two sentences."""
    log = status["log"]
    out.print(
        f"Event log: {log['head']:,} events, {log['loaded']:,} in the warehouse, "
        f"{log['waiting']:,} waiting (oldest {log['lag_seconds']:.0f} s)."
    )
    sources = [
        (name, counts["received"], counts["duplicate"], _listed(counts["rejected"]))
        for name, counts in status["gateway"].items()
    ]
    out.print(table("Received", ("source", "received", "of it duplicates", "rejected"), sources))
    tell_awaited(status["awaited_sources"], out)
    tell_deliveries(status, out)
    tell_lane(status["lane"], out)
    for name, cost in status["backlog"].items():
        if cost and cost["minutes"]:
            out.print(
                f"What waits for {name} takes {cost['requests']:,} requests; its budget makes them"
                f" last {cost['minutes']:,} minutes."
            )
    tell_velocity(status["lead_velocity"], out)
    tell_pulls(status["pulls"], out)
    tell_objectives(status["objectives"], out)
    tell_accounting(status, out)
    tell_reasons(status, out)
    for name, health in status["breakers"].items():
        if health["stopped_by"]:
            out.print(
                f"[red]{name} is stopped[/]: {health['stopped_by']}. {remedy(health['stopped_by'])}"
            )
        elif health["open_since"]:
            out.print(f"[red]{name} is not answering[/] since {health['open_since']:%H:%M:%S} UTC.")
    for name, switch in status["switched_off"].items():
        since = f"{switch['off_since']:%Y-%m-%d %H:%M} UTC"
        out.print(f"[red]{name} is switched off[/] since {since} by {switch['who']}.")
    for name, meant in status["misspelt_settings"].items():
        out.print(f"[red]Nothing reads {name}[/]: did you mean {meant}?")
    for name, configured in status["credentials"].items():
        if not configured:
            out.print(
                f"{name} has no credentials: its rows stay queued (`millrace destinations list`)."
            )


def tell_awaited(awaited: Sequence[Mapping[str, Any]], out: Console) -> None:
    """Sources that should have sent something long ago, and never did."""
    for each in awaited:
        if each["overdue"]:
            out.print(f"[red]{SOURCE_NEVER_SENT}[/] {each['told']}. {remedy(SOURCE_NEVER_SENT)}")


def tell_deliveries(status: Mapping[str, Any], out: Console) -> None:
    rows = [
        (name, *(states.get(state, 0) for state in STATES))
        for name, states in status["destinations"].items()
    ]
    out.print(table("Deliveries", ("destination", *STATES), rows))


def tell_lane(lane: Mapping[str, Any], out: Console) -> None:
    """Where the fast lane is, how old its reference is, and whether it agrees with the batch."""
    reference, parity = lane["reference"], lane["parity"]
    if lane["position"] and reference:
        out.print(
            f"Fast lane: {lane['waiting']:,} events waiting (oldest {lane['lag_seconds']:.0f} s);"
            f" its reference is {reference['age_seconds']:.0f} s old,"
            f" of position {reference['log_position']:,}."
        )
    if parity is None:
        return
    until = f"at position {parity['log_position']:,}"
    if parity["passed"]:
        compared = f"{parity['rows']:,} rows of {parity['people']:,} people"
        out.print(f"{_mark(True)} both lanes: {compared} are the same {until}")
    else:
        told = f"{parity['code']} {until}"
        out.print(f"{_mark(False)} both lanes: [red]{told}[/]. {remedy(parity['code'])}")


def tell_velocity(velocity: Mapping[str, Any], out: Console) -> None:
    """The tracks of the last hour, and in red what is slower than it may be."""
    columns = ("delivered", "p50_seconds", "p95_seconds", "p99_seconds")
    waits = ("waiting", "longest_wait_seconds")
    rows = [
        (
            track["source"],
            track["destination"],
            f"{track['action']}{' (hot)' if track['hot'] else ''}",
            *(track[column] for column in (*columns, *waits)),
        )
        for track in velocity["tracks"]
    ]
    headers = ("source", "destination", "action", "delivered", "p50 s", "p95 s", "p99 s")
    if rows:
        title = "Lead velocity, from receipt to answer in the last hour"
        out.print(table(title, (*headers, "waiting", "longest s"), rows))
    for problem in velocity["problems"]:
        out.print(
            f"[red]{problem['code']}[/] {problem['destination']}: {problem['message']}"
            f" {problem['remedy']}"
        )


def tell_pulls(pulls: Sequence[Mapping[str, Any]], out: Console) -> None:
    """When each kind of object was read last, and what webhooks dropped."""
    columns = (
        "source",
        "kind",
        "account",
        "pulled_at",
        "read",
        "new",
        "dropped_in_24_hours",
        "code",
    )
    headers = ("source", "kind", "account", "at", "read", "new", "dropped in 24 h", "code")
    if pulls:
        rows = [tuple(each[column] for column in columns) for each in pulls]
        out.print(table("Last pulls", headers, rows))
    for each in pulls:
        if each["code"]:
            out.print(f"[red]{each['code']}[/]: {each['message']} {remedy(each['code'])}")


def tell_objectives(objectives: Sequence[Mapping[str, Any]], out: Console) -> None:
    """Each with its verdict, in a word and in colour; what nobody knows has neither."""
    rows = [
        (
            _VERDICTS[each["ok"]],
            f"{each['name']} {each['about']}".strip(),
            "" if each["value"] is None else f"{each['value']:,g}",
            f"{each['direction'].replace('_', ' ')} {each['objective']:,g}",
            each["unit"],
            each["window"],
        )
        for each in objectives
    ]
    out.print(table("Objectives", ("", "objective", "is", "should be", "unit", "over"), rows))


def tell_reasons(status: Mapping[str, Any], out: Console) -> None:
    """Why rows did not go out: given up, or not yet."""
    if status["dead_letters"]:
        out.print(f"Dead letters: {_listed(status['dead_letters'])} (`millrace dlq list`)")
    if status["waiting"]:
        out.print(f"Pending for a reason: {_listed(status['waiting'])} (`millrace errors CODE`)")


def tell_accounting(status: Mapping[str, Any], out: Console) -> None:
    """Law 8, in numbers: nothing disappears."""
    events, deliveries = status["events"], status["deliveries"]
    accounting = status["accounting"]
    out.print(
        f"{_mark(accounting['events_balanced'])} events:     received {events['received']:,} = "
        f"applied {events['applied']:,} + quarantined {events['quarantined']:,} "
        f"+ ignored {events['ignored']:,}"
    )
    parts = " + ".join(
        f"{state} {deliveries.get(state, 0):,}" for state in STATES if deliveries.get(state)
    )
    out.print(
        f"{_mark(accounting['deliveries_balanced'])} deliveries: enqueued "
        f"{accounting['deliveries_enqueued']:,} = {parts or 0}"
    )
    if events["codes"]:
        out.print(f"  not applied: {_listed(events['codes'])}")


def _mark(holds: bool) -> str:
    return "[green]✓[/]" if holds else "[bold red]✗[/]"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{code} {count:,}" for code, count in counts.items())
