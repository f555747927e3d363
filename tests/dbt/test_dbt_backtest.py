"""A backtest knows nothing that happened after its date."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from dbt_builders import at, standard, typeform
from dbt_warehouse import Warehouse

from orchestration import dbt
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


@pytest.mark.slow
def test_an_event_after_the_date_changes_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    """As of a date the answer is what it would have been on that date, whatever came later."""
    warehouse.build(BEFORE)
    then = warehouse.query("select cause_event_key, reached_at from marts.fct_mqls")
    assert [{"cause_event_key": "hot", "reached_at": at(2)}] == then

    warehouse.build([*AFTER, *BEFORE])
    (known_now,) = warehouse.query("select count(*) as people from marts.dim_people")
    assert {"people": 1} == known_now
    told = run(
        compiled_already(warehouse, published(warehouse, tmp_path)),
        Question("v1", since=at(0), until=CUT, horizon=timedelta(hours=70)),
        progress=lambda _step: None,
    )
    (verdict,) = told["versions"]
    lead_days = round((at(72) - then[0]["reached_at"]) / timedelta(days=1), 2)
    assert (1, 1, 1, 1.0, lead_days) == (
        verdict["mqls"], verdict["judged"], verdict["hits"], verdict["precision"],
        verdict["median_lead_days"],
    )  # fmt: skip


def published(warehouse: Warehouse, home: Path) -> Settings:
    """An installation that published what the warehouse holds."""
    warehouse.query("checkpoint")
    settings = Settings(home=home)
    settings.published.parent.mkdir(parents=True)
    shutil.copyfile(warehouse.path, settings.published)
    return settings


def compiled_already(warehouse: Warehouse, settings: Settings) -> Settings:
    """Spares the test the half minute in which dbt compiles the same text again."""
    warehouse.compiled()
    kept = settings.home / "dbt" / "backtest"
    kept.mkdir(parents=True)
    shutil.copyfile(warehouse.path.parent / "target" / "manifest.json", kept / "manifest.json")
    (kept / "manifest.fingerprint").write_text(dbt.fingerprint(settings))
    return settings


@pytest.mark.slow
def test_the_models_compile_by_themselves(warehouse: Warehouse, tmp_path: Path) -> None:
    """The first backtest compiles the models, and the second finds them."""
    warehouse.build(BEFORE)
    settings = published(warehouse, tmp_path)
    for _ in range(2):
        with replay.opened(settings, ["v1"]) as opened:
            assert [Crossing("v1", "typeform:hot", at(2))] == opened.crossings(at(0), CUT)
