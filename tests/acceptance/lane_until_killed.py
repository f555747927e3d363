"""A fast lane in a process of its own, to be killed: lane_until_killed.py [POINT].

It makes itself ready, says so, waits for a line, and works until nothing is left in the log. With
POINT it kills itself when it first comes there. Settings are read from the environment.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

from ingestion.event_log import EventLog
from orchestration import connections, decisions
from orchestration.fast_lane import loading
from orchestration.fast_lane.engine import Engine
from orchestration.fast_lane.worker import Worker
from orchestration.settings import load_settings
from reverse_etl.ledger import lane as ledger_lane

_RESTS = 0.5  # a turn that asks for so long a pause went wrong


def die() -> None:
    """As a machine does that loses power, for this process."""
    os.kill(os.getpid(), signal.SIGKILL)


def _before(owner: Any, name: str, is_it: Callable[..., bool] = lambda *_, **__: True) -> None:
    """Die before the first call of which the condition holds."""
    act = getattr(owner, name)

    def then(*args: Any, **options: Any) -> Any:
        if is_it(*args, **options):
            die()
        return act(*args, **options)

    setattr(owner, name, then)


def _after(owner: Any, name: str, is_it: Callable[[Any], bool] = lambda _: True) -> None:
    """Die after the first call whose result the condition holds of."""
    act = getattr(owner, name)

    def then(*args: Any, **options: Any) -> Any:
        given = act(*args, **options)
        if is_it(given):
            die()
        return given

    setattr(owner, name, then)


def _decided(given: decisions.Decided) -> bool:
    return given.mqls + given.assignments > 0


POINTS: dict[str, Callable[[], None]] = {
    "rows_read": lambda: _after(EventLog, "rows", bool),
    "slice_known": lambda: _before(Engine, "run", lambda engine, steps: steps == engine.rest),
    "models_built": lambda: _before(decisions, "append_decisions"),
    "half_decided": lambda: _after(decisions, "_append_first", bool),
    "decided": lambda: _after(decisions, "append_decisions", _decided),
    "before_commit": lambda: _after(ledger_lane, "_apply", bool),
    "after_commit": lambda: _after(ledger_lane.Lane, "apply", bool),
    "before_waking": lambda: None,  # what it would call instead: see `main`
}
"""Where rows are in question: what is only noted passes some of these with nothing in hand."""


def main(point: str | None) -> None:
    settings = load_settings()
    with (
        closing(connections.event_log(settings)) as log,
        closing(connections.ledger(settings)) as ledger,
    ):
        loaded = loading.load(settings, log)
        assert loaded is not None
        enqueued = die if point == "before_waking" else lambda: None
        worker = Worker(settings, log, ledger, enqueued=enqueued)
        print("ready", flush=True)  # noqa: T201  who started it waits for that
        sys.stdin.readline()
        worker.take_up(loaded)
        if point:
            POINTS[point]()
        while ledger.lane.position() < log.head():
            assert worker.turn() < _RESTS
        worker.stop()
        worker.run()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
