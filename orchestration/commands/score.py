"""`millrace score`: versions of the score, backtests, trained scorecards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from orchestration.commands.output import JsonOption, err, out, print_json, reports_errors, table
from orchestration.settings import load_settings

app = typer.Typer(
    no_args_is_help=True, help="Scores: versions, backtests over history, trained scorecards."
)

DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
VERDICT = (
    "version", "mqls", "people", "judged", "hits", "precision", "recall", "lift",
    "median_lead_days", "already", "undecided",
)  # fmt: skip


class Outcome(StrEnum):
    opportunity = "opportunity"
    customer = "customer"


@app.command()
@reports_errors
def versions(as_json: JsonOption = False) -> None:
    """Every version of the seed files, with its rules and threshold; refused when one is broken."""
    from orchestration.scoring.listing import listed

    found = listed(load_settings())
    if as_json:
        print_json(found)
        return
    columns = ("version", "status", "kind", "threshold", "rearm_below", "live_from", "rules")
    out.print(table("Score versions", columns, ([row[name] for name in columns] for row in found)))


@app.command()
@reports_errors
def backtest(
    version: Annotated[str, typer.Option(help="The version to try, of any status.")],
    against: Annotated[
        str | None, typer.Option(help="What to compare it with; the live version if left out.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=DATES, help="First day of MQLs (UTC).")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=DATES, help="MQLs before this time (UTC).")
    ] = None,
    horizon_days: Annotated[
        int, typer.Option(min=1, help="How soon after the MQL the outcome must follow.")
    ] = 90,
    step_days: Annotated[
        int, typer.Option(min=1, help="How often what is known is renewed: smaller is slower.")
    ] = 30,
    outcome: Annotated[
        Outcome, typer.Option(help="What an MQL is good for: an opportunity, or a deal won.")
    ] = Outcome.opportunity,
    as_json: JsonOption = False,
) -> None:
    """Replay history as of each date, and tell what a version's MQLs would have been worth.

    Only events that had occurred count, and who was who as it was known then. The rules are those
    of the seed files, so a draft can be tried before it is built.
    """
    from orchestration.scoring.backtest_run import Question, run

    question = Question(
        version, against, _utc(since), _utc(until),
        timedelta(days=horizon_days), timedelta(days=step_days), outcome.value,
    )  # fmt: skip

    def progress(step: str) -> None:
        if not as_json:
            err.print(f"{step} …")

    told = run(load_settings(), question, progress=progress)
    print_json(told) if as_json else _tell(told)


@app.command()
@reports_errors
def train(
    version: Annotated[str, typer.Option(help="A shadow version of kind scorecard.")] = "card-1",
    horizon_days: Annotated[
        int, typer.Option(min=1, help="How soon an outcome must follow to count.")
    ] = 90,
    as_json: JsonOption = False,
) -> None:
    """Learn a scorecard's points from what became of leads, as the Dagster asset does."""
    from orchestration.scoring.scorecard_run import train_version

    told = train_version(
        load_settings(), version, horizon=timedelta(days=horizon_days), now=datetime.now(UTC)
    )
    if as_json:
        print_json(told)
        return
    columns = ("rule_id", "field", "operator", "value", "points", "cap")
    rows = ([rule[name] for name in columns] for rule in told["rules"])
    out.print(table(f"Points of {version}", columns, rows))
    out.print(
        f"AUC {told['auc']} on {told['tested_people']} people held out. "
        "The next batch scores by these points."
    )


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _tell(told: Mapping[str, Any]) -> None:
    out.print(
        f"MQLs from {told['from']:%Y-%m-%d} to {told['to']:%Y-%m-%d}; a hit has an outcome "
        f"({told['outcome']}) within {told['horizon_days']} days. "
        f"Of all new people {_percent(told['base_rate'])} had one."
    )
    rows = ([row[name] for name in VERDICT] for row in told["versions"])
    out.print(table("Versions", VERDICT, rows))
    people = told["people"]
    out.print(
        f"People: {people['both']} in both, {people['only_version']} only in {told['version']}, "
        f"{people['only_against']} only in {told['against']}."
    )


def _percent(rate: float | None) -> str:
    return "nobody could be judged, so no rate of them" if rate is None else f"{rate:.1%}"
