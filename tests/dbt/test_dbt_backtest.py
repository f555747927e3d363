"""A backtest knows nothing that happened after its date."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from dbt_builders import RawEvent, at, standard, typeform
from dbt_warehouse import Warehouse

from orchestration.scoring import replay
from orchestration.scoring.backtest_run import Question, run
from orchestration.scoring.replay import Crossing
from orchestration.settings import Settings

CUT = at(48)
BEFORE = [
    typeform("calm", at(1), email="calm@past.io", first_name="Calm"),
    typeform("hot", at(2), email="hot@past.io", job_title="CEO", employees=500),
    standard("hot-visit", "page_view", at(3), email="hot@past.io"),
]
AFTER = [
    # Had it been known before, the calm one would have been hot, and the hot one no lead at all.
    typeform("calm-grown", at(50), email="calm@past.io", job_title="CEO", employees=500),
    standard("calm-met", "meeting_booked", at(51), email="calm@past.io"),
    typeform("hot-left", at(52), email="hot@past.io", job_title="Student"),
    # And they would have been one person.
    standard("link-1", "page_view", at(53), user_id="u1", email="calm@past.io"),
    standard("link-2", "page_view", at(54), user_id="u1", email="hot@past.io"),
    standard("deal", "opportunity_changed", at(72), email="hot@past.io", opportunity_id="o1",
             stage="open", amount=100),
]  # fmt: skip


def published(warehouse: Warehouse, events: list[RawEvent], home: Path) -> Settings:
    """An installation whose last batch had these events."""
    warehouse.build(events)
    settings = Settings(home=home)
    settings.published.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(warehouse.path, settings.published)
    return settings


def test_an_event_after_the_date_changes_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    """As of a date the answer is what it would have been on that date, whatever came later."""
    found = []
    for number, events in enumerate(([*BEFORE], [*AFTER, *BEFORE])):
        settings = published(warehouse, events, tmp_path / str(number))
        with replay.opened(settings, ["v1"]) as opened:
            found.append(opened.crossings(at(0), CUT))
    assert [[Crossing("v1", "typeform:hot", at(2))]] * 2 == found

    told = run(
        settings,
        Question("v1", since=at(0), until=CUT, horizon=timedelta(hours=71)),
        progress=lambda _step: None,
    )
    (verdict,) = told["versions"]
    assert (1, 1, 1, 1.0, 2.92) == (
        verdict["mqls"], verdict["judged"], verdict["hits"], verdict["precision"],
        verdict["median_lead_days"],
    )  # fmt: skip
