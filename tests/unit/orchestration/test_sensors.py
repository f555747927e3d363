from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from orchestration.defs.operations.sensors import next_push, next_refresh
from orchestration.warehouse import Publication

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def keys(result: dg.SensorResult | dg.SkipReason) -> list[str | None]:
    if isinstance(result, dg.SkipReason):
        return []
    return [request.run_key for request in result.run_requests or []]


def published(digest: str) -> Publication:
    return Publication(NOW, 10, {"act_a": digest, "act_b": "same"})


def test_new_rows_ask_for_one_refresh_up_to_the_head() -> None:
    """The watermark is the head of the log, so rows that come meanwhile are not forgotten."""
    result = next_refresh(head=7, loaded=3, requested=3)

    assert keys(result) == ["refresh_warehouse:7"]
    assert isinstance(result, dg.SensorResult)
    assert result.cursor == "7"


def test_loaded_rows_ask_for_nothing() -> None:
    """A tick without news starts no run."""
    assert keys(next_refresh(head=7, loaded=7, requested=3)) == []


def test_a_changed_activation_table_asks_for_one_push() -> None:
    """The same content never starts a second push; another content does."""
    first = next_push(job="push", published=published("1"), tables=("act_a", "act_b"), done=None)
    assert isinstance(first, dg.SensorResult)
    again = next_push(
        job="push", published=published("1"), tables=("act_a", "act_b"), done=first.cursor
    )
    changed = next_push(
        job="push", published=published("2"), tables=("act_a", "act_b"), done=first.cursor
    )

    assert len(keys(first)) == 1
    assert keys(again) == []
    assert len(keys(changed)) == 1
    assert keys(changed) != keys(first)


def test_nothing_published_asks_for_nothing() -> None:
    """Before the first batch there is nothing to push."""
    assert keys(next_push(job="push", published=None, tables=("act_a",), done=None)) == []
