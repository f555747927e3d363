"""`millrace bench`: measure this installation's code on this machine, in a temporary home."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from orchestration.commands.output import (
    JsonOption,
    err,
    out,
    print_json,
    reports_errors,
    table,
)

app = typer.Typer(no_args_is_help=True, help="Measure speed and memory on this machine.")


class ToolName(StrEnum):
    """What sends the load."""

    OWN = "own"
    WRK = "wrk"


@app.command()
@reports_errors
def receive(
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to send.")] = 10.0,
    events: Annotated[
        int | None, typer.Option(min=1, help="Send this many instead, however long it takes.")
    ] = None,
    connections: Annotated[int, typer.Option(min=1, help="Keep-alive connections.")] = 64,
    database: Annotated[
        str | None, typer.Option(help="URL of the log's database; a new SQLite file by default.")
    ] = None,
    tool: Annotated[ToolName, typer.Option(help="Our own client, or wrk.")] = ToolName.OWN,
    as_json: JsonOption = False,
) -> None:
    """Signed webhooks into one gateway: acknowledged events a second, latency, losses."""
    from orchestration.bench import receive as bench

    plan = bench.Plan(seconds, events, connections, database, tool.value)
    told = bench.receive(plan, _progress(as_json))
    _tell("Receiving", told, as_json=as_json)
    if told["lost"]:
        raise typer.Exit(1)


@app.command()
@reports_errors
def load(
    events: Annotated[int, typer.Option(min=1, help="How many.")] = 1_000_000,
    as_json: JsonOption = False,
) -> None:
    """Logged events into the warehouse by dlt, each checked against its contract."""
    from orchestration.bench.load import measure_load

    _tell("Loading", measure_load(events, _progress(as_json)), as_json=as_json)


@app.command()
@reports_errors
def rebuild(
    events: Annotated[int, typer.Option(min=1_000, help="In the full build.")] = 5_000_000,
    people: Annotated[int, typer.Option(min=10, help="Of whom they are.")] = 50_000,
    new: Annotated[int, typer.Option(min=1, help="For the incremental builds.")] = 10_000,
    identifiers: Annotated[
        int, typer.Option(min=0, help="To resolve in the measurement of identity; 0: none.")
    ] = 1_000_000,
    scaling: Annotated[bool, typer.Option(help="Build a tenth of the events too.")] = True,
    as_json: JsonOption = False,
) -> None:
    """The models over a made-up log: full build, incremental builds, identity alone."""
    from orchestration.bench import rebuild as bench

    size = bench.Size(events, people, new, identifiers, scaling)
    _tell("Rebuilding", bench.measure_rebuild(size, _progress(as_json)), as_json=as_json)


class Vendors(StrEnum):
    """How fast the simulated vendors answer."""

    INSTANT = "instant"
    PUBLISHED = "published"


@app.command()
@reports_errors
def latency(
    people: Annotated[int, typer.Option(min=10, help="People of the history.")] = 50_000,
    history: Annotated[
        int, typer.Option(min=1_000, help="Events in log and warehouse before.")
    ] = 1_000_000,
    leads_per_second: Annotated[float, typer.Option(min=0.1, help="By a fixed schedule.")] = 10.0,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to send.")] = 60.0,
    vendors: Annotated[
        Vendors,
        typer.Option(help="published: enrichment in 800 ms, CRM in 400 ms, chat in 200 ms."),
    ] = Vendors.INSTANT,
    full_build: Annotated[
        bool, typer.Option("--full-build", help="Run `millrace run --full` beside it.")
    ] = False,
    sustained: Annotated[
        float, typer.Option(min=0, help="Page views and clicks a second, beside the leads.")
    ] = 0.0,
    backlog: Annotated[
        int, typer.Option(min=0, help="Events to catch up with before the first lead.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Leads through the running service: from receipt to the CRM's acceptance."""
    from orchestration.bench import latency as bench

    plan = bench.Plan(
        people=people,
        history=history,
        leads_per_second=leads_per_second,
        seconds=seconds,
        vendors=vendors.value,
        full_build=full_build,
        sustained=sustained,
        backlog=backlog,
    )
    told = bench.measure_latency(plan, _progress(as_json))
    _tell("Latency", told, as_json=as_json)
    if told["accepted"] < told["leads"]:
        raise typer.Exit(1)


@app.command()
@reports_errors
def batch(
    people: Annotated[int, typer.Option(min=10, help="People of the history.")] = 50_000,
    history: Annotated[
        int, typer.Option(min=1_000, help="Events in log and warehouse before.")
    ] = 1_000_000,
    new: Annotated[int, typer.Option(min=1, help="Events of each batch.")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1, help="Batches to measure.")] = 3,
    arrivals: Annotated[
        int, typer.Option(min=0, help="Forms to send through the sensor; 0: none.")
    ] = 3,
    as_json: JsonOption = False,
) -> None:
    """Incremental batches from log to CRM, and from a log row to the warehouse by the sensor."""
    from orchestration.bench import batch as bench

    plan = bench.Plan(people, history, new, rounds, arrivals)
    _tell("Batch", bench.measure_batch(plan, _progress(as_json)), as_json=as_json)


@app.command()
@reports_errors
def contracts(
    rows: Annotated[int, typer.Option(min=1_000, help="In each table.")] = 1_000_000,
    as_json: JsonOption = False,
) -> None:
    """Data contracts over many rows by Great Expectations; exit code 1 when it misses one."""
    from orchestration.bench.contracts import measure_contracts

    told = measure_contracts(rows, _progress(as_json))
    _tell("Contracts", told, as_json=as_json)
    if told["found"] != told["broken"]:
        raise typer.Exit(1)


@app.command()
@reports_errors
def deliver(
    rows: Annotated[int, typer.Option(min=100, help="Contacts to deliver.")] = 100_000,
    limit: Annotated[int, typer.Option(min=2, help="Requests in 10 s, for one part.")] = 190,
    database: Annotated[
        str | None, typer.Option(help="URL of the ledger's database; a new SQLite file by default.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Rows through ledger, dispatcher and HTTP: speed, use of a limit, repeats."""
    from orchestration.bench import deliver as bench

    size = bench.Size(rows, limit, database)
    told = bench.measure_deliver(size, _progress(as_json))
    _tell("Delivering", told, as_json=as_json)
    if told["duplicates"] or told["rate_limited"]:
        raise typer.Exit(1)


def _progress(as_json: bool) -> Any:
    return (lambda _step: None) if as_json else (lambda step: err.print(f"  {step} …"))


def _tell(title: str, told: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    figures = [(name, value) for name, value in told.items() if not isinstance(value, dict)]
    nested = [
        (f"{name} {inner}", value)
        for name, values in told.items()
        if isinstance(values, dict)
        for inner, value in values.items()
    ]
    out.print(table(title, ("what", "value"), figures + nested))
