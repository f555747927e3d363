"""Bad input through the real service: each gets a code and a way out, and nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from acceptance_play import SECRET_OF, post, stage
from harness import Installation

from ingestion.sandbox.personas import Stage
from ingestion.sandbox.webhooks import (
    SignedWebhook,
    hubspot_batch,
    hubspot_contact_change,
    hubspot_deal_change,
    sign_body,
    typeform_answers,
    typeform_body,
)

STALE = timedelta(minutes=10)
NEIGHBOUR = "nina.neighbour@goodrow.example"
PRIVATE = ("quarantined.quentin", "Quentin", NEIGHBOUR, "moonlanding")

# What is refused at the door: name → (status, code, the source it is counted under).
REFUSED = {
    "typeform with a wrong signature": (401, "SIGNATURE_INVALID", "typeform"),
    "hubspot with a wrong signature": (401, "SIGNATURE_INVALID", "hubspot"),
    "standard with a wrong signature": (401, "SIGNATURE_INVALID", "standard"),
    "hubspot signed long ago": (401, "TIMESTAMP_STALE", "hubspot"),
    "standard signed long ago": (401, "TIMESTAMP_STALE", "standard"),
    "a body over the limit": (413, "BODY_TOO_LARGE", "typeform"),
    "a source nobody knows": (404, "SOURCE_UNKNOWN", "unknown"),
    "a vendor at a misspelt address": (503, "SOURCE_NOT_CONFIGURED", "unknown"),
    "a source without a secret": (503, "SECRET_MISSING", "standard"),
}

# What is taken and put aside: name → (code, path to what is wrong).
QUARANTINED = {
    "half a body": ("BODY_NOT_JSON", ""),
    "a form without its token": ("FIELD_MISSING", "/form_response/token"),
    "a form without any contact": ("IDENTIFIER_MISSING", ""),
    "a consent nobody can give": ("PICKLIST_UNKNOWN", "/data/status"),
    "a change without its object": ("FIELD_MISSING", "/objectId"),
    "a deal in no known stage": ("PICKLIST_UNKNOWN", "/propertyValue"),
}
IN_ONE_BATCH = ("a change without its object", "a deal in no known stage")


@dataclass(frozen=True, slots=True)
class Received:
    """Everything was posted, one batch was run; the tests below only look."""

    installation: Installation
    answers: Mapping[str, httpx.Response]
    run: Mapping[str, Any]
    quarantined: list[dict[str, Any]]
    status: Mapping[str, Any]

    def correlation_id(self, name: str) -> str:
        name = IN_ONE_BATCH[0] if name in IN_ONE_BATCH else name
        return str(self.answers[name].json()["correlation_id"])


def _refused(now: Stage) -> dict[str, SignedWebhook]:
    forger = replace(now, secrets={**SECRET_OF, "typeform": "guess", "hubspot": "guess"})
    forger.secrets["standard"] = SECRET_OF["standard"].replace("bWls", "bWlM")
    late = replace(now, now=now.now - STALE)
    form = now.typeform("quentin", now.now, email="quarantined.quentin@example.com")
    return {
        "typeform with a wrong signature": forger.typeform("f", now.now, email="f@example.com"),
        "hubspot with a wrong signature": _batch(forger, _deal(now, "closedwon")),
        "standard with a wrong signature": forger.standard("f", "page_view", now.now),
        "hubspot signed long ago": _batch(late, _deal(now, "closedwon")),
        "standard signed long ago": late.standard("l", "page_view", now.now),
        "a body over the limit": replace(form, body=b" " * 1_048_577),
        "a source nobody knows": replace(form, path="/webhooks/fax", headers={}),
        "a vendor at a misspelt address": replace(form, path="/webhooks/typefrom"),
    }


def _quarantined(now: Stage) -> dict[str, SignedWebhook]:
    answers = typeform_answers(email="quarantined.quentin@example.com", first_name="Quentin")
    body = typeform_body(answers, now.now, event_id="demo-quentin")
    tokenless = {**body, "event_id": "demo-tokenless", "form_response": {**body["form_response"]}}
    del tokenless["form_response"]["token"]
    half = orjson.dumps(body)[:200]
    return {
        "half a body": _typeform(now, half),
        "a form without its token": _typeform(now, orjson.dumps(tokenless)),
        "a form without any contact": now.typeform("nobody", now.now, first_name="Quentin"),
        "a consent nobody can give": now.standard(
            "consent-quentin",
            "consent_changed",
            now.now,
            email="quarantined.quentin@example.com",
            purpose="advertising",
            status="moonlanding",
        ),
        "a change without its object": _mixed_batch(now),
    }


def _mixed_batch(now: Stage) -> SignedWebhook:
    """Two good changes about one contact, with two bad ones between them."""
    nameless = _deal(now, "closedwon", event_id=5)
    del nameless["objectId"]
    return _batch(
        now,
        hubspot_contact_change(88_001, "email", NEIGHBOUR, now.now, event_id=1),
        nameless,
        _deal(now, "moonlanding", event_id=6),
        hubspot_contact_change(88_001, "firstname", "Nina", now.now, event_id=2),
    )


def _deal(now: Stage, deal_stage: str, *, event_id: int = 9) -> dict[str, Any]:
    return hubspot_deal_change(99_001, "dealstage", deal_stage, now.now, event_id=event_id)


def _batch(now: Stage, *items: dict[str, Any]) -> SignedWebhook:
    secret = now.secrets["hubspot"]
    return hubspot_batch(items, secret=secret, public_url=now.url, sent_at=now.now)


def _typeform(now: Stage, body: bytes) -> SignedWebhook:
    return sign_body("typeform", body, secret=now.secrets["typeform"], sent_at=now.now)


def _without_secret(installation: Installation) -> httpx.Response:
    """Ask a second gateway on the same log, which has no secret for Standard Webhooks."""
    secret = installation.environment.pop("MILLRACE_WEBHOOK_SECRET_STANDARD")
    url = installation.start_service()
    installation.environment["MILLRACE_WEBHOOK_SECRET_STANDARD"] = secret
    now = stage(url)
    return post(url, now.standard("s", "page_view", now.now, email="s@example.com"))


@pytest.fixture(scope="module")
def received(installation: Installation) -> Received:
    # Addresses that exist nowhere, and no token: this batch sends nothing to anybody.
    installation.environment |= {
        "MILLRACE_HUBSPOT_URL": "https://hubspot.invalid",
        "MILLRACE_META_URL": "https://meta.invalid",
    }
    answers = {"a source without a secret": _without_secret(installation)}
    url = installation.start_service()
    now = stage(url)
    answers |= {name: post(url, sent) for name, sent in _refused(now).items()}
    answers |= {name: post(url, sent) for name, sent in _quarantined(now).items()}
    run = installation.json("run")
    quarantined = installation.json("log", "quarantined")
    return Received(installation, answers, run, quarantined, installation.json("status"))


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_cannot_be_taken_is_refused_with_code_and_remedy(
    received: Received, name: str
) -> None:
    """The gateway answers a problem document: status, code, remedy and correlation id."""
    status, code, _ = REFUSED[name]
    answer = received.answers[name]
    problem = answer.json()

    assert (status, code) == (answer.status_code, problem["code"])
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["remedy"]
    assert problem["detail"]
    assert problem["correlation_id"]


def test_a_source_without_a_secret_asks_the_vendor_to_come_again(received: Received) -> None:
    """A missing secret is our fault, so the vendor is told when to try again."""
    answer = received.answers["a source without a secret"]

    assert int(answer.headers["retry-after"]) > 0
    assert "MILLRACE_WEBHOOK_SECRET_" in answer.json()["remedy"]


def test_refusals_are_counted_by_source_and_code(received: Received) -> None:
    """`status --json` shows every refused request once, under its source and code."""
    expected: dict[str, dict[str, int]] = {}
    for _, code, source in REFUSED.values():
        counts = expected.setdefault(source, {})
        counts[code] = counts.get(code, 0) + 1

    gateway = received.status["gateway"]

    assert expected == {
        name: told["rejected"] for name, told in gateway.items() if told["rejected"]
    }
    assert {"hubspot", "standard", "typeform", "unknown"} == set(gateway)


@pytest.mark.parametrize("name", [name for name in QUARANTINED if name != IN_ONE_BATCH[1]])
def test_bad_content_is_taken_because_the_vendor_cannot_mend_it(
    received: Received, name: str
) -> None:
    """A proven request is stored and acknowledged, whatever it says."""
    answer = received.answers[name]

    assert answer.status_code == 200
    assert (4 if name in IN_ONE_BATCH else 1) == answer.json()["accepted"]


def test_each_quarantined_event_is_listed_with_code_path_and_remedy(received: Received) -> None:
    """`log quarantined` tells of each event what is wrong, where, and what to do."""
    listed = sorted((row["code"], row["path"]) for row in received.quarantined)

    assert sorted(QUARANTINED.values()) == listed
    assert all(row["remedy"] for row in received.quarantined)


def test_the_list_of_quarantined_events_holds_no_values(received: Received) -> None:
    """Codes and paths only: no address, no name, no value that was refused."""
    told = str(received.quarantined)

    assert [value for value in PRIVATE if value in told] == []


def test_events_are_accounted_for(received: Received) -> None:
    """Both identities hold, and every code is counted."""
    events = received.status["events"]

    assert received.status["accounting"]["events_balanced"]
    assert received.status["accounting"]["deliveries_balanced"]
    assert (
        events["received"],
        events["applied"],
        events["quarantined"],
        events["ignored"],
    ) == (8, 2, 6, 0)
    assert events["codes"] == {
        "BODY_NOT_JSON": 1,
        "FIELD_MISSING": 2,
        "IDENTIFIER_MISSING": 1,
        "PICKLIST_UNKNOWN": 2,
    }


def test_good_neighbours_of_a_bad_change_are_applied(received: Received) -> None:
    """Two bad items of a HubSpot batch do not take the two good ones with them."""
    story = received.installation.json("why", NEIGHBOUR)

    assert story["person"]["first_name"] == "Nina"
    assert [event["outcome"] for event in story["events"]] == ["applied", "applied"]


@pytest.mark.parametrize("name", ["a form without any contact", *IN_ONE_BATCH])
def test_why_tells_the_code_of_a_quarantined_event(received: Received, name: str) -> None:
    """`why` with the correlation id that the sender got tells what became of the event."""
    story = received.installation.json("why", received.correlation_id(name))
    told = [(event["code"], event["path"]) for event in story["other_events"]]

    assert QUARANTINED[name] in told
    assert {"quarantined"} == {event["outcome"] for event in story["other_events"]}
    assert all(event["remedy"] for event in story["other_events"])
