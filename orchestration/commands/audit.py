"""`millrace audit`: who did what to deliveries and destinations."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from typing import Annotated

import typer

from orchestration import connections
from orchestration.commands.output import JsonOption, out, print_json, reports_errors, table
from orchestration.settings import load_settings


@reports_errors
def audit(
    limit: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """The last things that people did: replays, edits, discards, switches, approvals; newest
    first."""
    with closing(connections.ledger(load_settings())) as ledger:
        entries = ledger.audit(limit)
    if as_json:
        print_json([asdict(entry) for entry in entries])
        return
    rows = (
        (f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.who, entry.what, entry.delivery_id, entry.reason)
        for entry in entries
    )
    out.print(table("Audit", ("at", "who", "what", "delivery", "reason"), rows))
