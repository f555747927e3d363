"""`millrace log append`: import dumps file by file, and tell what became of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from ingestion.event_log import EventLog
from ingestion.event_log.export import LineParser
from ingestion.sources.dumps import (
    Dump,
    DumpReport,
    append_dump,
    exported_lines,
    find_dumps,
    webhook_lines,
)
from orchestration.commands.output import err


def append(
    log: EventLog, paths: Sequence[str], source: str | None, now: datetime, *, quiet: bool
) -> dict[str, Any]:
    """Append every file; totals, with one entry a file and one a refused line."""
    parse = webhook_lines(source, now, _new_id) if source else exported_lines(now, _new_id)
    dumps = [dump for path in paths for dump in find_dumps(path)]
    columns = (TextColumn("{task.description}: {task.completed:,.0f} lines"), TimeElapsedColumn())
    with Progress(*columns, console=err, disable=quiet or not err.is_terminal) as progress:
        reports = [_append(log, dump, parse, progress) for dump in dumps]
    return _told(reports)


def tell(told: Mapping[str, Any], out: Console) -> None:
    """For people: a line a file, then the lines that were refused."""
    for file in told["files"]:
        out.print(
            f"{file['file']}: {file['appended']:,} appended,"
            f" {file['duplicates']:,} already there, {file['refused']:,} refused."
        )
    for problem in told["problems"]:
        out.print(
            f"  {problem['file']}, line {problem['line']}: {problem['code']}:"
            f" {problem['detail']} {problem['remedy']}"
        )
    if told["refused"] > len(told["problems"]):
        out.print(f"  … and {told['refused'] - len(told['problems']):,} more lines.")


def _append(log: EventLog, dump: Dump, parse: LineParser, progress: Progress) -> DumpReport:
    task = progress.add_task(dump.name, total=None)
    show: Callable[[int], None] = lambda lines: progress.update(task, completed=lines)  # noqa: E731
    return append_dump(log, dump, parse, show)


def _told(reports: Sequence[DumpReport]) -> dict[str, Any]:
    files = [
        {
            "file": report.file,
            "appended": report.lines.appended,
            "duplicates": report.lines.duplicates,
            "refused": report.lines.refused,
        }
        for report in reports
    ]
    totals = {
        name: sum(report[name] for report in files)  # type: ignore[misc]
        for name in ("appended", "duplicates", "refused")
    }
    problems = [
        {"file": report.file, **asdict(problem)}
        for report in reports
        for problem in report.lines.problems
    ]
    return {**totals, "problems": problems, "files": files}


def _new_id() -> str:
    return uuid.uuid4().hex
