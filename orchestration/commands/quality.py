"""`millrace quality`: what the data contracts of the warehouse said."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import typer

from orchestration.commands.output import JsonOption, out, print_json, reports_errors, table
from orchestration.settings import load_settings

if TYPE_CHECKING:
    from orchestration.quality.results import Result

app = typer.Typer(no_args_is_help=True, help="Data contracts: what tables promise, and hold.")


@app.callback()
def _group() -> None:
    """A group of commands, also while there is one."""


@app.command()
@reports_errors
def report(as_json: JsonOption = False) -> None:
    """Write the page about every contract, its rules and what the last batches found.

    It is one file, to be read without a network; it names keys of failing rows, never values.
    """
    from orchestration.dbt import ensure_manifest  # late: dbt may have to parse first
    from orchestration.quality import contracts, page

    settings = load_settings()
    found = contracts.read(ensure_manifest(settings))
    written = page.write(settings.quality, found)
    checks = page.shown(settings.quality, found)
    if as_json:
        told = [page.as_dict(check) for check in checks]
        print_json({"page": str(written), "checks": told})
        return
    states = Counter(check.state for check in checks)
    bad = [check for check in checks if check.state in ("failed", "warned")]
    if bad:
        columns = ("border", "table", "check", "state", "broken")
        rows = (
            [each.border, each.table, each.name, each.state, _broken(each.last)] for each in bad
        )
        out.print(table("Contracts that do not hold", columns, rows))
    out.print(", ".join(f"{count} {state}" for state, count in sorted(states.items())))
    out.print(f"Page: {written}")


def _broken(last: Result | None) -> str:
    return "; ".join(each.rule for each in last.broken) if last else ""
