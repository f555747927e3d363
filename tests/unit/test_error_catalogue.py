"""The one error catalogue: complete, and true to what the code can say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dbt_project
from dbt_project.catalogue import catalogue, entry, remedy
from ingestion.errors import IngestionError
from ingestion.problems import ProblemCode
from orchestration.commands.errors import markdown
from orchestration.errors import OrchestrationError
from reverse_etl import catalogue as delivery_codes
from reverse_etl.errors import DeliveryError

MODELS = Path(next(iter(dbt_project.__path__))) / "models"
KINDS = {
    "authentication",
    "cancelled",
    "content",
    "defect",
    "held",
    "ignored",
    "operation",
    "permanent",
    "request",
    "retryable",
    "signature",
    "superseded",
    "unavailable",
    "unknown",
}


def _codes(base):
    for error in base.__subclasses__():
        yield error.code
        yield from _codes(error)


def _in_models():
    """Codes that models give: literals `'CODE'` in SQL."""
    for file in MODELS.rglob("int_event_*.sql"):
        yield from re.findall(r"'([A-Z][A-Z_]{5,})'", file.read_text())


def _in_source():
    """Codes that classes and calls name; to import every module would take a minute."""
    for package in ("ingestion", "orchestration"):  # elsewhere also the vendors' own
        for file in (MODELS.parents[1] / package).rglob("*.py"):
            yield from re.findall(r'\bcode(?:: ClassVar.*)? ?= ?"([A-Z_]{5,})"', file.read_text())


def test_every_code_in_use_is_listed():
    """What gateway, quarantine, dead letters and commands say can be looked up."""
    used = {
        *_codes(IngestionError),
        *_codes(OrchestrationError),
        *_codes(DeliveryError),
        *(code.value for code in ProblemCode),
        *(value for name, value in vars(delivery_codes).items() if name.isupper()),
        *_in_models(),
        *_in_source(),
    }
    assert set() == used - catalogue().keys()


def test_every_entry_says_what_to_do():
    """An entry has a known class, a sentence for what happened and one for what to do."""
    for listed in catalogue().values():
        assert listed.kind in KINDS, listed.code
        assert listed.meaning.endswith("."), listed.code
        assert listed.remedy[-1] in ".)" or listed.remedy.endswith("make demo"), listed.code
        if listed.kind in {"request", "signature", "unavailable", "defect"}:
            assert 400 <= (listed.status or 0) < 600, listed.code


def test_the_file_is_in_order():
    """Entries stand in alphabetical order, so that two branches rarely collide."""
    assert sorted(catalogue()) == list(catalogue())


def test_a_vendors_own_code_has_no_entry():
    """An unknown code has no remedy, and no entry to answer with."""
    assert remedy("SOME_VENDOR_CODE") is None
    assert remedy(None) is None
    with pytest.raises(KeyError):
        entry("SOME_VENDOR_CODE")


def test_the_documentation_is_up_to_date():
    """ERRORS.md says what the catalogue says; `millrace errors --write` renews it."""
    file = MODELS.parent / "ERRORS.md"
    assert file.read_text() == markdown(list(catalogue().values()))
