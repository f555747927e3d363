"""`millrace pull`: read vendors' APIs into the event log, and find what webhooks dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.commands.output import (
    JsonOption,
    err,
    out,
    print_json,
    reports_errors,
    table,
)
from orchestration.pulls.accounts import PULLED
from orchestration.settings import load_settings

if TYPE_CHECKING:
    from ingestion.pulls import StreamReport
    from orchestration.settings import Settings


@reports_errors
def pull(
    names: Annotated[
        list[str] | None, typer.Argument(help="Sources; those of MILLRACE_PULLS if left out.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(help="Read again what changed since then (UTC); cursors do not go back."),
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Only show the sources and what each needs.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read what changed at vendors' APIs into the event log.

    A change that a webhook should have told of, and did not within an hour, is counted as dropped.
    Ends with exit code 1 when a vendor could not be read to the end; what was read is kept, and
    the next pull goes on from there.
    """
    from orchestration.pulls import run as pulls

    settings = load_settings()
    if list_:
        _list(settings, as_json)
        return
    unknown = sorted(set(names or ()) - set(PULLED))
    if unknown:
        known = ", ".join(PULLED)
        raise typer.BadParameter(f"{unknown[0]} cannot be pulled; choose from {known}.")
    started = None if since is None else since.replace(tzinfo=UTC)
    show = (lambda _report: None) if as_json else _progress
    reports = pulls.pull(settings, names or settings.pulls, since=started, progress=show)
    print_json({"pulled": [as_dict(each) for each in reports]}) if as_json else _tell(reports)
    if any(each.code for each in reports):
        raise typer.Exit(1)


def as_dict(report: StreamReport) -> dict[str, object]:
    """A report for programs."""
    from dataclasses import asdict

    from dbt_project.catalogue import remedy

    told = {**asdict(report), "started_at": report.started_at.isoformat()}
    return {**told, "remedy": remedy(report.code)}


def _list(settings: Settings, as_json: bool) -> None:
    from orchestration.pulls import run as pulls
    from orchestration.pulls import sources as pull_sources

    rows = [
        {
            "name": each.name,
            "pulls": each.told,
            "on": each.name in settings.pulls,
            "needs": pulls.needs(settings, each),
        }
        for each in pull_sources.PULLERS
    ]
    if as_json:
        print_json({"sources": rows})
        return
    columns = ("name", "pulls", "on", "needs")
    cells = ((row["name"], row["pulls"], "yes" if row["on"] else "", row["needs"]) for row in rows)
    out.print(table("Sources that can be pulled", columns, cells))


def _progress(report: StreamReport) -> None:
    err.print(f"[dim]{report.source} {report.kind}: {report.read:,} read, {report.new:,} new …[/]")


def _tell(reports: Sequence[StreamReport]) -> None:
    from dbt_project.catalogue import remedy

    columns = ("source", "kind", "read", "new", "dropped by webhook", "requests", "seconds", "code")
    rows = [
        (
            each.source,
            each.kind,
            f"{each.read:,}",
            f"{each.new:,}",
            f"{each.dropped:,}",
            f"{each.requests:,}",
            f"{each.seconds:.1f}",
            each.code,
        )
        for each in reports
    ]
    if rows:
        out.print(table("Pulled", columns, rows))
    else:
        out.print("Nothing to pull: MILLRACE_PULLS names no source (`millrace pull --list`).")
    for each in reports:
        if each.code:
            err.print(f"[bold red]{each.code}[/]: {each.message} {remedy(each.code)}")
