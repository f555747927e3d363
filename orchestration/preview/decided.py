"""Decisions that were made after the copy was published: they stand, whatever the rules say now.

A batch publishes first and decides then, so the copy may hold MQLs as undecided that the log has
decided since. A rebuild reads decisions and never decides again, and so must a preview: the base
is built once more, with these decisions among its events.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy.engine import make_url

from ingestion.contracts import ContractSet
from ingestion.event_log.dedup import Key
from orchestration import connections, decisions, warehouse
from orchestration.errors import PreviewBuildError
from orchestration.fast_lane.plan import Plan
from orchestration.lane_parity.rows import of_log
from orchestration.preview import sides
from orchestration.preview.base import Base
from orchestration.settings import Settings


def settle(settings: Settings, base: Base, plan: Plan, progress: Callable[[str], None]) -> int:
    """Build the base with all decisions on it, in place of the pinned file; how many are newer
    than it was. `plan`: the statements that made it.

    Raises PreviewBuildError, LogUnavailableError.
    """
    made = _made_since(settings, base)
    if not made.num_rows:
        return 0
    progress(f"Building the base anew: {made.num_rows} decisions are newer than it")
    file = base.warehouse.with_name("settled.duckdb")
    try:
        sides.build(file, base.warehouse, plan, made)
    except duckdb.Error as error:
        raise PreviewBuildError(
            f"The base could not be built with newer decisions ({type(error).__name__}).",
            remedy="Run a batch (`millrace run`), which reads them, and the preview again.",
        ) from error
    file.replace(base.warehouse)
    return int(made.num_rows)


def _made_since(settings: Settings, base: Base) -> pa.Table:
    """Decisions on what the base holds as undecided, as raw.events has them."""
    with warehouse.connect(base.warehouse) as connection:
        found = decisions.undecided(connection)
    keys = [f"mql_reached:{row['cause_source']}:{row['cause_event_key']}" for row in found.mqls]
    keys += [row["assignment_id"] for row in found.assignments]
    if not keys or _is_missing(settings.log_url):
        return pa.table({})
    with closing(connections.event_log(settings)) as log:
        positions = log.positions(Key(decisions.SOURCE, key) for key in keys).values()
        newer = sorted(position for position in positions if position > base.log_position)
        return of_log(log, ContractSet.load())(tuple(newer))


def _is_missing(url: str) -> bool:
    """Whether there is no log beside the copy, as on a machine that only builds."""
    told = make_url(url)
    return told.get_backend_name() == "sqlite" and not Path(told.database or "").exists()
