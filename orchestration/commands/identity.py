"""`millrace identity`: links that rules cannot see: propose, review, accept, reject."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from orchestration.commands.output import JsonOption, out, print_json, reports_errors, table
from orchestration.identity import review as reviews
from orchestration.settings import load_settings

app = typer.Typer(
    no_args_is_help=True,
    help="Identity: proposed links between people, for somebody to accept or reject.",
)

Person = Annotated[str, typer.Argument(help="Person id, as `millrace identity review` shows it.")]
Reason = Annotated[str | None, typer.Option(help="Why; kept with the decision.")]


@app.command()
@reports_errors
def propose(
    least_weight: Annotated[
        float | None,
        typer.Option(help="Bits of evidence; MILLRACE_IDENTITY_PROPOSE_WEIGHT if left out."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the people of the published copy with Splink; links nobody, unless
    MILLRACE_IDENTITY_ACCEPT_WEIGHT is set and reached."""
    found = reviews.renew(load_settings(), now=datetime.now(UTC), least_weight=least_weight)
    counts = {
        status: sum(row.status == status for row in found)
        for status in ("open", "accepted", "rejected")
    }
    if as_json:
        print_json(counts)
    else:
        out.print(f"{counts['open']} to review, {counts['accepted']} accepted.")


@app.command()
@reports_errors
def review(
    everything: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    limit: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """What is proposed, the most evidence first; `millrace why PERSON` tells who they are."""
    known = reviews.read(load_settings().identity_proposals)
    found = [row for row in known if everything or row.status == "open"][:limit]
    if as_json:
        print_json([asdict(row) for row in found])
        return
    columns = ("person_id", "other_person_id", "weight", "status", "features")
    out.print(
        table("Proposed links", columns, ([_cell(row, name) for name in columns] for row in found))
    )


@app.command()
@reports_errors
def accept(
    person: Person, other: Person, reason: Reason = None, as_json: JsonOption = False
) -> None:
    """They are one person: from the next batch on they are linked."""
    _decide(person, other, "accepted", reason, as_json=as_json)


@app.command()
@reports_errors
def reject(
    person: Person, other: Person, reason: Reason = None, as_json: JsonOption = False
) -> None:
    """They are two: they stay apart, whatever they come to share, until somebody links them."""
    _decide(person, other, "rejected", reason, as_json=as_json)


def _decide(
    person: str,
    other: str,
    status: Literal["accepted", "rejected"],
    reason: str | None,
    *,
    as_json: bool,
) -> None:
    decided = reviews.decide(
        load_settings(), person, other, status,
        by=getpass.getuser(), reason=reason, now=datetime.now(UTC),
    )  # fmt: skip
    if as_json:
        print_json(asdict(decided))
    else:
        out.print(f"{status}; the next batch applies it.")


def _cell(row: reviews.Reviewed, name: str) -> Any:
    if name == "features":
        return ", ".join(f"{feature}: {told}" for feature, told in row.features.items())
    return getattr(row, name)
