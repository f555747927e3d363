"""A row that breaks a rule of its activation table: held, while its neighbours go on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from acceptance_play import play, stage
from harness import Installation, sandbox_state

from ingestion.sandbox.personas import (
    consenting_customer,
    duplicate_sender,
    hot_lead,
    live_lead,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_500)]

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("orchestration", "ingestion", "reverse_etl", "dbt_project")
MODEL = Path("dbt_project/models/activation/hubspot/act_hubspot__contacts.sql")
HOT, TWICE = "hanna.hot@brightforge.io", "dana.double"
BROKEN = {
    "'state' as mode": f"case payloads.email when '{HOT}' then 'states' else 'state' end as mode",
    "else 2 end as priority": f"else case when payloads.email not like '{TWICE}%' then 2 end end"
    " as priority",
}
"""What an analyst's change might do to the rows of two people: a value that nobody knows, and one
that is missing."""


@dataclass(frozen=True, slots=True)
class Batches:
    """Over rows of which two were broken, again with one more lead, and after the model was
    mended; each with what stood in the CRM, and in the review queue, after it."""

    runs: tuple[Mapping[str, Any], ...]
    contacts: tuple[set[str], ...]
    held: tuple[list[dict[str, Any]], ...]
    report: Mapping[str, Any]


@pytest.fixture(scope="module")
def batches(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Batches:
    copy = tmp_path_factory.mktemp("project")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    sound = (copy / MODEL).read_text()
    spoil(copy / MODEL)
    paths = [str(copy), *filter(None, [os.environ.get("PYTHONPATH")])]
    installation.environment["PYTHONPATH"] = os.pathsep.join(paths)
    sandbox = installation.start_sandbox()
    service = installation.start_service()
    now = stage(service)
    play(service, [tell(now) for tell in (hot_lead, duplicate_sender, consenting_customer)])

    runs, contacts, held, report = [], [], [], {}
    for step in ("broken", "still broken", "mended"):
        if step == "still broken":
            play(service, [live_lead(now)])
        if step == "mended":
            (copy / MODEL).write_text(sound)
        runs.append(installation.json("run"))
        contacts.append(in_crm(sandbox))
        asked = ("dlq", "list", "--state", "held", "--code", "CONTRACT_VIOLATION")
        held.append(installation.json(*asked))
        report = report or installation.json("quality", "report")
    return Batches(tuple(runs), tuple(contacts), tuple(held), report)


def spoil(model: Path) -> None:
    text = model.read_text()
    for sound, broken in BROKEN.items():
        assert sound in text
        text = text.replace(sound, broken)
    model.write_text(text)


def in_crm(sandbox: str) -> set[str]:
    objects = sandbox_state(sandbox, "hubspot")["objects"]
    return {contact["properties"]["email"] for contact in objects.get("contacts", [])}


def test_good_neighbours_go_on(batches: Batches) -> None:
    """The batch ends well, and only the contacts whose rows are sound are in the CRM."""
    first = batches.contacts[0]
    assert len(first) == 1
    assert HOT not in first


def test_a_broken_row_is_held_under_the_name_of_its_rule(batches: Batches) -> None:
    """In the review queue, without a value; a later batch over new events leaves it there."""
    for held in batches.held[:2]:
        assert {"breaks accepted_values(mode)", "breaks not_null(priority)"} == {
            each["message"] for each in held
        }
        assert HOT not in str(held)


def test_the_next_lead_goes_out_while_others_are_held(batches: Batches) -> None:
    """Also a build of touched people only does not stop at rows that are held."""
    assert len(batches.contacts[1]) == 2
    assert batches.contacts[0] < batches.contacts[1]


def test_the_checks_show_rule_key_and_form(batches: Batches) -> None:
    """dbt's own test warns, and the contract names the row and the form of what stands there."""
    assert any("act_hubspot__contacts" in name for name in batches.runs[0]["failed_checks"])
    [told] = [
        each for each in batches.report["checks"]
        if each["table"] == "activation.act_hubspot__contacts"
    ]  # fmt: skip
    broken = {each["rule"]: each for each in told["broken"]}
    assert {"accepted_values(mode)", "not_null(priority)"} == set(broken)
    assert ("xxxxxx", 1) == (
        broken["accepted_values(mode)"]["detail"], broken["accepted_values(mode)"]["count"],
    )  # fmt: skip
    keys = {key for each in broken.values() for key in each["keys"]}
    assert {each["entity_key"] for each in batches.held[0]} == keys


def test_a_mended_row_goes_by_itself(batches: Batches) -> None:
    """Nobody replays anything: the next batch lets the rows go."""
    assert [] == batches.held[2]
    assert len(batches.contacts[2]) == 4
    assert HOT in batches.contacts[2]
