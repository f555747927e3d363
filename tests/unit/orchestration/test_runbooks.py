"""The runbooks speak of codes that exist, in commands that exist, and of all that a person must."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from support.commandline import parse

import orchestration
from dbt_project.catalogue import catalogue
from ingestion.errors import LogUnavailableError
from orchestration.alerts import run_failures, troubles
from orchestration.errors import WarehouseError
from orchestration.review import findings
from reverse_etl.errors import LedgerNewerError, LedgerUnavailableError

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
# What comes by itself is derived below; these end a start, a batch, or what somebody typed.
TYPED = {
    "BACKUP_FAILED", "RESTORE_REFUSED", "RESTORED", "LOG_NEWER", "WORKER_FAILED", "BUILD_FAILED",
    "LANE_PARITY", "LANE_MODEL_FAILED", "MODEL_NOT_SLICEABLE", "UNKNOWN_OUTCOME",
}  # fmt: skip
STORES = (LogUnavailableError, LedgerUnavailableError, LedgerNewerError, WarehouseError)
STOPS = {"authentication", "held", "unavailable"}  # kinds of codes that keep leads from going on


def family(root: type[Exception]) -> set[str]:
    """The codes of an error and of all that are special cases of it."""
    return {root.code, *(code for child in root.__subclasses__() for code in family(child))}  # type: ignore[attr-defined]


def told_unasked() -> set[str]:
    """What alerts, the review of the day and the service's log lines name."""
    modules = (troubles, run_failures, findings)
    named = {name for module in modules for name, value in vars(module).items() if name == value}
    lines = "".join(path.read_text() for path in FOLDER.rglob("*.py"))
    logged = set(re.findall(r'_log\.\w+\([^()]*?\bcode="([A-Z_]+)"', lines))
    return (named | logged).union(*map(family, STORES))


def codes() -> set[str]:
    titles = [title for title in SECTIONS if title.isupper()]
    return {code for title in titles for code in CODE.findall(title)}


def test_every_code_is_in_the_catalogue() -> None:
    """A section about a code that is never told helps nobody."""
    assert set() == codes() - catalogue().keys()


def test_what_needs_a_person_has_a_section() -> None:
    """What is told unasked, what keeps leads from going on, and what ends a start or a repair."""
    stops = {code for code, entry in catalogue().items() if entry.kind in STOPS}
    needed = told_unasked() | stops | TYPED
    assert len(needed) > 40
    assert set() == needed - codes()


def test_every_other_dead_letter_has_one_too() -> None:
    """Vendors have more codes than runbooks have sections."""
    assert "A dead letter with another code" in SECTIONS


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
