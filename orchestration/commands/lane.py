"""`millrace lane`: the fast lane, seen from outside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.commands.output import (
    JsonOption,
    out,
    print_error,
    print_json,
    reports_errors,
    table,
)
from orchestration.settings import load_settings

if TYPE_CHECKING:
    from orchestration.lane_parity.outcome import Compared, Difference

app = typer.Typer(no_args_is_help=True, help="The fast lane: does it make the batch lane's rows?")


@app.callback()
def lane() -> None:
    """Keeps `parity` a command of its own name while it is the only one."""


@app.command()
@reports_errors
def parity(
    people: Annotated[
        int, typer.Option(min=1, help="How many people to compare; all if they are no more.")
    ] = 15,
    events: Annotated[
        int, typer.Option(min=1, help="Events of these people altogether, at most.")
    ] = 2_000,
    as_json: JsonOption = False,
) -> None:
    """Build people by the fast lane's engines and compare each cell with what is published.

    Half of them are those touched last, the others differ from publication to publication. Ends
    with exit code 1 when anything differs; values are never shown, only their class.
    """
    from orchestration.lane_parity import check, record
    from orchestration.lane_parity.sample import Limits

    limits = Limits(people, events)
    found = check.run(load_settings(), now=datetime.now(UTC), limits=limits)
    if as_json:
        print_json(record.as_dict(found))
    else:
        _tell(found.compared, found.log_position)
    if not found.compared.passed:
        print_error(record.disagreement(found), as_json=False)
        raise typer.Exit(1)


def _tell(compared: Compared, position: int) -> None:
    out.print(
        f"{compared.people:,} people, {compared.events:,} events up to position {position:,}:"
        f" {compared.rows:,} rows of {compared.models} models compared,"
        f" {compared.found:,} differences."
    )
    if compared.left_out:
        out.print(f"Left out for their many events: {compared.left_out} chosen (--events).")
    if compared.differences:
        columns = ("model", "what", "column", "person", "published", "fast lane")
        out.print(table("Differences", columns, map(_row, compared.differences)))


def _row(each: Difference) -> tuple[str | None, ...]:
    return (each.model, each.what, each.column, each.person_id, each.published, each.made)
