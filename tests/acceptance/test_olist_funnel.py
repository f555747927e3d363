"""The Olist funnel through the real gateway: synthetic identities over real funnel rows."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import olist
import pytest
from harness import SECRETS, Installation, sandbox_state

from ingestion.sandbox.webhooks import sign_body

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DAMAGED_SHARE = 0.02
SEED = 20261121
CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Played:
    """The funnel was posted and one batch was run; everything below only looks."""

    installation: Installation
    sandbox: str
    posted: list[olist.Posted]
    answers: list[dict[str, Any]]
    inside_window: int
    run: dict[str, Any]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        copy = self.installation.home / "published" / "warehouse.duckdb"
        with duckdb.connect(str(copy), read_only=True) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def played(installation: Installation, shared_data: Path) -> Played:
    now = datetime.now(UTC)
    funnel = olist.load(shared_data / "olist").shifted(now)
    posted = olist.requests(funnel, seed=SEED, damaged_share=DAMAGED_SHARE)
    sandbox = installation.start_sandbox()
    service = installation.start_service(roles="gateway")
    answers = asyncio.run(post_all(service, posted))
    run = installation.json("run")
    return Played(
        installation,
        sandbox,
        posted,
        answers,
        funnel.inside_window(now),
        run,
    )


async def post_all(service: str, posted: list[olist.Posted]) -> list[dict[str, Any]]:
    """Post everything over some connections; every request must be acknowledged."""
    queue = iter(posted)
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=service, timeout=30, limits=limits) as client:

        async def sender() -> list[dict[str, Any]]:
            return [await post(client, service, request) for request in queue]

        groups = await asyncio.gather(*(sender() for _ in range(CONNECTIONS)))
    return [answer for group in groups for answer in group]


async def post(client: httpx.AsyncClient, service: str, request: olist.Posted) -> dict[str, Any]:
    webhook = sign_body(
        request.source,
        request.body,
        secret=SECRETS[f"MILLRACE_WEBHOOK_SECRET_{request.source.upper()}"],
        sent_at=datetime.now(UTC),
        public_url=service,
    )
    answer = await client.post(webhook.path, content=webhook.body, headers=dict(webhook.headers))
    assert answer.status_code == httpx.codes.OK, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_every_acknowledged_event_is_in_the_log_once(played: Played) -> None:
    """The log holds each event once, and counts what came twice."""
    expected = olist.expected_events(played.posted)
    vendors = ("typeform", "hubspot")
    by_source = played.installation.json("log", "count")["by_source"]
    gateway = played.installation.json("status")["gateway"]

    assert sum(by_source[name] for name in vendors) == expected["unique"]
    assert sum(gateway[name]["duplicate"] for name in vendors) == expected["duplicate"]
    assert sum(answer["accepted"] for answer in played.answers) == expected["unique"]


def test_damaged_bodies_are_quarantined_with_their_code(played: Played) -> None:
    """Each damaged body is kept and named by its code; nothing else is quarantined."""
    expected = Counter(request.damage for request in played.posted if request.damage)
    found = dict(
        played.rows(
            "select code, count(*) from intermediate.int_event_outcomes "
            "where outcome = 'quarantined' group by code"
        )
    )

    assert sum(expected.values()) == round(len(played.posted) * DAMAGED_SHARE)
    assert found == expected


def test_nothing_is_lost(played: Played) -> None:
    """Both accounting identities of law 8 hold."""
    status = played.installation.json("status")

    assert status["accounting"]["events_balanced"]
    assert status["accounting"]["deliveries_balanced"]
    assert played.run["accounting"]["events_balanced"]
    assert played.run["problems"] == []


def test_people_and_conversions(played: Played) -> None:
    """8,000 leads are 8,000 people, 842 won deals are 842 conversions."""
    assert played.rows("select count(*) from marts.dim_people") == [(8_000,)]
    assert played.rows("select count(*) from marts.fct_conversions") == [(842,)]


def test_won_deals_by_origin_match_the_published_table(played: Played, shared_data: Path) -> None:
    """Attribution to the lead's origin reproduces the published figures exactly."""
    found = played.rows(
        "select original_source, count(*) from marts.fct_conversions group by original_source"
    )

    assert dict(found) == olist.published_won_deals(shared_data / "olist")


def test_crm_holds_each_person_once(played: Played) -> None:
    """8,000 contacts, no e-mail and no person twice, no task twice."""
    objects = sandbox_state(played.sandbox, "hubspot")["objects"]
    contacts = [contact["properties"] for contact in objects["contacts"]]
    tasks = [task["properties"]["millrace_key"] for task in objects.get("tasks", [])]

    assert len(contacts) == 8_000
    assert len({contact["email"] for contact in contacts}) == 8_000
    assert len({contact["millrace_id"] for contact in contacts}) == 8_000
    assert len(tasks) == len(set(tasks))


def test_only_conversions_inside_metas_window_are_sent(played: Played) -> None:
    """Those of the last 7 days arrive once; older ones end as expired, counted, not sent."""
    events = sandbox_state(played.sandbox, "meta")["objects"]["events"]
    sent = [event["event_id"] for event in events]
    status = played.installation.json("status")

    assert played.inside_window > 0
    assert len(sent) == len(set(sent)) == played.inside_window
    assert status["dead_letters"] == {"EXPIRED": 842 - played.inside_window}
    assert status["destinations"]["meta"]["delivered"] == played.inside_window


def test_a_second_run_sends_nothing(played: Played) -> None:
    """Everything is known and unchanged, so no vendor is called to change anything."""
    before = {
        vendor: len(sandbox_state(played.sandbox, vendor)["requests"])
        for vendor in ("hubspot", "meta")
    }

    again = played.installation.json("run")

    after = {
        vendor: len(sandbox_state(played.sandbox, vendor)["requests"])
        for vendor in ("hubspot", "meta")
    }
    assert after == before
    assert again["accounting"]["events_balanced"]
    inserted = {name: counts["inserted"] for name, counts in again["enqueued"].items()}
    assert {"hubspot_contacts", "hubspot_tasks", "meta_conversions"} <= set(inserted)
    assert {0} == set(inserted.values())
