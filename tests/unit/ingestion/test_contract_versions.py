"""Several versions of a contract side by side, and the end of an old one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from contract_folders import contract, write

from ingestion.contracts import ContractSet, Finding
from ingestion.errors import ContractBrokenError
from ingestion.event_log.model import to_micros

NUMBER = {"type": "number"}
TEXT = {"type": "string"}
DATED = {"x-deprecated-after": "2026-06-30"}
BEFORE = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
AFTER = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def contracts(tmp_path: Path) -> ContractSet:
    """An amount was a number, then text; both versions were widened once."""
    versions = {
        "1.0.0": contract(amount={"type": "integer"}) | DATED,
        "1.1.0": contract(amount=NUMBER) | DATED,
        "2.0.0": contract(amount=TEXT),
        "2.0.10": contract(amount={"type": ["string", "null"]}),
        "2.0.9": contract(amount=TEXT),
    }
    return ContractSet.load(write(tmp_path, versions))


def check(
    contracts: ContractSet, amount: Any, received_at: datetime = BEFORE, **more: Any
) -> tuple[str | None, ...]:
    body = orjson.dumps({"type": "order", "amount": amount, **more})
    finding: Finding = contracts.check("shop", body, to_micros(received_at))
    return finding.contract, finding.problem_code, finding.problem_path


def test_the_newest_version_counts(contracts: ContractSet) -> None:
    """Versions are numbers, not text: 2.0.10 comes after 2.0.9."""
    assert ("shop/order/2.0.10", None, None) == check(contracts, None)


def test_an_older_major_is_kept_until_its_date(contracts: ContractSet) -> None:
    """What fails the newest version passes under the newest of an older major, to its last day."""
    assert ("shop/order/1.1.0", None, None) == check(contracts, 12.5)
    refused = ("shop/order/1.1.0", "CONTRACT_DEPRECATED", "")
    assert refused == check(contracts, 12.5, AFTER)


def test_the_newest_version_says_what_is_wrong(contracts: ContractSet) -> None:
    """What keeps to no version is told by the newest one."""
    for moment in (BEFORE, AFTER):
        assert ("shop/order/2.0.10", "FIELD_MISMATCH", "/amount") == check(contracts, [], moment)


@pytest.mark.parametrize("declared", ["1", "1.0", "1.0.0", "1.7.3"])
def test_a_declared_major_counts(contracts: ContractSet, declared: str) -> None:
    """An event that declares a version is held to the newest of that major, and to no other."""
    assert ("shop/order/1.1.0", None, None) == check(contracts, 12.5, schema_version=declared)
    assert ("shop/order/1.1.0", "FIELD_MISMATCH", "/amount") == check(
        contracts, "12.5", schema_version=declared
    )
    assert ("shop/order/1.1.0", "CONTRACT_DEPRECATED", "") == check(
        contracts, 12.5, AFTER, schema_version=declared
    )


@pytest.mark.parametrize("declared", ["3", "x", "", "1.", "-1", 1, None, {}, "9" * 5000, "\u0661"])
def test_an_unknown_version_is_refused(contracts: ContractSet, declared: Any) -> None:
    """A version that cannot be read, or is not there, is named as the problem."""
    expected = (None, "CONTRACT_VERSION_UNKNOWN", "/schema_version")
    assert expected == check(contracts, "12.5", schema_version=declared)


def test_a_type_can_end(tmp_path: Path) -> None:
    """When the only version is past its date, its events are refused."""
    contracts = ContractSet.load(write(tmp_path, {"1.0.0": contract(amount=NUMBER) | DATED}))
    assert ("shop/order/1.0.0", None, None) == check(contracts, 1)
    assert ("shop/order/1.0.0", "CONTRACT_DEPRECATED", "") == check(contracts, 1, AFTER)
    assert ("shop/order/1.0.0", "FIELD_MISMATCH", "/amount") == check(contracts, "1", AFTER)


def test_the_fingerprint_follows_the_contract(tmp_path: Path) -> None:
    """It differs when a version is added, and is the same for the same files."""
    write(tmp_path, {"1.0.0": contract(amount=NUMBER)})
    before = ContractSet.load(tmp_path)
    assert before.fingerprint("shop", "order") == ContractSet.load(tmp_path).fingerprint(
        "shop", "order"
    )
    write(tmp_path, {"1.1.0": contract()})
    after = ContractSet.load(tmp_path)
    assert before.fingerprint("shop", "order") != after.fingerprint("shop", "order")
    assert before.fingerprint("shop", None) == after.fingerprint("shop", None)


def test_shared_definitions_may_be_the_folders_own(tmp_path: Path) -> None:
    """A reference is written out from the folder's shared.json, else from the package's."""
    referring = {"amount": {"$ref": "millrace:shared#/$defs/optional_text"}}
    write(tmp_path, {"1.0.0": contract(**referring)})
    assert check(ContractSet.load(tmp_path), None)[1] is None
    (tmp_path / "shared.json").write_bytes(orjson.dumps({"$defs": {"optional_text": NUMBER}}))
    assert "FIELD_MISMATCH" == check(ContractSet.load(tmp_path), None)[1]


def test_a_file_has_definitions_of_its_own(tmp_path: Path) -> None:
    """They are its own only: a shared definition of the same name means the shared one inside."""
    shared = {"$defs": {"part": NUMBER, "whole": {"items": {"$ref": "#/$defs/part"}}}}
    (tmp_path / "shared.json").write_bytes(orjson.dumps(shared))
    fields = {"amount": {"$ref": "#/$defs/part"}, "all": {"$ref": "millrace:shared#/$defs/whole"}}
    write(tmp_path, {"1.0.0": contract(**fields) | {"$defs": {"part": {}}}})
    assert check(ContractSet.load(tmp_path), "x", all=[1])[1] is None
    assert ("FIELD_MISMATCH", "/all/0") == check(ContractSet.load(tmp_path), "x", all=["x"])[1:]


def test_the_last_day_there_is(tmp_path: Path) -> None:
    """A version may be kept for ever."""
    endless = contract(amount=NUMBER) | {"x-deprecated-after": "9999-12-31"}
    contracts = ContractSet.load(write(tmp_path, {"1.0.0": endless}))
    assert ("shop/order/1.0.0", None, None) == check(contracts, 1, AFTER)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("1.0.0.json", "{"),
        ("1.0.0.json", "[]"),
        ("1.0.0.json", '{"type": "no such type"}'),
        ("1.0.0.json", '{"$ref": "millrace:shared#/$defs/nothing"}'),
        ("1.0.0.json", '{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}'),
        ("1.0.0.json", '{"x-deprecated-after": "soon"}'),
        ("1.0.0.json", '{"x-deprecated-after": 20260101}'),
        ("1.0.json", "{}"),
        ("01.0.0.json", "{}"),
        ("latest.json", "{}"),
    ],
)
def test_a_broken_contract_is_named(tmp_path: Path, name: str, text: str) -> None:
    """A file that is no contract stops the load with an error that names it."""
    folder = write(tmp_path, {}) / "shop" / "order"
    (folder / name).write_text(text)
    with pytest.raises(ContractBrokenError, match=r"1\.0|latest"):
        ContractSet.load(tmp_path)
