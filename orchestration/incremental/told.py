"""An incremental build as Dagster shows it: what dbt would have reported, model by model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dagster as dg

from orchestration.incremental.build import Report
from orchestration.incremental.merge import Merged
from orchestration.incremental.state import Build

Result = dg.MaterializeResult | dg.AssetCheckResult  # type: ignore[type-arg]  # as Dagster reads it


_TOLD_EVERY = 25  # tables and views
ROW_COUNT = "dagster/row_count"  # the name that the UI shows as an asset's rows


def with_tables(
    events: Iterator[Any],
    tables: Callable[[], Mapping[str, Mapping[str, Any]]],
    *,
    wanted: int,
    progress: Callable[[str], object],
) -> Iterator[Any]:
    """What dbt reports, with the metadata of each table, as schema/name. dbt has the file as long
    as it runs, so all is told when it has ended; where it fails, without.

    `progress` hears meanwhile how many of the `wanted` tables are there.
    """
    held: list[Any] = []
    built = 0
    try:
        for event in events:
            held.append(event)
            built += isinstance(event, dg.Output)
            if isinstance(event, dg.Output) and built % _TOLD_EVERY == 0:
                progress(f"dbt has built {built} of {wanted} tables and views.")
    except Exception:
        yield from held
        raise
    told = tables()
    for event in held:
        yield _extended(event, told)


def _extended(event: Any, tables: Mapping[str, Mapping[str, Any]]) -> Any:
    if not isinstance(event, dg.Output):
        return event
    name = event.output_name.replace("__", "/", 1)
    return event.with_metadata({**event.metadata, **tables.get(name, {})})


def results(
    report: Report,
    keys: set[dg.AssetKey],
    checks: set[dg.AssetCheckKey],
    rows: Mapping[str, int],
) -> Iterator[Result]:
    """One materialization for each asset in `keys`, one result for each check that was made;
    `rows`: of each table, as schema/name."""
    place = {name: index for index, name in enumerate(report.order)}
    for key in sorted(keys, key=lambda each: place[each.path[-1]]):
        name = key.to_user_string()
        counted = {ROW_COUNT: rows[name]} if name in rows else {}
        yield dg.MaterializeResult(
            asset_key=key, metadata={**_metadata(report.merged.get(key.path[-1])), **counted}
        )
    made = {outcome.test.name: outcome for outcome in report.tests}
    for check in sorted(checks, key=lambda each: (each.asset_key, each.name)):
        outcome = made.get(check.name)
        yield dg.AssetCheckResult(
            asset_key=check.asset_key,
            check_name=check.name,
            passed=outcome is None or outcome.failures == 0,
            severity=dg.AssetCheckSeverity.WARN
            if outcome and outcome.test.warns
            else dg.AssetCheckSeverity.ERROR,
            metadata={"rows": "those touched" if outcome else "none: nothing it reads changed"},
        )


def last(build: Build | None) -> dict[str, Any]:
    """The build as metadata of what came out of it."""
    if build is None:
        return {"build": "partial"}
    told = {
        "build": build.kind,
        "build_reason": build.reason,
        "build_new_events": build.new_events,
        "build_touched_people": build.touched_people,
        "build_touched_events": build.touched_events,
        "build_seconds": round(build.seconds, 3),
    }
    return {name: value for name, value in told.items() if value is not None}


def _metadata(merged: Merged | None) -> dict[str, Any]:
    if merged is None:
        return {"rows_deleted": 0, "rows_inserted": 0}
    return {"rows_deleted": merged.deleted, "rows_inserted": merged.inserted}
