"""One person is erased from everything; everybody else, and every account, stays as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from harness import Installation

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)
ADA = "ada.secret@lovelace.example"
PHONE = "+442079460958"
SPELT = "020 7946 0958"
SHARED = "+4930123456"
NEEDLES = tuple(text.encode() for text in (ADA, ADA.upper(), PHONE, SPELT, "Countess"))


def line(source: str, key: str, body: dict[str, Any], *, age_days: float = 1) -> str:
    return json.dumps(
        {
            "source": source,
            "event_key": key,
            "received_at": (NOW - timedelta(days=age_days)).isoformat(),
            "body": json.dumps(body),
        }
    )


def form(key: str, *, age_days: float = 1, **answers: str | bool) -> str:
    kinds = {"email": "email", "phone": "phone_number", "consent_advertising": "boolean"}
    when = (NOW - timedelta(days=age_days, hours=1)).isoformat()
    body = {
        "event_id": key,
        "event_type": "form_response",
        "form_response": {
            "form_id": "f",
            "token": f"token-{key}",
            "submitted_at": when,
            "hidden": {},
            "answers": [
                {
                    "type": kinds.get(ref, "text"),
                    kinds.get(ref, "text"): value,
                    "field": {"id": ref, "type": "x", "ref": ref},
                }
                for ref, value in answers.items()
            ],
        },
    }
    return line("typeform", key, body, age_days=age_days)


def change(contact: int, name: str, value: str) -> str:
    body = {
        "eventId": 1, "subscriptionId": 7, "portalId": 4242, "appId": 9, "objectId": contact,
        "occurredAt": int((NOW - timedelta(days=1)).timestamp() * 1000), "attemptNumber": 0,
        "subscriptionType": "contact.propertyChange", "changeSource": "CRM_UI",
        "propertyName": name, "propertyValue": value,
    }  # fmt: skip
    return line("hubspot", f"{contact}-{name}", body)


def page_view(key: str, **data: str) -> str:
    when = (NOW - timedelta(days=1)).isoformat()
    return line("standard", key, {"type": "page_view", "timestamp": when, "data": data})


LINES = [
    form("old", age_days=40, email=ADA, first_name="Countess", phone=SPELT, country="GB"),
    form("new", email=ADA.upper(), consent_advertising=True, company="Engines"),
    form("refused", first_name="No", friend=ADA),  # names nobody else: quarantined
    change(77, "email", ADA),
    change(77, "favourite_colour", "Countess pink"),  # no model reads it
    page_view(f"visit-{ADA}", email=ADA),
    form("colleague", email="bob@lovelace.example", first_name="Bob", phone=SHARED, last_name="B"),
    form("friend", age_days=40, email="eve@other.example", job_title=f"knows {ADA}"),
    form("longer", email=f"x{ADA}", first_name="Xenia"),
]


@pytest.fixture(scope="module")
def erased(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Installation, dict[str, Any], Path]:
    """An installation whose log, archive, ledger and vendors know Ada; then she is erased."""
    dump = tmp_path_factory.mktemp("dump") / "events.jsonl"
    dump.write_text("\n".join(LINES))
    installation.start_sandbox()
    installation.millrace("log", "append", str(dump))
    installation.millrace("log", "archive", "--older-than-days", "20")
    installation.millrace("run")
    with (installation.home / "logs" / "batch.log").open("a") as log:
        log.write(f'{{"told": "{ADA}"}}\n')
    return installation, installation.json("erase", ADA, "--yes", "--by", "dpo"), dump


Erased = tuple[Installation, dict[str, Any], Path]


def test_no_byte_is_left(erased: Erased) -> None:
    """Neither the address nor the number nor the name stands in any file of the installation,
    but in a longer address, which is somebody else's."""
    installation, _proof, _dump = erased
    for path in installation.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower().replace(f"x{ADA}".encode(), b"")
            found = [needle for needle in NEEDLES if needle.lower() in content]
            assert [] == found, path
    archived = str(installation.home / "archive" / "events" / "*.parquet")
    bodies = duckdb.sql(f"select lower(body::varchar) as body from '{archived}'").fetchall()
    assert 2 == len(bodies)
    assert not any(ADA in body or "countess" in body for (body,) in bodies)


def test_the_proof_counts_and_names_nobody(erased: Erased) -> None:
    """What was done is told by store; the decision in the log says the same."""
    installation, proof, _dump = erased
    assert [] == proof["left"]
    assert "dpo" == proof["requested_by"]
    counts = proof["counts"]
    # Six of hers that came in, and what the CRM answered about her.
    assert (7, 1) == (counts["events_emptied"], counts["events_masked"])
    assert (2, 1) == (counts["archived_events"], counts["archive_files"])
    assert counts["ledger_deliveries"] >= 1
    exported = installation.millrace("log", "export").stdout
    (decision,) = (
        json.loads(event["body"])
        for event in map(json.loads, exported.splitlines())
        if event["event_key"] == f"erased:{proof['erasure_id']}"
    )
    assert proof["counts"] == decision["counts"]
    assert proof["identifiers"] == decision["identifiers"]


def test_accounts_balance_and_others_stay(erased: Erased) -> None:
    """Events and deliveries still add up; the other people are who they were."""
    installation, _proof, _dump = erased
    status = installation.json("status")
    assert status["accounting"]["events_balanced"]
    assert status["accounting"]["deliveries_balanced"]
    assert 7 == status["events"]["codes"]["ERASED"]
    with duckdb.connect(
        str(installation.home / "published" / "warehouse.duckdb"), read_only=True
    ) as copy:
        people = copy.execute("select email from marts.dim_people order by email").fetchall()
    assert [("bob@lovelace.example",), ("eve@other.example",), (f"x{ADA}",)] == people


def test_what_comes_again_is_a_duplicate(erased: Erased) -> None:
    """The same events once more are recognised, also the one whose key named her."""
    installation, _proof, dump = erased
    told = installation.json("log", "append", str(dump))
    assert (0, len(LINES)) == (told["appended"], told["duplicates"])


def test_again_tells_the_proof(erased: Erased) -> None:
    """An erasure that is done is told, not done again."""
    installation, proof, _dump = erased
    again = installation.json("erase", ADA, "--yes")
    assert (proof["erasure_id"], True) == (again["erasure_id"], again["already_erased"])


def test_it_must_be_confirmed(erased: Erased) -> None:
    """A program says --yes; nobody is erased by a slip."""
    installation, _proof, _dump = erased
    refused = installation.millrace("erase", "bob@lovelace.example", "--json", check=False)
    assert 1 == refused.returncode
    assert "ERASURE_NOT_CONFIRMED" == json.loads(refused.stdout)["error"]["code"]
