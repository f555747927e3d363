"""`millrace activate`: what the warehouse wants done goes to its destinations, or is only shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from orchestration.commands.destinations import known
from orchestration.commands.output import JsonOption, out, print_json, reports_errors, table
from orchestration.settings import Settings, load_settings
from reverse_etl.reports import Change

if TYPE_CHECKING:
    from orchestration.dry_run import DryRun

CHANGES = get_args(Change)


@reports_errors
def activate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be sent; nothing is written.")
    ] = False,
    destination: Annotated[
        list[str] | None, typer.Option(help="Only this one; may be given several times.")
    ] = None,
    limit: Annotated[
        int, typer.Option("-n", min=0, help="Rows to show of each table; --json shows all.")
    ] = 10,
    as_json: JsonOption = False,
) -> None:
    """Bring the ledger in line with the last batch's activation tables, and deliver what is due.

    With --dry-run: for each row whether it would be created, updated or left alone, and why it
    would not be sent; how many requests that takes and how long the budget makes them last; and
    which fields leave the house, personal ones marked.
    """
    settings = load_settings()
    chosen = known(destination or [])
    if dry_run:
        from orchestration.dry_run import dry_run as look

        told = look(settings, chosen, now=datetime.now(UTC))
        print_json([_as_dict(each) for each in told]) if as_json else _tell(told, limit)
        return
    report = _activate(settings, chosen)
    if as_json:
        print_json(report)
        return
    figures = [(name, *counts.values()) for name, counts in report["delivered"].items()]
    columns = ("destination", *next(iter(report["delivered"].values()), ()))
    out.print(table("Delivered", columns, figures))
    for problem in report["problems"]:
        out.print(f"[yellow]{problem['code']}[/] {problem['message']} {problem['remedy']}")


def _activate(settings: Settings, destinations: Sequence[str]) -> dict[str, Any]:
    from orchestration import logs
    from orchestration.activation import activate as act

    with logs.to_file(settings):
        enqueued, report = act(settings, destinations, now=datetime.now(UTC))
    return {
        "enqueued": {name: asdict(each) for name, each in enqueued.items()},
        "delivered": {name: asdict(each) for name, each in report.by_destination.items()},
        "problems": [asdict(problem) for problem in report.problems],
    }


def _as_dict(told: DryRun) -> dict[str, Any]:
    return {
        "table": told.effect.table,
        "destination": told.effect.destination,
        "action": told.effect.action,
        "counts": {change: told.counts[change] for change in CHANGES},
        "requests": told.cost and told.cost.requests,
        "minutes": told.cost and told.cost.minutes,
        "needs_approval": told.needs_approval,
        "fields": [asdict(field) for field in told.fields],
        "rows": [asdict(row) for row in told.rows],
    }


def _tell(told: Sequence[DryRun], limit: int) -> None:
    lines = (
        (
            each.effect.name,
            *(each.counts[change] for change in CHANGES),
            each.cost.requests if each.cost else "no credentials",
            each.cost.minutes if each.cost else "",
        )
        for each in told
    )
    out.print(table("Would happen", ("effect", *CHANGES, "requests", "minutes"), lines))
    for each in told:
        if each.needs_approval:
            out.print(f"[yellow]{each.effect.name}[/]: so many rows would wait for approval.")
        fields = (
            (field.name, field.rows, _yes(field.is_personal), _yes(field.is_hashed))
            for field in each.fields
        )
        columns = ("field", "rows", "personal", "hashed")
        if each.fields:
            out.print(table(f"Leaving with {each.effect.name}", columns, fields))
        shown = [row for row in each.rows if row.change != "unchanged"][:limit]
        rows = ((row.change, row.entity_key, row.person_id, row.code or "") for row in shown)
        if shown:
            columns = ("change", "key", "person", "why")
            out.print(table(f"Rows of {each.effect.name}", columns, rows))


def _yes(is_so: bool) -> str:
    return "yes" if is_so else ""
