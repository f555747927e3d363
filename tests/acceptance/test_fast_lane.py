"""The fast lane in the running service: no batch runs between a form and the CRM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from acceptance_play import play, post, stage
from harness import Installation, sandbox_state, wait_until

from ingestion.sandbox.personas import consenting_customer, duplicate_sender, hot_lead
from orchestration.bench.latency_traffic import leads
from orchestration.bench.requests import SECRETS

pytestmark = pytest.mark.slow

ROLES = "gateway,fast-lane,dispatcher"
HOT_LEAD = "hanna.hot@brightforge.io"


@dataclass(frozen=True, slots=True)
class Raced:
    """Leads that came while the service ran, then a batch over all of them."""

    installation: Installation
    sandbox: str
    contacts: list[str]
    tasks: int
    batch: Mapping[str, Any]


@pytest.fixture(scope="module")
def raced(installation: Installation) -> Raced:
    sandbox = installation.start_sandbox()
    service = installation.start_service(roles=ROLES)
    now = stage(service)
    installation.json("run")  # nothing but the stage: what the models are is published
    play(service, [tell(now) for tell in (hot_lead, duplicate_sender, consenting_customer)])
    wait_until(lambda: len(_contacts(sandbox)) == 3, seconds=90, what="the contacts in the CRM")
    wait_until(lambda: _settled(installation), seconds=60, what="everything to be delivered")
    contacts, tasks = _contacts(sandbox), len(_tasks(sandbox))
    batch = installation.json("run")
    return Raced(installation, sandbox, contacts, tasks, batch)


def test_a_hot_lead_is_in_the_crm_without_a_batch(raced: Raced) -> None:
    """The contact and the call task are there before any batch has seen the lead."""
    assert HOT_LEAD in raced.contacts
    assert raced.tasks == 1


def test_the_batch_finds_nothing_left_to_do(raced: Raced) -> None:
    """Both lanes want the same: the batch enqueues nothing new, and nothing goes out twice."""
    enqueued = raced.batch["enqueued"]
    assert {"inserted": 0, "superseded": 0, "cancelled": 0} == {
        name: sum(counts[name] for counts in enqueued.values())
        for name in ("inserted", "superseded", "cancelled")
    }
    assert sorted(raced.contacts) == sorted(_contacts(raced.sandbox))
    assert len(_tasks(raced.sandbox)) == raced.tasks


def _contacts(sandbox: str) -> list[str]:
    objects = sandbox_state(sandbox, "hubspot")["objects"]
    return [contact["properties"]["email"] for contact in objects["contacts"]]


def _tasks(sandbox: str) -> list[Any]:
    return list(sandbox_state(sandbox, "hubspot")["objects"].get("tasks", []))


def _settled(installation: Installation) -> bool:
    states = installation.json("status")["deliveries"]
    return not any(states[state] for state in ("pending", "in_flight", "unknown"))


def test_kill_9_loses_and_doubles_nothing(raced: Raced) -> None:
    """Whatever the service was doing when it was killed: every lead is in the CRM once, with one
    call task, and a batch finds nothing left to do."""
    installation, sandbox = raced.installation, raced.sandbox
    installation.environment["MILLRACE_WEBHOOK_SECRET_TYPEFORM"] = SECRETS["typeform"]
    people = leads(24, datetime.now(UTC))
    for start in range(0, len(people), 6):
        installation.kill()
        service = installation.start_service(roles=ROLES)
        before = len(_contacts(sandbox))
        for lead in people[start : start + 6]:
            assert post(service, lead.webhook).is_success
        wait_until(
            lambda least=before: len(_contacts(sandbox)) > least, seconds=60, what="a contact"
        )
    installation.kill()
    installation.start_service(roles=ROLES)
    emails = {lead.email for lead in people}
    wait_until(lambda: emails <= set(_contacts(sandbox)), seconds=120, what="all the contacts")
    wait_until(lambda: _settled(installation), seconds=60, what="everything to be delivered")
    batch = installation.json("run")

    assert not any(counts["inserted"] for counts in batch["enqueued"].values())
    assert len(_contacts(sandbox)) == len(set(_contacts(sandbox))) == 3 + len(people)
    assert len(_tasks(sandbox)) == raced.tasks + len(people)
