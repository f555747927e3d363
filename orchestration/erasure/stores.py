"""What an erasure does to each store. Every function may be called again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from ingestion.api.erasure import forget_requests
from ingestion.event_log import EventLog
from ingestion.event_log.dedup import Key
from ingestion.event_log.erasure import Changes, Found, change_rows, lingers, search, shrink
from ingestion.event_log.erasure_archive import change_archive
from ingestion.event_log.needles import Needles
from ingestion.pulls.state import PullState
from orchestration import connections
from orchestration.backup import aside
from orchestration.batch import run_batch
from orchestration.decisions import SOURCE
from orchestration.erasure import files as erasure_files
from orchestration.erasure.plan import Plan, folder
from orchestration.settings import Settings

_REFRESH: Final = "refresh_warehouse"
_SENDING_SECONDS: Final = 30.0
"""How long rows that are being sent at this moment may take to be settled."""
_TICK: Final = 0.2
_POSTGRES: Final = (
    "The event log is on PostgreSQL: old bytes leave its files as the server reuses their space"
    " (VACUUM FULL events at once), and its WAL archive and backups as you expire them."
)

Pause = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Searched:
    """What the search of the files found: how many there are, how many text files were masked,
    where something is left, and what to know besides."""

    files: int
    masked: int
    left: tuple[str, ...]
    notes: tuple[str, ...] = ()


def log(log: EventLog, changes: Changes, pause: Pause) -> dict[str, int]:
    """Empty and mask events in the log."""
    change_rows(log, changes, pause=pause)
    found = changes.found
    return {"events_emptied": len(found.whole), "events_masked": len(found.mentions)}


def archive(settings: Settings, log: EventLog, changes: Changes) -> dict[str, int]:
    """Write the files of the archive anew that hold such events."""
    events, files = change_archive(log, settings.archive, changes)
    return {"archived_events": events, "archive_files": files}


def answers(log: EventLog, needles: Needles) -> dict[str, int]:
    """Forget kept answers that name the person."""
    return {"kept_answers": forget_requests(log.engines[1], needles.mentioned_in)}


def pulls(log: EventLog, plan: Plan) -> dict[str, int]:
    """Forget what is noted of objects that were pulled under the person's ids."""
    return {"pulled_objects": PullState(log).forget(value for _field, value in plan.identifiers)}


def ledger(
    settings: Settings, plan: Plan, clock: Callable[[], datetime], pause: Pause
) -> dict[str, int]:
    """Cancel what is queued, wait for what is being sent, then empty everything."""
    needles = Needles(plan.spellings)
    with closing(connections.ledger(settings)) as ledger:
        deadline = time.monotonic() + _SENDING_SECONDS
        while ledger.erasure.cancel(plan.persons, clock()) and time.monotonic() < deadline:
            pause(_TICK)
        told = ledger.erasure.erase(plan.persons, needles, clock(), positions=plan.whole)
        ledger.erasure.scrub()
    return {f"ledger_{name}": number for name, number in asdict(told).items()}


def build(settings: Settings, from_nothing: bool, progress: Callable[[str], None]) -> None:
    """Load what is new, build and publish; nothing is sent. From nothing, the warehouse is thrown
    away first, and an analyst's own copy with it: in a file that is new no old byte lingers."""
    run_batch(settings, full=from_nothing, progress=progress, job=_REFRESH)
    if not from_nothing:
        return
    leftovers = (
        *settings.published.parent.glob("*.next"),
        settings.home / "dev.duckdb",
        settings.home / "dev.duckdb.wal",
    )
    for path in leftovers:
        path.unlink(missing_ok=True)
    shutil.rmtree(settings.home / "preview", ignore_errors=True)  # what previews kept


def position_of(log: EventLog, event_key: str) -> int:
    """Where the decision of an erasure is."""
    return log.positions([Key(SOURCE, event_key)])[Key(SOURCE, event_key)]


def clean(settings: Settings, log: EventLog, plan: Plan, until: int) -> Searched:
    """Search every file for the person; what is a file of text is masked, the log's SQLite file
    is written anew if it must be."""
    needles = Needles(plan.spellings)
    shrink(log, anew=False)
    databases = [path for url in (settings.log_url, settings.ledger_url) if (path := _file(url))]
    elsewhere = [*_with_wal(databases), settings.warehouse, *aside.kept(settings)]
    files = list(erasure_files.every_file(settings, elsewhere))
    mine = [path for path in files if not path.is_relative_to(folder(settings))]
    found = [path for path in mine if _holds(path, needles)]
    masked = [path for path in found if erasure_files.mask(path, needles)]
    log_file = _file(settings.log_url)
    if log_file and any(path in _with_wal([log_file]) for path in found):
        shrink(log, anew=True)
    left = [path for path in found if _holds(path, needles)]
    if left and _only_others(settings, log, plan, needles, until):
        # Longer addresses of other people, or what arrived after the decision: data of their own.
        left = [path for path in left if path not in _of_stores(settings, databases)]
    notes = () if log_file else (_POSTGRES,)
    return Searched(len(mine), len(masked), tuple(map(str, left)), notes)


def _holds(path: Path, needles: Needles) -> bool:
    try:
        return erasure_files.holds(path, needles.forms)
    except FileNotFoundError:  # a file that came and went meanwhile
        return False


def _only_others(
    settings: Settings, log: EventLog, plan: Plan, needles: Needles, until: int
) -> bool:
    """Whether no event up to the decision, and nothing in the ledger, names the person."""
    again = search(log, needles, plan.persons, until=until)
    theirs = Changes(plan.erasure_id, needles, Found(frozenset(plan.whole)))
    if again.whole or again.mentions or lingers(log, theirs):
        return False
    with closing(connections.ledger(settings)) as ledger:
        return not ledger.erasure.names(needles.masked_text)


def _of_stores(settings: Settings, databases: list[Path]) -> set[Path]:
    return {*_with_wal(databases), settings.warehouse, settings.published}


def _with_wal(databases: list[Path]) -> list[Path]:
    return [
        path.with_name(path.name + suffix) for path in databases for suffix in ("", "-wal", "-shm")
    ]


def _file(url: str) -> Path | None:
    """The file of an SQLite database; None for a server."""
    parsed = make_url(url)
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database
    return Path(str(parsed.database)) if is_file else None
