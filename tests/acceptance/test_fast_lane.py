"""The fast lane in the running service: no batch runs between a form and the CRM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from acceptance_play import play, stage
from harness import Installation, sandbox_state, wait_until

from ingestion.sandbox.personas import consenting_customer, duplicate_sender, hot_lead

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
    service = installation.start_service(roles="gateway,fast-lane,dispatcher")
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
