"""Events sorted by what they have in common, and put together again."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.sources.parts import SCHEMA
from orchestration.fast_lane.shape import KINDS, EventKind, columns_of, split, view_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
EVENTS = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["typeform", "o'reilly"]),
        "event_type": st.sampled_from([None, "form_response", "it's"]),
        "contract": st.sampled_from([None, "typeform/form_response/1.0.0"]),
        "historical": st.booleans(),
        "problem_code": st.sampled_from([None, "BODY_NOT_JSON"]),
        "body": st.sampled_from([None, "{}", '{"a": "ü"}']),
    }
)


def table(events: list[dict[str, object]]) -> pa.Table:
    common = {
        "kind": "webhook", "received_at": NOW, "correlation_id": "c", "body_hash": "h",
        "problem_path": None, "problem_value": None,
    }  # fmt: skip
    rows = [
        {**common, **event, "position": number, "event_key": f"k{number}"}
        for number, event in enumerate(events, start=1)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


@settings(deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=8))
def test_the_view_holds_the_events_as_they_came(events: list[dict[str, object]]) -> None:
    """Whatever stands in the view as a constant is what the events say, in the log's columns."""
    whole = table(events)
    parts = split(whole)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for number, (kind, rows) in enumerate(parts.items()):
            connection.execute(f"create table t{number} ({columns_of(kind)})")
            connection.register("rows", rows)
            connection.execute(f"insert into t{number} by name from rows")
            connection.unregister("rows")
        named = [(kind, f"t{number}") for number, kind in enumerate(parts)]
        found = connection.execute(f"from ({view_of(named)}) order by position")
        assert whole.to_pylist() == found.to_arrow_table().cast(SCHEMA).to_pylist()
        connection.register("events", whole)
        asked = connection.execute(KINDS.format(table="events")).fetchall()
        assert {EventKind(*row) for row in asked} == set(parts)


def test_before_the_first_event_there_are_no_rows() -> None:
    """A log without an event has no kinds; its view has every column, by name and type, all the
    same."""
    kind = EventKind("typeform", None, None, historical=False, is_sound=False)
    with duckdb.connect() as connection:
        connection.execute(f"create table held ({columns_of(kind)})")
        expected = connection.sql(view_of([(kind, "held")]))
        found = connection.sql(view_of([]))
        assert (expected.columns, expected.types) == (found.columns, found.types)
        assert [] == found.fetchall()
