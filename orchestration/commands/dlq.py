"""`millrace dlq`: the dead letters and what is held: look, mend, replay, discard with a reason."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import orjson
import typer

from orchestration import connections
from orchestration.commands.output import JsonOption, out, print_json, reports_errors, table
from orchestration.settings import load_settings
from reverse_etl.catalogue import remedy
from reverse_etl.edit import parse
from reverse_etl.ledger import Ledger
from reverse_etl.model import Delivery, State

app = typer.Typer(no_args_is_help=True, help="Deliveries that need a person: dead or held.")

Ids = Annotated[
    list[int] | None, typer.Argument(help="Delivery ids, as `millrace dlq list` shows them.")
]
DestinationOption = Annotated[str | None, typer.Option(help="Only this destination.")]
CodeOption = Annotated[str | None, typer.Option(help="Only this code, e.g. EXPIRED.")]


class Reviewed(StrEnum):
    """States of what needs a person."""

    DEAD = "dead"
    HELD = "held"


def _open() -> closing[Ledger]:
    return closing(connections.ledger(load_settings()))


def summary(delivery: Delivery) -> dict[str, Any]:
    """A delivery without its payload (which holds personal data)."""
    return {
        "id": delivery.id,
        "destination": delivery.destination,
        "action": delivery.action,
        "entity_key": delivery.entity_key,
        "person_id": delivery.person_id,
        "state": delivery.state.value,
        "code": delivery.code,
        "message": delivery.message,
        "attempts": delivery.attempts,
        "last_attempt_at": delivery.last_attempt_at,
        "event_time": delivery.event_time,
        "deadline_at": delivery.deadline_at,
        "correlation_id": delivery.correlation_id,
        "remedy": remedy(delivery.code),
    }


@app.command("list")
@reports_errors
def list_(
    destination: DestinationOption = None,
    code: CodeOption = None,
    state: Annotated[Reviewed | None, typer.Option(help="Only these.")] = None,
    limit: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Dead and held deliveries, newest first.

    Rows that break their contract are reviewed by `--state held --code CONTRACT_VIOLATION`: the
    message names the rules. Once the data is mended the next batch lets them go by itself.
    """
    with _open() as ledger:
        found = [
            summary(delivery)
            for delivery in ledger.dead_letters.list(
                destination=destination,
                code=code,
                state=State(state.value) if state else None,
                limit=limit,
            )
        ]
    if as_json:
        print_json(found)
        return
    columns = (
        "id", "destination", "action", "state", "code", "message", "attempts", "person_id",
        "remedy",
    )  # fmt: skip
    out.print(table("Dead letters", columns, ([row[name] for name in columns] for row in found)))


@app.command()
@reports_errors
def show(
    delivery_id: Annotated[int, typer.Argument(help="The id.")], as_json: JsonOption = False
) -> None:
    """One delivery: payload, every attempt with the destination's answer, suggested repair."""
    with _open() as ledger:
        letter = ledger.dead_letters.show(delivery_id)
    told = {
        **summary(letter.delivery),
        "payload": orjson.loads(letter.delivery.payload),
        "attempt_log": letter.attempts,
        "audit": letter.audit,
    }
    if as_json:
        print_json(told)
        return
    for name, value in told.items():
        if name not in ("attempt_log", "audit"):
            out.print(f"[bold]{name}[/]: {value}")
    columns = ("started_at", "code", "status", "milliseconds", "response")
    rows = ([getattr(attempt, name) for name in columns] for attempt in letter.attempts)
    out.print(table("Attempts", columns, rows))


@app.command()
@reports_errors
def edit(
    reason: Annotated[str, typer.Option(help="Why; kept in the audit.")],
    ids: Ids = None,
    destination: DestinationOption = None,
    code: CodeOption = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="FIELD")] = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", help="FIELD:OLD=NEW, where it has the old value.")
    ] = None,
    and_replay: Annotated[bool, typer.Option("--replay", help="Queue them again at once.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Mend what was refused: those with these ids, or all that are picked out.

    A field is named by its path in the payload, e.g. properties.country; a value is JSON, or text.
    The options may be given several times. What is mended here is one delivery; the model behind it
    is mended in SQL.
    """
    changes = [
        *(parse("set", each) for each in set_ or ()),
        *(parse("map", each) for each in map_ or ()),
        *(parse("drop", each) for each in drop or ()),
    ]
    if not changes:
        raise typer.BadParameter("give at least one of --set, --map, --drop")
    who, now = getpass.getuser(), datetime.now(UTC)
    with _open() as ledger:
        chosen = _chosen(ledger, ids, destination, code)
        done = ledger.dead_letters.edit(chosen, changes, who=who, now=now, reason=reason)
        if and_replay:
            done = ledger.dead_letters.replay(chosen, who=who, now=now, reason=reason)
    _tell("mended", done, as_json=as_json)


@app.command()
@reports_errors
def replay(
    ids: Ids = None,
    destination: DestinationOption = None,
    code: CodeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Queue them again: those with these ids, or all that a destination and a code pick out.

    Consent, order and deduplication hold as for any other row.
    """
    with _open() as ledger:
        chosen = _chosen(ledger, ids, destination, code)
        done = ledger.dead_letters.replay(chosen, who=getpass.getuser(), now=datetime.now(UTC))
    _tell("queued again", done, as_json=as_json)


@app.command()
@reports_errors
def discard(
    reason: Annotated[str, typer.Option(help="Why; kept in the audit.")],
    ids: Ids = None,
    destination: DestinationOption = None,
    code: CodeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give them up for good, with a reason: those with these ids, or all that are picked out."""
    with _open() as ledger:
        chosen = _chosen(ledger, ids, destination, code)
        done = ledger.dead_letters.discard(
            chosen, who=getpass.getuser(), now=datetime.now(UTC), reason=reason
        )
    _tell("discarded", done, as_json=as_json)


def _chosen(
    ledger: Ledger, ids: Sequence[int] | None, destination: str | None, code: str | None
) -> Sequence[int]:
    picks = destination is not None or code is not None
    if bool(ids) == picks:
        raise typer.BadParameter("give either ids, or --destination or --code or both")
    return ids or ledger.dead_letters.ids(destination=destination, code=code)


def _tell(what: str, done: Sequence[Delivery], *, as_json: bool) -> None:
    if as_json:
        print_json([summary(delivery) for delivery in done])
    else:
        out.print(f"{len(done)} {what}.")
