"""Destinations that an installation turns on after its first batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from acceptance_play import play, stage
from harness import Installation, sandbox_state

from ingestion.sandbox.personas import hot_lead

pytestmark = pytest.mark.slow

HOT_LEAD = "hanna.hot@brightforge.io"
LATER = "hubspot,meta,salesforce,slack"


@dataclass(frozen=True, slots=True)
class TurnedOn:
    """A batch for the usual destinations, then two more are turned on: what was said before the
    next batch, and what that batch did."""

    sandbox: str
    first: Mapping[str, Any]
    refused: str
    second: Mapping[str, Any]


@pytest.fixture(scope="module")
def turned_on(installation: Installation) -> TurnedOn:
    sandbox = installation.start_sandbox()
    service = installation.start_service()
    play(service, [hot_lead(stage(service))])
    first = installation.json("run")
    installation.environment |= {
        "MILLRACE_DESTINATIONS": LATER,
        "MILLRACE_SALESFORCE_URL": sandbox,
        "MILLRACE_SLACK_URL": sandbox,
        "MILLRACE_SLACK_CHANNEL": "C0123456789",
    }
    refused = installation.millrace(
        "activate", "--destination", "salesforce", "--dry-run", check=False
    )
    assert refused.returncode != 0
    return TurnedOn(sandbox, first, refused.stderr, installation.json("run"))


def test_what_goes_to_destinations_that_are_off_is_not_built(turned_on: TurnedOn) -> None:
    """The first batch knows of no other destinations, and whoever asks is told to run another."""
    assert {"hubspot", "meta"} == set(turned_on.first["delivered"])
    assert "WAREHOUSE_OUTDATED" in turned_on.refused


def test_a_destination_that_is_turned_on_gets_who_came_before(turned_on: TurnedOn) -> None:
    """The next batch is a full one; everybody known goes to the new CRM, and nothing twice to the
    destinations that had it."""
    assert "full" == turned_on.second["build"]["kind"]
    assert {"inserted": 1} == _some(turned_on.second["enqueued"]["salesforce_leads"])
    leads = sandbox_state(turned_on.sandbox, "salesforce")["objects"]["Lead"]
    assert [HOT_LEAD] == [lead["Email"] for lead in leads]
    assert {"unchanged": 1} == _some(turned_on.second["enqueued"]["hubspot_contacts"])
    assert 1 == len(sandbox_state(turned_on.sandbox, "slack")["objects"]["messages"])


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
