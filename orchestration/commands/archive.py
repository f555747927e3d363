"""`millrace log archive`: move the content of old events out of the log, into compressed files."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from ingestion.event_log.archive import ArchiveReport
from ingestion.event_log.archive import archive as move
from orchestration import connections
from orchestration.commands.output import JsonOption, err, out, print_json, reports_errors
from orchestration.errors import SettingError
from orchestration.settings import Settings, load_settings

_MEGABYTE = 1_000_000


@reports_errors
def archive(
    older_than_days: Annotated[
        int | None,
        typer.Option(min=1, help="Age in days; MILLRACE_ARCHIVE_AFTER_DAYS without it."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Move the content of old events to compressed files; everything reads it from there.

    Keys and counts stay in the log. May be stopped and started again at any time.
    """
    settings = load_settings()
    before = datetime.now(UTC) - _age(older_than_days, settings)
    with (
        closing(connections.event_log(settings)) as log,
        err.status("Looking for old events …") as shown,
    ):
        report = move(
            log.stored,
            settings.archive,
            before,
            progress=lambda report: shown.update(f"{report.events:,} events moved …"),
        )
        shown.update("Giving disk space back …")
        log.stored.give_back()
    _tell(report, before, as_json=as_json)


def _age(days: int | None, settings: Settings) -> timedelta:
    chosen = days or settings.archive_after_days
    if chosen is None:
        raise SettingError(
            "Nobody said how old events must be.",
            remedy="Give --older-than-days, or set MILLRACE_ARCHIVE_AFTER_DAYS.",
        )
    return timedelta(days=chosen)


def _tell(report: ArchiveReport, before: datetime, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "events": report.events,
                "files": report.files,
                "file_bytes": report.file_bytes,
                "before": before.isoformat(),
            }
        )
    else:
        size = report.file_bytes / _MEGABYTE
        out.print(f"{report.events:,} events moved into {report.files} files of {size:,.1f} MB.")
