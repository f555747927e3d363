"""What a backtest counts as a hit, and what it refuses to judge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from orchestration.scoring.backtest import History, Mql, Window, base_rate, judge
from orchestration.scoring.backtest_run import steps

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


WINDOW = Window(since=day(0), until=day(100), horizon=timedelta(days=30), known_until=day(120))


def test_a_verdict_counts_hits_misses_and_what_cannot_be_judged() -> None:
    """Hit: outcome within the horizon. Outcome before: already. Horizon not over: undecided."""
    history = History(
        first_seen={name: day(1) for name in ("hit", "late", "miss", "already", "young", "unseen")},
        outcomes={"hit": day(20), "late": day(60), "already": day(5), "unseen": day(50)},
    )
    mqls = [
        Mql("hit", day(10)), Mql("late", day(10)), Mql("miss", day(10)), Mql("already", day(10)),
        Mql("young", day(95)),
    ]  # fmt: skip
    verdict = judge(mqls, history, WINDOW)
    assert (5, 5, 1, 1, 3, 1) == (
        verdict.mqls, verdict.people, verdict.already, verdict.undecided, verdict.judged,
        verdict.hits,
    )  # fmt: skip
    assert (0.3333, 10.0) == (verdict.precision, verdict.median_lead_days)
    # Four had an outcome; only "hit" was an MQL in the thirty days before.
    assert 0.25 == verdict.recall
    # Of six new people two ("hit", "already") had one within thirty days of being seen.
    assert base_rate(history, WINDOW) == 0.3333
    assert 1.0 == verdict.lift


def test_nothing_to_judge_gives_no_rate() -> None:
    """No MQL, no outcome: rates are unknown, not zero."""
    verdict = judge([], History({}, {}), WINDOW)
    assert (0, None, None, None, None) == (
        verdict.mqls, verdict.precision, verdict.recall, verdict.lift, verdict.median_lead_days,
    )  # fmt: skip


def test_steps_cover_the_window_once() -> None:
    """The parts touch, end where the window ends, and the last may be shorter."""
    found = list(steps(WINDOW, timedelta(days=40)))
    assert [(day(0), day(40)), (day(40), day(80)), (day(80), day(100))] == found
