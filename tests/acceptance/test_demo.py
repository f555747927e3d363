"""`millrace demo`: what a newcomer sees first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import Installation

from orchestration import figures

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def told(installation: Installation) -> dict[str, Any]:
    home = installation.home / "demo"
    installation.environment["MILLRACE_HOME"] = str(home)
    answer: dict[str, Any] = installation.json("demo")
    return answer


def persona(told: dict[str, Any], name: str) -> dict[str, str]:
    return next(row for row in told["personas"] if row["persona"] == name)


@pytest.mark.parametrize(
    ("name", "gateway", "models", "crm", "meta"),
    [
        (
            "Hanna Hot",
            "1 x 200",
            "MQL, score 80",
            "contact delivered\nnote delivered\ntask delivered",
            "-",
        ),
        ("Dana Double", "3 x 200 (2 duplicate)", "lead", "contact delivered", "-"),
        ("Nora No", "2 x 200", "customer", "contact", "purchase cancelled CONSENT_MISSING"),
        ("Carl Customer", "2 x 200", "customer", "contact delivered", "purchase delivered"),
        ("Mia Merge", "2 x 200", "2 records", "contact delivered", "-"),
        ("Lars Late", "2 x 200", "source linkedin", "contact delivered", "-"),
        ("Olga Old", "2 x 200", "customer", "contact delivered", "purchase dead EXPIRED"),
        ("Wim Withdrawn", "3 x 200", "customer", "contact", "purchase cancelled CONSENT_WITHDRAWN"),
        ("Paul Payload", "2 x 200", "BODY_NOT_JSON, IDENTIFIER_MISSING", "-", "-"),
        ("Fay Forged", "1 x 401 SIGNATURE_INVALID", "-", "-", "-"),
    ],
)
def test_each_persona_ends_as_its_story_says(
    told: dict[str, Any], name: str, gateway: str, models: str, crm: str, meta: str
) -> None:
    """Ten stories, ten different ends, each of them right."""
    row = persona(told, name)

    assert gateway in row["gateway"]
    assert models in row["models"]
    assert crm in row["HubSpot"]
    assert meta in row["Meta"]


def test_the_accounts_balance(told: dict[str, Any]) -> None:
    """Both identities of law 8 hold, and the simulated vendors agree with the ledger."""
    assert told["accounting"]["events_balanced"]
    assert told["accounting"]["deliveries_balanced"]
    assert told["sandbox"] == told["sandbox"] | {"contacts": 8, "tasks": 1, "events": 1}
    assert told["deliveries"]["delivered"] == 11


def test_a_lead_needs_no_batch(told: dict[str, Any]) -> None:
    """Who comes while the service runs is in the CRM, with a call task, within seconds."""
    assert {"upsert_contact", "create_note", "create_task"} == told["live_ms"].keys()
    assert max(told["live_ms"].values()) < 10_000


def test_the_review_looks_at_all_of_it(told: dict[str, Any], installation: Installation) -> None:
    """Every part can be read, the one dead letter is told with its repair, and nobody by name."""
    assert told["accounting"]
    review = installation.json("review")

    assert "not looked at" not in {finding["part"] for finding in review["findings"]}
    dead = [finding for finding in review["findings"] if finding["part"] == "dead letters"]
    assert [("EXPIRED", 1)] == [(finding["code"], finding["size"]) for finding in dead]
    assert "ACCOUNTS_UNBALANCED" not in review["codes"]
    assert "@" not in str(review["findings"])


def test_the_published_copy_is_shown_with_its_figures(
    told: dict[str, Any], installation: Installation
) -> None:
    """Four figures from the copy as it is: the funnel's first step is everybody it knows."""
    assert told["accounting"]
    home = Path(installation.environment["MILLRACE_HOME"])
    shown = figures.shown(home / "published" / "warehouse.duckdb")

    assert {"funnel", "attribution_by_channel", "lead_velocity", "delivery_outcomes"} == set(shown)
    assert "| Leads | ████████████████████████ | 8 |" in shown["funnel"]
    assert "| MQLs | ███ | 1 | 12.5 % of Leads |" in shown["funnel"]
    assert shown["attribution_by_channel"].startswith("| Channel | (linear) | first |")


@pytest.mark.slow
def test_a_batch_after_the_demo_sends_nothing(
    told: dict[str, Any], installation: Installation
) -> None:
    """The vendors are gone and there are no credentials, but nothing is left to send; and whoever
    asks whether all is well is not told of anything that is not wrong."""
    again = installation.json("run")

    assert again["problems"] == []
    assert again["deliveries"]["delivered"] == told["deliveries"]["delivered"] + len(
        told["live_ms"]
    )
    assert again["deliveries"]["pending"] == 0
    # How fast this machine is tells the others nothing.
    missed = {
        each["name"]
        for each in installation.json("status")["objectives"]
        if each["ok"] is False and each["source"] != "log and ledger"
    }
    assert not missed


def test_the_demo_wipes_no_home_but_its_own(installation: Installation) -> None:
    """A folder with somebody's data is refused, with a way out, and left as it was."""
    home = installation.home / "precious"
    home.mkdir()
    (home / "event_log.sqlite").write_bytes(b"two years of leads")
    installation.environment["MILLRACE_HOME"] = str(home)

    refused = installation.millrace("demo", check=False)

    assert refused.returncode == 1
    assert "HOME_IN_USE" in refused.stderr
    assert "MILLRACE_HOME" in refused.stderr
    assert (home / "event_log.sqlite").read_bytes() == b"two years of leads"
