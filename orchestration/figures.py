"""The figures that the published copy is shown with: funnel, attribution, speed, deliveries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from duckdb import DuckDBPyConnection

from orchestration import charts, warehouse

FUNNEL = """
    select count(*) as leads, count(mql_at) as mqls, count(sql_at) as sqls,
           count(customer_at) as won
    from marts.fct_lead_milestones
"""
CREDITS = """
    select channel, model, cast(sum(credit) as double) as conversions
    from marts.fct_attribution
    group by channel, model
"""
SECONDS = """
    select date_diff('millisecond', coalesce(received_at, created_at), delivered_at) / 1000.0
        as seconds
    from marts.fct_deliveries
    where state = 'delivered' and is_news and is_hot
"""
OUTCOMES = """
    select destination, state, count(*) as deliveries
    from marts.fct_deliveries
    group by destination, state
"""

TABLES = """
    select schema_name, table_name
    from duckdb_tables()
    where database_name = current_database() and not internal
"""

MODELS: Final = ("first", "last", "linear", "position_based", "shapley")
CHARTED: Final = "linear"
BUCKETS: Final = (1, 5, 15, 60, 300, 3600)  # seconds


def figures(copy: DuckDBPyConnection) -> dict[str, str]:
    """Markdown by what it shows, from a published copy."""
    (steps,) = warehouse.rows(copy, FUNNEL)
    return {
        "funnel": funnel(steps),
        "attribution_by_channel": attribution(warehouse.rows(copy, CREDITS)),
        "lead_velocity": speed([row["seconds"] for row in warehouse.rows(copy, SECONDS)]),
        "delivery_outcomes": outcomes(warehouse.rows(copy, OUTCOMES)),
    }


def shown(published: Path) -> dict[str, str]:
    """The figures of the published copy in this file."""
    with warehouse.connect(published) as copy:
        return figures(copy)


def rows_of(file: Path) -> dict[str, int]:
    """The rows of the warehouse in this file, whose only user the caller is."""
    with warehouse.connect(file, read_only=False) as connection:
        return row_counts(connection)


def funnel(steps: Mapping[str, int]) -> str:
    """How many got how far, and what share of the step before."""
    names = {"leads": "Leads", "mqls": "MQLs", "sqls": "SQLs", "won": "Won"}
    values = {told: steps[name] for name, told in names.items()}
    counts = list(values.values())
    notes = {
        name: f"{100 * counts[place + 1] / counts[place]:.1f} % of {list(values)[place]}"
        for place, name in enumerate(list(values)[1:])
        if counts[place]
    }
    return charts.bars("Step", values, notes)


def attribution(rows: Sequence[Mapping[str, Any]]) -> str:
    """Conversions by channel under several models; the bars are those of one."""
    credit = {(row["channel"], row["model"]): row["conversions"] for row in rows}
    by_size = sorted(
        {channel for channel, _ in credit},
        key=lambda channel: (-credit.get((channel, CHARTED), 0.0), channel),
    )
    largest = max((credit.get((channel, CHARTED), 0.0) for channel in by_size), default=0.0)
    told = [
        (
            channel,
            charts.bar(credit.get((channel, CHARTED), 0.0), largest),
            *(float(credit.get((channel, model), 0.0)) for model in MODELS),
        )
        for channel in by_size
    ]
    return charts.table(("Channel", f"({CHARTED})", *MODELS), told)


def speed(seconds: Sequence[float]) -> str:
    """How many hot leads took how long from the gateway to a destination's answer."""
    limits = (*BUCKETS, None)
    counted = Counter(next((b for b in BUCKETS if value <= b), None) for value in seconds)
    return charts.bars(
        "Seconds to the answer",
        {f"≤ {limit}" if limit else f"> {BUCKETS[-1]}": counted[limit] for limit in limits},
        {},
    )


def outcomes(rows: Sequence[Mapping[str, Any]]) -> str:
    """Deliveries of each destination by state; the bar is the share delivered."""
    states = sorted({row["state"] for row in rows}, key=lambda state: (state != "delivered", state))
    count = {(row["destination"], row["state"]): row["deliveries"] for row in rows}
    told = []
    for name in sorted({row["destination"] for row in rows}):
        numbers = [count.get((name, state), 0) for state in states]
        share = count.get((name, "delivered"), 0)
        told.append((name, charts.bar(share, sum(numbers)), *numbers))
    return charts.table(("Destination", "delivered", *states), told)


def row_counts(connection: DuckDBPyConnection) -> dict[str, int]:
    """Rows of every table as schema/name, in one query over what DuckDB keeps of each; views are
    left out, as to count one is to compute it."""
    names = [tuple(row.values()) for row in warehouse.rows(connection, TABLES)]
    if not names:
        return {}
    counts = " union all ".join(
        f'select \'{schema}/{name}\' as name, count(*) as rows from "{schema}"."{name}"'  # noqa: S608  our own tables
        for schema, name in names
    )
    return {row["name"]: row["rows"] for row in warehouse.rows(connection, counts)}
