"""When a sensor asks for a run: a pure policy over a watermark ("everything up to here").

News that comes while a run is under way waits for its end and is asked for in one go; a run that
failed is asked for again, later each time. A lost or repeated tick changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_RETRY = timedelta(seconds=30)
LAST_RETRY = timedelta(minutes=10)


class RunState(StrEnum):
    """What became of the run that was asked for last; NONE when there was none."""

    NONE = "none"
    ACTIVE = "active"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for last: the cursor of a sensor. `attempt` counts from 0 for each target."""

    target: str
    attempt: int
    at: datetime

    @classmethod
    def from_cursor(cls, cursor: str | None) -> Asked | None:
        if not cursor:
            return None
        told = json.loads(cursor)
        return cls(told["target"], told["attempt"], datetime.fromisoformat(told["at"]))

    def to_cursor(self) -> str:
        at = self.at.isoformat()
        return json.dumps({"target": self.target, "attempt": self.attempt, "at": at})

    def run_key(self, job: str) -> str:
        """One a job, target, attempt and moment: two jobs never share one, and a content that
        comes back later is asked for again."""
        return f"{job}:{self.target}:{self.attempt}:{self.at.isoformat()}"


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask for nothing now; `reason` is shown in the UI."""

    reason: str


def decide(target: str, asked: Asked | None, state: RunState, *, now: datetime) -> Asked | Wait:
    """Ask for a run that reaches `target`, or wait."""
    if state is RunState.ACTIVE:
        return Wait("A run is under way; what came meanwhile follows it.")
    if asked is None or asked.target != target:
        return Asked(target, 0, now)
    if state is not RunState.FAILED:
        return Wait("Nothing new since the last run.")
    due = asked.at + min(FIRST_RETRY * 2 ** min(asked.attempt, 10), LAST_RETRY)
    if now < due:
        return Wait(f"The last run failed; the next try is at {due:%H:%M:%S} UTC.")
    return Asked(target, asked.attempt + 1, now)
