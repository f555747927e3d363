"""Carries out a backtest: replays step by step, then judges by what the warehouse knows today."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from orchestration import warehouse
from orchestration.errors import ScoreError, ScoreVersionUnknownError
from orchestration.scoring import rules
from orchestration.scoring.backtest import History, Mql, Window, base_rate, judge
from orchestration.scoring.outcomes import OUTCOMES
from orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb

    from orchestration.scoring.replay import Crossing, Replay

Progress = Callable[[str], None]

SPAN = "select min(occurred_at), max(occurred_at) from intermediate.int_applied_events"
FIRST_SEEN = "select person_id, first_seen_at from marts.dim_people"
PEOPLE_OF = """
    select event_id, person_id from intermediate.int_event_people where list_contains(?, event_id)
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What to find out. `against`: the version to compare with; the live one if None. Times left
    out are those of the first and the last event; `step` is how often what is known is renewed."""

    version: str
    against: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    horizon: timedelta = timedelta(days=90)
    step: timedelta = timedelta(days=30)
    outcome: str = "opportunity"


def run(settings: Settings, question: Question, *, progress: Progress) -> dict[str, Any]:
    """The answer, as `millrace score backtest --json` prints it.

    Raises ScoreVersionUnknownError, ScoreRulesInvalidError, WarehouseMissingError, ScoreError.
    """
    from orchestration.scoring import replay  # late: it imports dbt's integration

    seeds = rules.ensure_sound()
    against = question.against or seeds.live
    for name in (question.version, against):
        if seeds.version(name) is None:
            raise ScoreVersionUnknownError(f"score_versions has no version {name}.")
    with warehouse.connect(settings.published) as copy:
        window = _window(copy, question)
        history = History(_pairs(copy, FIRST_SEEN), _pairs(copy, OUTCOMES[question.outcome]))
    versions = list(dict.fromkeys((question.version, against)))
    progress("Compiling the models")
    with replay.opened(settings, versions) as opened:
        crossings = list(_replayed(opened, window, question.step, progress))
    with warehouse.connect(settings.published) as copy:
        found = _mqls(copy, crossings, versions)
    return _told(question, window, history, found)


def steps(window: Window, step: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """The window in parts (since, until], each known about as of its end."""
    since = window.since
    while since < window.until:
        until = min(since + step, window.until)
        yield since, until
        since = until


def _window(copy: duckdb.DuckDBPyConnection, question: Question) -> Window:
    first, last = copy.execute(SPAN).fetchone() or (None, None)
    if first is None:
        raise ScoreError("There are no events to replay.")
    just_before = first - timedelta(microseconds=1)
    window = Window(question.since or just_before, question.until or last, question.horizon, last)
    if window.since >= window.until:
        raise ScoreError("The time to replay ends before it starts.", remedy="Check --from, --to.")
    return window


def _replayed(
    opened: Replay, window: Window, step: timedelta, progress: Progress
) -> Iterator[Crossing]:
    for since, until in steps(window, step):
        progress(f"Replaying what was known on {until:%Y-%m-%d}")
        yield from opened.crossings(since, until)


def _mqls(
    copy: duckdb.DuckDBPyConnection, crossings: Sequence[Crossing], versions: Sequence[str]
) -> dict[str, list[Mql]]:
    """MQLs by version, people by the id that stands for them today."""
    events = sorted({crossing.event_id for crossing in crossings})
    people = dict(copy.execute(PEOPLE_OF, [events]).fetchall())
    found: dict[str, list[Mql]] = {version: [] for version in versions}
    for crossing in crossings:
        if person_id := people.get(crossing.event_id):
            found[crossing.version].append(Mql(person_id, crossing.occurred_at))
    return found


def _told(
    question: Question, window: Window, history: History, found: dict[str, list[Mql]]
) -> dict[str, Any]:
    people = {version: {mql.person_id for mql in mqls} for version, mqls in found.items()}
    mine, *others = people.values()
    other = others[0] if others else mine
    return {
        "version": question.version,
        "against": list(found)[-1],
        "outcome": question.outcome,
        "from": window.since,
        "to": window.until,
        "horizon_days": window.horizon.days,
        "step_days": question.step.days,
        "known_until": window.known_until,
        "base_rate": base_rate(history, window),
        "versions": [
            {"version": version, **asdict(judge(mqls, history, window))}
            for version, mqls in found.items()
        ],
        "people": {
            "both": len(mine & other),
            "only_version": len(mine - other),
            "only_against": len(other - mine),
        },
    }


def _pairs(copy: duckdb.DuckDBPyConnection, query: str) -> dict[str, datetime]:
    return dict(copy.execute(query).fetchall())
