"""Enrichment first: what a vendor knows of a lead before or after the lead is in the CRM."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from acceptance_play import plan_faults, post
from harness import Installation, sandbox_state, wait_until

from orchestration import connections
from orchestration.bench.latency_traffic import Lead, leads
from orchestration.bench.requests import SECRETS
from orchestration.settings import Settings
from reverse_etl.model import Delivery, State

pytestmark = pytest.mark.slow

ROLES = "gateway,fast-lane,dispatcher"
TITLE = "VP Operations"  # as the sandbox knows everybody
SETTING = "MILLRACE_ENRICHMENT_FIRST_SECONDS"


@dataclass(frozen=True, slots=True)
class Story:
    """What the ledger holds of one lead once all is done: the question, and the contact's rows
    that were delivered or gave way; `waited`: codes seen before the answer; `batch`: what a batch
    found left to do."""

    question: Delivery
    sent: list[Delivery]
    superseded: int
    waited: set[str | None]
    batch: Mapping[str, Any]

    @property
    def titles(self) -> list[str | None]:
        """The job title in each contact that was sent, in order."""
        return [row.body["properties"].get("jobtitle") for row in self.sent]


@dataclass(frozen=True, slots=True)
class Stage:
    installation: Installation
    sandbox: str
    cast: list[Lead]

    def play(self, *, first_seconds: float, vendor_ms: int) -> Story:
        """One lead with this setting and a vendor of enrichment that takes so long."""
        self.installation.environment[SETTING] = str(first_seconds)
        plan_faults(self.sandbox, {"vendor": "apollo", "fault": "slow", "ms": vendor_ms})
        service = self.installation.start_service(roles=ROLES)
        lead, waited = self.cast.pop(), set[str | None]()
        assert post(service, lead.webhook).is_success

        def is_enriched() -> bool:
            rows = self._contacts(lead)
            waited.update(row.code for row in rows if row.state is State.PENDING)
            return any(TITLE in row.payload for row in rows if row.state is State.DELIVERED)

        wait_until(is_enriched, seconds=90, what="the enriched contact in the CRM")
        wait_until(self._is_settled, seconds=60, what="everything to be delivered")
        self.installation.kill()
        batch = self.installation.json("run")["enqueued"]
        rows = self._contacts(lead)
        return Story(
            next(row for row in self._rows("apollo") if row.person_id == rows[0].person_id),
            [row for row in rows if row.state is State.DELIVERED],
            sum(row.state is State.SUPERSEDED for row in rows),
            waited,
            batch,
        )

    def title_in_crm(self, story: Story) -> str:
        """What the CRM holds in the end."""
        contacts = sandbox_state(self.sandbox, "hubspot")["objects"]["contacts"]
        [found] = [each for each in contacts if each["id"] == story.sent[-1].vendor_id]
        return str(found["properties"]["jobtitle"])

    def _contacts(self, lead: Lead) -> list[Delivery]:
        return [
            row
            for row in self._rows("hubspot")
            if row.action == "upsert_contact" and lead.email in row.payload
        ]

    def _rows(self, destination: str) -> list[Delivery]:
        with closing(connections.ledger(Settings(home=self.installation.home))) as ledger:
            return ledger.find(destination=destination)

    def _is_settled(self) -> bool:
        states = self.installation.json("status")["deliveries"]
        return not any(states[state] for state in ("pending", "in_flight", "unknown"))


@pytest.fixture(scope="module")
def stage(installation: Installation) -> Stage:
    sandbox = installation.start_sandbox()
    installation.environment |= {
        "MILLRACE_DESTINATIONS": "hubspot,apollo",
        "MILLRACE_APOLLO_URL": sandbox,
        "MILLRACE_WEBHOOK_SECRET_TYPEFORM": SECRETS["typeform"],
    }
    cast = leads(3, datetime.now(UTC), enriched=True)
    service = installation.start_service()
    post(service, leads(4, datetime.now(UTC))[-1].webhook)  # what the lane is told of, once built
    installation.kill()
    installation.json("run")
    return Stage(installation, sandbox, cast)


def test_off_the_crm_comes_first(stage: Stage) -> None:
    """By default the lead is in the CRM before the vendor has answered, and updated then."""
    story = stage.play(first_seconds=0, vendor_ms=3_000)
    assert [None, TITLE] == story.titles
    assert _time(story.sent[0].delivered_at) < _time(story.question.delivered_at)
    assert "AWAITING_ENRICHMENT" not in story.waited
    _check_end(stage, story)


def test_on_one_enriched_contact_goes_out(stage: Stage) -> None:
    """The lead waits for the answer, and the CRM is told once."""
    story = stage.play(first_seconds=60, vendor_ms=3_000)
    assert [TITLE] == story.titles
    assert _time(story.sent[0].delivered_at) > _time(story.question.delivered_at)
    assert 1 == story.superseded
    assert "AWAITING_ENRICHMENT" in story.waited
    _check_end(stage, story)


def test_a_vendor_that_is_too_slow_is_not_waited_for(stage: Stage) -> None:
    """When the time is up the lead goes as it is, and is updated once the answer has come."""
    story = stage.play(first_seconds=1, vendor_ms=8_000)
    assert [None, TITLE] == story.titles
    waited = _time(story.sent[0].delivered_at) - story.question.created_at
    assert waited >= timedelta(seconds=1)
    assert _time(story.sent[0].delivered_at) < _time(story.question.delivered_at)
    assert "AWAITING_ENRICHMENT" in story.waited
    _check_end(stage, story)


def _check_end(stage: Stage, story: Story) -> None:
    """The CRM knows what the vendor said, and a batch has nothing to add."""
    assert TITLE == stage.title_in_crm(story)
    assert not any(counts["inserted"] for counts in story.batch.values())


def _time(at: datetime | None) -> datetime:
    assert at is not None
    return at
