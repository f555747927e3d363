"""`millrace log`: look into the event log, move events in and out, read events again."""

from __future__ import annotations

import sys
import uuid
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from dbt_project import catalogue
from ingestion.event_log import EventLog, LoggedEvent
from ingestion.event_log import export as exporting
from orchestration import connections, warehouse
from orchestration.commands.output import (
    JsonOption,
    out,
    print_json,
    reports_errors,
    table,
)
from orchestration.errors import NotFoundError
from orchestration.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Look into the event log; load, export and replay.")

QUARANTINED = """
    select position, source, event_key, code, path, received_at, correlation_id
    from intermediate.int_event_outcomes
    where outcome = 'quarantined'
    order by position desc
    limit ?
"""


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
    file: Annotated[
        Path,
        typer.Argument(help="JSON lines, as `export` writes them.", exists=True, dir_okay=False),
    ],
    as_json: JsonOption = False,
) -> None:
    """Load events from a file as `backfill`; a bad line is reported, its neighbours go on."""
    with _open() as log, file.open("rb") as lines:
        told = exporting.append_lines(log, lines, datetime.now(UTC), lambda: uuid.uuid4().hex)
    if as_json:
        print_json(told)
    else:
        out.print(f"{told.appended:,} appended, {told.duplicates:,} already there.")
        for problem in told.problems:
            out.print(f"  line {problem.line}: {problem.code}: {problem.detail} {problem.remedy}")
    if told.problems:
        raise typer.Exit(1)


@app.command()
@reports_errors
def replay(
    positions: Annotated[list[int], typer.Argument(help="Positions of the events to read again.")],
    as_json: JsonOption = False,
) -> None:
    """Append events again under a replay id, for instance after a contract was mended."""
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


@app.command()
@reports_errors
def quarantined(
    limit: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Events that no model uses, why, and what to do: code and path, never the values."""
    settings = load_settings()
    with warehouse.connect(settings.published) as connection:
        found = [
            {**row, "remedy": catalogue.remedy(row["code"])}
            for row in warehouse.rows(connection, QUARANTINED, [limit])
        ]
    if as_json:
        print_json(found)
    else:
        columns = ("position", "source", "code", "path", "correlation_id", "remedy")
        out.print(table("Quarantined", columns, ([row[name] for name in columns] for row in found)))
