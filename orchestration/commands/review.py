"""`millrace review`: what does nothing, what would fail unseen, what was slow."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from orchestration.commands.output import JsonOption, out, print_json, reports_errors, table
from orchestration.settings import load_settings


@reports_errors
def review(
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 when there is anything to look at.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """The review of the last day, as the asset operations/audit makes it: accounting, slow hot
    leads, dead letters by repair, automations without alert, old credentials, and what has done
    nothing for 30 days. Each finding says what to do."""
    from orchestration import dagster_home
    from orchestration.review import report, run

    settings, now = load_settings(), datetime.now(UTC)
    with dagster_home.instance(settings) as instance:
        findings = run.run(settings, instance, now=now)
    if as_json:
        print_json(report.as_dict(findings, now=now))
    else:
        rows = ((each.part, each.code, each.what, each.remedy) for each in findings)
        out.print(table("Review", ("part", "code", "what", "what to do"), rows))
        out.print(f"Review: {report.told(findings)}")
    if strict and findings:
        raise typer.Exit(1)
