"""The runbooks speak of codes that exist, in commands that exist, and of all that a person must."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from support.commandline import parse

import orchestration
from dbt_project.catalogue import catalogue

FOLDER = Path(next(iter(orchestration.__path__)))
TEXT = (FOLDER / "RUNBOOKS.md").read_text()
PAGES = [TEXT, *((FOLDER / name).read_text() for name in ("SECURITY.md", "deploy/README.md"))]
SECTIONS = dict(re.findall(r"^### (.+)\n((?:(?!^#).*\n)*)", TEXT, re.MULTILINE))
CODE = re.compile(r"[A-Z][A-Z_]+")
COMMANDS = sorted(
    {
        " ".join(found.split())
        for page in PAGES
        for found in re.findall(r"`(millrace [a-z][^`]+)`", page)
    }
)
IDS = {"ID": "1"}
PARTS = ("**Means**", "**See**", "**Do**", "**Over when**")
# What stops leads or needs a person; an alert about anything else has a remedy in one sentence.
NEEDED = {
    "LEAD_VELOCITY", "LANE_BEHIND", "LANE_PARITY", "LANE_MEMORY", "LANE_MODEL_FAILED",
    "FAST_LANE_ENDED", "MODEL_NOT_SLICEABLE", "BREAKER_OPEN", "AUTHENTICATION_FAILED",
    "CREDENTIAL_MISSING", "CREDENTIAL_OLD", "ENDPOINT_MOVED",
    "CONNECTOR_MISCONFIGURED", "APPROVAL_NEEDED", "UNKNOWN_OUTCOME", "WORKER_FAILED",
    "LOG_UNAVAILABLE", "LEDGER_UNAVAILABLE", "OVERLOADED", "LOG_NEWER", "LEDGER_NEWER",
    "ARCHIVE_UNAVAILABLE", "SECRET_MISSING", "WAREHOUSE_LOCKED", "WAREHOUSE_CORRUPT",
    "BUILD_FAILED", "BACKUP_FAILED", "RESTORE_REFUSED", "RESTORED",
}  # fmt: skip


def codes() -> set[str]:
    titles = [title for title in SECTIONS if title.isupper()]
    return {code for title in titles for code in CODE.findall(title)}


def test_every_code_is_in_the_catalogue() -> None:
    """A section about a code that is never told helps nobody."""
    assert set() == codes() - catalogue().keys()


def test_what_needs_a_person_has_a_section() -> None:
    """Also each code of the warehouse, of backups and of the fast lane that ends something."""
    assert set() == NEEDED - codes()


def test_every_alert_finds_its_section() -> None:
    """Its link goes to a title, or to a place beside it where a title names several codes."""
    rules = (FOLDER / "observability" / "alerts.yml").read_text()
    wanted = set(re.findall(r"RUNBOOKS\.md#(\w+)", rules))
    alone = {title.lower() for title in SECTIONS if CODE.fullmatch(title)}
    assert wanted
    assert set() == wanted - alone - set(re.findall(r'<a id="(\w+)"></a>', TEXT))


@pytest.mark.parametrize("title", SECTIONS)
def test_every_section_has_its_four_parts(title: str) -> None:
    """What it means, how to see it, what to do, how to know that it is over: in this order."""
    found = re.findall(r"^- (\*\*[A-Z][a-z ]+\*\*): \S", SECTIONS[title], re.MULTILINE)
    assert list(PARTS) == found


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.endswith("--help")])
def test_every_command_exists(command: str) -> None:
    """In runbooks, security notes and deployment, with the options that are given; ID, NAME and
    the like stand for arguments."""
    words = [IDS.get(word, word) for word in shlex.split(command)]
    parse(words[0], words[1:])
