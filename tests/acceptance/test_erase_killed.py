"""An erasure that is killed again and again ends complete, and no pull brings the person back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
import pytest
from harness import COMMAND, Installation, Parsed, wait_until
from support.postgres import PostgresCluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]  # it builds everything three times

ADA, BOB = "ada.secret@lovelace.example", "bob@other.example"
AUTH = {"authorization": "Bearer other"}
STEPS = (
    "Looking through",
    "Emptying events",
    "Writing archive",
    "Forgetting kept",
    "Forgetting what",
    "Emptying the ledger",
    "Building the warehouse",
    "Searching every file",
)
_SECONDS = 300


@dataclass
class Erased:
    """An installation that pulled Ada and Bob from two vendors, and erased Ada in spite of kills;
    `reached`: the steps that it was killed at."""

    installation: Installation
    sandbox: str
    reached: list[str] = field(default_factory=list)
    proof: dict[str, Any] = field(default_factory=dict)

    def pull(self) -> dict[str, tuple[int, int]]:
        told = self.installation.json("pull")["pulled"]
        return {each["kind"]: (each["new"], each["suppressed"]) for each in told}

    def erase_until(self, step: str) -> None:
        """Start the erasure, and kill its processes when it comes to a step."""
        with subprocess.Popen(
            [COMMAND, "erase", ADA, "--yes", "--by", "dpo"],
            env=self.installation.environment,
            cwd=self.installation.home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as erasing:
            assert erasing.stderr is not None
            for line in erasing.stderr:
                if step in line:
                    self.reached.append(step)
                    break
            os.killpg(erasing.pid, signal.SIGKILL)


def meet(sandbox: str) -> None:
    """Both vendors know both people."""
    for email in (ADA, BOB):
        made = {"properties": {"email": email, "firstname": "Countess"}}
        for path, sent in (("/crm/v3/objects/contacts", {"json": made}),
                           ("/v1/customers", {"data": {"email": email}})):  # fmt: skip
            httpx.post(sandbox + path, headers=AUTH, **sent).raise_for_status()


def erased_after(installation: Installation, steps: tuple[str, ...]) -> Erased:
    sandbox = installation.start_sandbox()
    installation.environment |= {"MILLRACE_PULLS": "hubspot,stripe", "MILLRACE_STRIPE_URL": sandbox}
    meet(sandbox)
    made = Erased(installation, sandbox)
    # HubSpot's search finds what was written only after some seconds.
    wait_until(lambda: contacts_of(made) >= 2, seconds=60, what="the contacts to be found")
    installation.millrace("run")
    for step in steps:
        made.erase_until(step)
    made.proof = installation.json("erase", ADA, "--yes", "--by", "dpo")
    return made


def contacts_of(erased: Erased) -> int:
    erased.pull()
    return len(events(erased.installation, '"pulled":"contact"'))


def events(installation: Installation, text: str) -> list[str]:
    """Events of the log, as lines, that hold a text."""
    exported = installation.millrace("log", "export").stdout.splitlines()
    return [line for line in exported if text in line.replace("\\", "")]


@pytest.fixture(scope="module")
def killed(installation: Installation) -> Erased:
    return erased_after(installation, STEPS)


def test_it_was_killed_at_every_step(killed: Erased) -> None:
    """Otherwise this proves nothing."""
    assert list(STEPS) == killed.reached


def test_it_is_complete(killed: Erased) -> None:
    """One proof, nothing left in any file, and all accounts add up."""
    assert [] == killed.proof["left"]
    assert "already_erased" not in killed.proof
    assert killed.proof["counts"]["pulled_objects"] >= 1
    assert [] == files_with(killed.installation, ADA)
    assert [] == list(killed.installation.home.glob("erasures/pending/*"))
    accounting = killed.installation.json("status")["accounting"]
    assert accounting["events_balanced"]
    assert accounting["deliveries_balanced"]
    assert 1 == len(decisions(killed.installation))


def test_the_next_pull_does_not_bring_her_back(killed: Erased) -> None:
    """Neither her objects as they were, nor one that the vendor has changed since; Bob's are
    there. Batch and fast lane have nothing of hers afterwards."""
    installation = killed.installation
    [contact] = [
        each
        for each in httpx.get(f"{killed.sandbox}/_state/hubspot").json()["objects"]["contacts"]
        if each["properties"]["email"] == ADA
    ]
    path = f"{killed.sandbox}/crm/v3/objects/contacts/{contact['id']}"
    httpx.patch(path, json={"properties": {"jobtitle": "CTO"}}, headers=AUTH).raise_for_status()
    sent = {"email": "bob.new@other.example"}
    httpx.post(f"{killed.sandbox}/v1/customers", data=sent, headers=AUTH).raise_for_status()
    wait_until(lambda: killed.pull()["contact"][1] > 0, seconds=60, what="the change to be found")
    assert [] == events(installation, ADA)
    assert killed.pull()["customer"][1] >= 1
    installation.start_service(roles="gateway,fast-lane")
    installation.millrace("run")
    head = installation.json("status")["log"]["head"]
    wait_until(
        lambda: installation.json("status")["lane"]["position"] >= head,
        seconds=120,
        what="the fast lane to have seen everything",
    )
    assert [] == files_with(installation, ADA)
    assert files_with(installation, BOB)


def files_with(installation: Installation, text: str) -> list[str]:
    """Files of the installation that hold an address, whatever the case."""
    return [
        str(path)
        for path in installation.home.rglob("*")
        if path.is_file() and re.search(re.escape(text.encode()), path.read_bytes(), re.IGNORECASE)
    ]


def decisions(installation: Installation) -> list[str]:
    return events(installation, '"erased:er_')


@pytest.fixture
def on_postgres(
    postgres: PostgresCluster, parsed: Parsed, tmp_path: Any
) -> Iterator[tuple[Installation, list[str]]]:
    urls = [postgres.new_database() for _ in range(2)]
    made = Installation(tmp_path / "home", parsed)
    made.environment |= dict(zip(("MILLRACE_LOG_URL", "MILLRACE_LEDGER_URL"), urls, strict=True))
    yield made, urls
    made.stop()


def test_it_is_complete_on_postgresql(on_postgres: tuple[Installation, list[str]]) -> None:
    """Killed twice on the way, it ends with nothing of hers in any row or file."""
    installation, urls = on_postgres
    done = erased_after(installation, ("Emptying events", "Emptying the ledger"))
    assert ["Emptying events", "Emptying the ledger"] == done.reached
    assert [] == done.proof["left"]
    assert 1 == len(decisions(installation))
    assert [] == files_with(installation, ADA)
    assert [] == [table for url in urls for table in rows_with(url, ADA)]
    done.pull()
    assert [] == [table for url in urls for table in rows_with(url, ADA)]
    assert rows_with(urls[0], BOB)


def rows_with(url: str, text: str) -> list[str]:
    """Tables with a row that names somebody."""
    plain = re.sub(r"^postgresql\+\w+:", "postgresql:", url)
    with psycopg.connect(plain) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'public'"
        ).fetchall()
        wanted = (text, text.encode().hex())  # bodies are bytes, which are shown as digits
        return [
            table
            for (table,) in tables
            for (row,) in connection.execute(f'select t::text from "{table}" t')
            if any(each in row for each in wanted)
        ]
