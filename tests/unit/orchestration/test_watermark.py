from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.watermark import FIRST_RETRY, LAST_RETRY, Asked, RunState, Wait, decide

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def test_news_is_asked_for_up_to_its_end() -> None:
    """The first tick that sees news asks for everything up to there."""
    assert decide("7", None, RunState.NONE, now=NOW) == Asked("7", 0, NOW)


def test_news_during_a_run_waits_for_its_end() -> None:
    """A burst of events starts one run after another, not one run an event."""
    asked = Asked("7", 0, NOW)

    assert isinstance(decide("9", asked, RunState.ACTIVE, now=LATER), Wait)
    assert decide("9", asked, RunState.SUCCEEDED, now=LATER) == Asked("9", 0, LATER)


def test_what_succeeded_is_not_asked_for_again() -> None:
    """The same content never starts a second run."""
    assert isinstance(decide("7", Asked("7", 0, NOW), RunState.SUCCEEDED, now=LATER), Wait)


def test_a_failed_run_is_asked_for_again_later_each_time() -> None:
    """A failure is neither forgotten nor repeated in a loop."""
    first = Asked("7", 0, NOW)

    assert isinstance(decide("7", first, RunState.FAILED, now=NOW), Wait)
    second = decide("7", first, RunState.FAILED, now=NOW + FIRST_RETRY)
    assert second == Asked("7", 1, NOW + FIRST_RETRY)
    assert isinstance(decide("7", second, RunState.FAILED, now=NOW + 2 * FIRST_RETRY), Wait)


@pytest.mark.parametrize("attempt", [5, 10, 50])
def test_the_wait_has_an_end(attempt: int) -> None:
    """However often it failed, the next try is minutes away, not days."""
    asked = Asked("7", attempt, NOW)

    assert decide("7", asked, RunState.FAILED, now=NOW + LAST_RETRY) == Asked(
        "7", attempt + 1, NOW + LAST_RETRY
    )


def test_run_keys_are_never_shared() -> None:
    """Two jobs, two attempts or two moments give different run keys: Dagster drops equal ones."""
    keys = {
        asked.run_key(job)
        for job in ("push_mqls", "push_conversions")
        for asked in (Asked("7", 0, NOW), Asked("7", 1, NOW), Asked("7", 0, LATER))
    }

    assert len(keys) == 6


def test_the_cursor_survives_the_round_trip() -> None:
    """What is stored between ticks is what was asked."""
    asked = Asked("a|b", 3, NOW)

    assert Asked.from_cursor(asked.to_cursor()) == asked
    assert Asked.from_cursor(None) is None


@given(st.lists(st.sampled_from(["rows", "tick", "tick", "succeeds", "fails"]), max_size=80))
def test_whatever_happens_all_rows_arrive_by_few_runs(steps: list[str]) -> None:
    """Never two runs at once, never a run key twice, at most one run for each time that rows came
    or a run failed, and in the end everything is loaded."""
    head, loaded, now = 1, 0, NOW
    asked: Asked | None = None
    state, keys, causes = RunState.NONE, [], 1
    for step in [*steps, *(["succeeds", "tick"] * 2), "succeeds"]:
        now += timedelta(hours=1)
        if step == "rows":
            head, causes = head + 1, causes + 1
        elif step == "tick" and head > loaded:
            decision = decide(str(head), asked, state, now=now)
            if isinstance(decision, Asked):
                assert state is not RunState.ACTIVE
                asked, state = decision, RunState.ACTIVE
                keys.append(decision.run_key("job"))
        elif state is RunState.ACTIVE and asked is not None and step == "succeeds":
            loaded, state = int(asked.target), RunState.SUCCEEDED
        elif state is RunState.ACTIVE and step == "fails":
            state, causes = RunState.FAILED, causes + 1

    assert head == loaded
    assert len(set(keys)) == len(keys) <= causes
