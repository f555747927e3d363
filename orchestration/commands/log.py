"""`millrace log`: look into the event log, move events in and out, read events again."""

from __future__ import annotations

import sys
import uuid
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ingestion.event_log import EventLog, LoggedEvent
from ingestion.event_log import export as exporting
from orchestration import connections, warehouse
from orchestration.commands.archive import archive
from orchestration.commands.output import (
    JsonOption,
    out,
    print_json,
    reports_errors,
    table,
)
from orchestration.errors import NotFoundError, WarehouseMissingError
from orchestration.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Look into the event log; load, export and replay.")
app.command()(archive)


def _open() -> closing[EventLog]:
    return closing(connections.event_log(load_settings()))


def _told(event: LoggedEvent) -> dict[str, Any]:
    """One event for `head` and `tail`: what it is, not what it says (bodies hold PII)."""
    return {
        "position": event.position,
        "source": event.source,
        "event_key": event.event_key,
        "kind": event.kind,
        "received_at": event.received_at.isoformat(),
        "correlation_id": event.correlation_id,
        "bytes": len(event.body),
    }


def _show(title: str, events: list[LoggedEvent], *, as_json: bool) -> None:
    told = [_told(event) for event in events]
    if as_json:
        print_json(told)
    else:
        columns = ("position", "source", "event_key", "kind", "received_at", "correlation_id")
        out.print(table(title, columns, ([row[name] for name in columns] for row in told)))


@app.command()
@reports_errors
def head(
    limit: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """The first events in the log."""
    with _open() as log:
        _show("First events", log.read(limit=limit), as_json=as_json)


@app.command()
@reports_errors
def tail(
    limit: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """The last events in the log, newest first."""
    with _open() as log:
        _show("Last events", log.read(limit=limit, newest_first=True), as_json=as_json)


@app.command()
@reports_errors
def count(as_json: JsonOption = False) -> None:
    """How many events the log holds, by source."""
    with _open() as log:
        told = log.count()
    if as_json:
        print_json({"count": told.count, "by_source": told.by_source, "by_kind": told.by_kind})
    else:
        out.print(table(f"{told.count:,} events", ("source", "events"), told.by_source.items()))


@app.command()
@reports_errors
def export(
    after: Annotated[int, typer.Option(help="Start behind this position.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """All events as JSON lines, body included (personal data: mind where you put it)."""
    del as_json  # JSON lines either way
    with _open() as log:
        for line in exporting.export(log, after=after):
            sys.stdout.buffer.write(line)


@app.command()
@reports_errors
def append(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH…", help="Files, folders, or s3://bucket/folder."),
    ],
    source: Annotated[
        str | None,
        typer.Option(help="Lines are this vendor's request bodies, not lines of `log export`."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Load JSON lines (plain, gzip or zstd) as `backfill`; nothing is stored twice.

    A bad line is reported, its neighbours go on; a folder's files end in .jsonl or .ndjson.
    """
    from orchestration.commands import append as appending

    with _open() as log:
        told = appending.append(log, paths, source, datetime.now(UTC), quiet=as_json)
    print_json(told) if as_json else appending.tell(told, out)
    if told["refused"]:
        raise typer.Exit(1)


@app.command()
@reports_errors
def replay(
    positions: Annotated[
        list[int] | None, typer.Argument(help="Positions of the events to read again.")
    ] = None,
    from_quarantine: Annotated[
        bool,
        typer.Option(
            "--quarantined", help="Quarantined events only: those of the positions, or all."
        ),
    ] = False,
    source: Annotated[str | None, typer.Option(help="Only this source (quarantined).")] = None,
    code: Annotated[str | None, typer.Option(help="Only this code (quarantined).")] = None,
    as_json: JsonOption = False,
) -> None:
    """Append events again, for instance after a contract was mended; run a batch next.

    With --quarantined an event is appended once under each state of its contract, and never when
    a copy of it was applied; EVENT_TYPE_UNKNOWN names ignored events, for a type that is known now.
    """
    if from_quarantine:
        _replay_quarantined(positions or [], source, code, as_json=as_json)
        return
    if not positions or source or code:
        raise typer.BadParameter("Name positions, or choose from --quarantined by source and code.")
    replay_id = uuid.uuid4().hex[:12]
    with _open() as log:
        missing = set(positions) - {event.position for event in log.at(positions)}
        if missing:
            told = ", ".join(map(str, sorted(missing)))
            raise NotFoundError(f"Nothing was replayed: the log has no position {told}.")
        appended = exporting.replay(log, positions, replay_id, datetime.now(UTC))
    if as_json:
        print_json({"replay_id": replay_id, "appended": len(appended)})
    else:
        out.print(f"{len(appended)} events appended again as replay {replay_id}; run a batch next.")


def _replay_quarantined(
    positions: list[int], source: str | None, code: str | None, *, as_json: bool
) -> None:
    from ingestion.contracts import ContractSet
    from orchestration import quarantine

    wanted = quarantine.Wanted(source, code, only_open=True)
    with _open() as log, warehouse.connect(load_settings().published) as connection:
        told = quarantine.replay(
            connection, log, ContractSet.load(), wanted, datetime.now(UTC), positions
        )
    appended, already = len(told.appended), len(told.already_replayed)
    if as_json:
        print_json({"appended": appended, "already_replayed": already})
    else:
        out.print(f"{appended} events appended again; run a batch next.")
        if already:
            out.print(f"{already} left: replayed before, and their contracts are the same since.")


@app.command()
@reports_errors
def quarantined(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    code: Annotated[str | None, typer.Option(help="Only this code, e.g. FIELD_MISSING.")] = None,
    limit: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Events that no model uses, why, and what to do: code, path and class of the value, never
    the value; and where its copy is, if it was replayed."""
    from ingestion.contracts import ContractSet
    from orchestration import quarantine

    wanted = quarantine.Wanted(source, code, limit=limit)
    found: list[quarantine.Row] = []
    with (
        suppress(WarehouseMissingError),  # nothing is judged before the first batch
        _open() as log,
        warehouse.connect(load_settings().published) as connection,
    ):
        found = quarantine.listing(connection, log, ContractSet.load(), wanted)
    if as_json:
        print_json(found)
    else:
        columns = (
            *("position", "source", "event_type", "code", "path", "value"),
            *("replayed_as", "replay_outcome", "remedy"),
        )
        out.print(table("Quarantined", columns, ([row[name] for name in columns] for row in found)))
