"""What rows cost before they go out."""

from __future__ import annotations

from datetime import timedelta

from orchestration.backlog import Cost, backlog, cost
from orchestration.settings import Settings
from reverse_etl.connectors import HubSpotSettings
from reverse_etl.quota import Budget
from reverse_etl.testing import ScriptedConnector

MINUTELY = Budget(10, timedelta(minutes=1), reserved_share=0.2, margin=timedelta())


def test_each_action_fills_its_own_requests():
    """Rows go in batches as large as the vendor takes, and a batch holds one action; the budget
    says how long its requests last."""
    vendor = ScriptedConnector(largest=100, budget=MINUTELY)
    assert Cost(17, 2.0) == cost(vendor, {"upsert_contact": 1501, "create_task": 7})
    assert Cost(0, 0.0) == cost(vendor, {})


def test_without_a_budget_nothing_has_to_wait():
    """A vendor without a limit takes all at once."""
    assert Cost(20, 0.0) == cost(ScriptedConnector(largest=5), {"upsert_contact": 100})


def test_nobody_can_tell_for_a_destination_without_credentials(tmp_path):
    """HubSpot has a token here, Meta has none."""
    settings = Settings(home=tmp_path, hubspot=HubSpotSettings(token="t"))
    told = backlog(settings, {"hubspot": {"upsert_contact": 101}, "meta": {"send_event": 1}})
    assert {"hubspot": Cost(2, 0.0), "meta": None} == told
