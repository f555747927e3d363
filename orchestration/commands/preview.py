"""`millrace preview`: what a changed dbt project would do, before it is merged."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.commands.output import (
    JsonOption,
    out,
    print_error,
    print_json,
    reports_errors,
    steps,
    table,
)
from orchestration.errors import PreviewAboveLimitError
from orchestration.settings import Settings, load_settings

if TYPE_CHECKING:
    from orchestration.preview.outcome import Report

PUBLISHED = "published"


@reports_errors
def preview(
    project_dir: Annotated[
        Path | None,
        typer.Option(help="The changed dbt project; the one of this checkout if left out."),
    ] = None,
    base: Annotated[
        str,
        typer.Option(
            help="What to compare with: `published`, or a folder that holds a copy of it"
            " (warehouse.duckdb, manifest.json, publication.json)."
        ),
    ] = PUBLISHED,
    markdown: Annotated[
        Path | None, typer.Option(help="Also write the report here, for a pull request.")
    ] = None,
    fail_above: Annotated[
        list[str] | None,
        typer.Option(help="Limits, as mqls_lost=10,deliveries=1000; above one the exit code is 1."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Build every model, also those that are the same.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the preview's DuckDB file under <home>/preview/.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Build the changed dbt project beside production's data and tell what the change would do.

    People merged and split, scores, MQLs, owners, consent, attribution, rows of every model, and
    the deliveries that would follow with their requests and minutes. People are named by id alone.
    Nothing of production is written, and a batch may run meanwhile.
    """
    from orchestration.dbt import PROJECT_DIR
    from orchestration.preview import limits, report
    from orchestration.preview.run import Question, run

    limited = limits.parse(fail_above or [])
    settings = load_settings()
    source = (project_dir or PROJECT_DIR).resolve()
    question = Question(source, _published(settings, base), full, keep)
    told = run(settings, question, now=datetime.now(UTC), progress=steps(as_json))
    above = limits.passed(told, limited)
    if markdown:
        markdown.write_text(report.markdown(told, above), encoding="utf-8")
    print_json(report.as_dict(told, above)) if as_json else _tell(told)
    if above:
        words = f"The change is above its limits: {'; '.join(map(str, above))}."
        print_error(PreviewAboveLimitError(words), as_json=False)
        raise typer.Exit(1)


def _published(settings: Settings, base: str) -> Path:
    return settings.published if base == PUBLISHED else Path(base) / settings.published.name


def _tell(told: Report) -> None:
    from orchestration.preview import report

    out.print(f"[bold]{report.summary(told)}[/]")
    out.print(report.scope(told))
    for section in report.sections(told):
        out.print(table(section.title, section.columns, section.rows))
    if told.kept:
        out.print(f"Kept: {told.kept}")
