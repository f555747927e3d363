"""`millrace diff`: wanted, last sent, actually there."""

from __future__ import annotations

import getpass
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.commands.destinations import known
from orchestration.commands.output import JsonOption, out, print_json, reports_errors, table
from orchestration.settings import load_settings

if TYPE_CHECKING:
    from orchestration.diff import Compared


@reports_errors
def diff(
    name: Annotated[str, typer.Argument(help="The destination, e.g. hubspot.")],
    repair: Annotated[
        bool, typer.Option("--repair", help="Send again what drifted or went missing.")
    ] = False,
    limit: Annotated[
        int, typer.Option("-n", min=0, help="Objects to show of each table; --json shows all.")
    ] = 20,
    as_json: JsonOption = False,
) -> None:
    """Ask a destination what it holds, and list each field that is not as wanted.

    drifted: somebody changed it over there; missing: the object is gone; waiting: the next delivery
    brings it. Fields that belong to the destination (seed field_ownership) are left out. --repair
    lets the next run, or `millrace activate`, send again what drifted or went missing.
    """
    from orchestration import diff as views

    known([name])
    settings = load_settings()
    compared = views.diff(settings, name)
    repaired = 0
    if repair:
        repaired = views.repair(settings, compared, who=getpass.getuser(), now=datetime.now(UTC))
    if as_json:
        print_json({"tables": [_as_dict(each) for each in compared], "to_send_again": repaired})
        return
    for each in compared:
        _tell(each, limit)
    if repair:
        out.print(f"{repaired:,} objects will be sent again by the next run.")


def _as_dict(compared: Compared) -> dict[str, Any]:
    return {
        "table": compared.effect.table,
        "counts": Counter(each.verdict for each in compared.differences),
        "differences": [asdict(each) for each in compared.differences if each.verdict != "same"],
    }


def _tell(compared: Compared, limit: int) -> None:
    counts = Counter(each.verdict for each in compared.differences)
    told = ", ".join(f"{verdict} {count:,}" for verdict, count in counts.items())
    out.print(f"[bold]{compared.effect.name}[/]: {told or 'nothing wanted'}")
    differing = [each for each in compared.differences if each.verdict != "same"][:limit]
    rows = (
        (each.verdict, each.entity_key, field.name, field.wanted, field.sent, field.there)
        for each in differing
        for field in each.fields
    )
    columns = ("verdict", "object", "field", "wanted", "sent", "there")
    if differing:
        out.print(table("Differences", columns, rows))
