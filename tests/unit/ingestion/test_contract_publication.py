"""What is promised of a published contract, and what is generated from the contracts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from contract_folders import contract, write

from ingestion.contracts.changelog import CHANGELOG, changelog
from ingestion.contracts.library import fields, package, read_contracts
from ingestion.contracts.publication import (
    check_promises,
    digests,
    read_published,
    to_json,
    unpublished,
)
from ingestion.errors import ContractBreakingError, ContractEditedError

NUMBER = {"type": "number"}
TEXT = {"type": "string"}


def publish(root: Path) -> dict[str, str]:
    """The digests of everything below ``root``."""
    return digests(read_contracts(root))


def test_the_contracts_keep_their_promises() -> None:
    """No version of this package breaks its major, and no published file was edited."""
    check_promises(read_contracts(), read_published())


def test_every_contract_is_published() -> None:
    """A new version is published with `millrace contracts publish`."""
    assert [] == unpublished(read_contracts(), read_published()), "run: millrace contracts publish"


def test_the_changelog_is_up_to_date() -> None:
    """The file is what `millrace contracts changelog --write` writes."""
    written = (package() / CHANGELOG).read_text(encoding="utf-8")
    assert changelog(read_contracts()) == written, "run: millrace contracts changelog --write"


def test_a_published_file_is_not_edited(tmp_path: Path) -> None:
    """An edit in place is refused, and so is taking a version away."""
    published = publish(write(tmp_path, {"1.0.0": contract(amount=NUMBER)}))
    write(tmp_path, {"1.0.0": contract(amount=NUMBER, note={})})
    with pytest.raises(ContractEditedError, match=r"shop/order/1\.0\.0\.json.*contracts publish"):
        check_promises(read_contracts(tmp_path), published)
    (tmp_path / "shop/order/1.0.0.json").unlink()
    with pytest.raises(ContractEditedError, match=r"shop/order/1\.0\.0\.json"):
        check_promises(read_contracts(tmp_path), published)


def test_layout_and_deprecation_are_no_edit(tmp_path: Path) -> None:
    """The order of keys means nothing, and a version is deprecated after it was published."""
    schema = contract(amount=NUMBER)
    published = publish(write(tmp_path, {"1.0.0": schema}))
    turned: dict[str, Any] = dict(reversed(schema.items()))
    write(tmp_path, {"1.0.0": turned | {"x-deprecated-after": "2026-06-30"}})
    check_promises(read_contracts(tmp_path), published)


def test_a_shared_definition_is_part_of_the_contract(tmp_path: Path) -> None:
    """Editing a shared definition edits every published contract that refers to it."""
    shared = tmp_path / "shared.json"
    shared.write_text('{"$defs": {"amount": {"type": "number"}, "other": {}}}')
    schema = contract(amount={"$ref": "millrace:shared#/$defs/amount"})
    published = publish(write(tmp_path, {"1.0.0": schema}))
    shared.write_text('{"$defs": {"amount": {"type": "number"}, "other": {"type": "null"}}}')
    check_promises(read_contracts(tmp_path), published)
    shared.write_text('{"$defs": {"amount": {"type": "integer"}, "other": {}}}')
    with pytest.raises(ContractEditedError):
        check_promises(read_contracts(tmp_path), published)


def test_a_breaking_change_needs_a_new_major(tmp_path: Path) -> None:
    """A minor version that refuses what the one before took is named, with the rule."""
    write(tmp_path, {"1.0.0": contract(amount=NUMBER), "1.0.1": contract(amount=TEXT)})
    told = r"shop/order/1\.0\.1 breaks 1\.0\.0: /amount: type: number → string"
    with pytest.raises(ContractBreakingError, match=told):
        check_promises(read_contracts(tmp_path), {})


def test_a_new_major_may_break(tmp_path: Path) -> None:
    """Between two majors everything may change."""
    write(tmp_path, {"1.9.0": contract(amount=NUMBER), "2.0.0": contract(amount=TEXT)})
    check_promises(read_contracts(tmp_path), {})


def test_the_changelog_tells_what_changed(tmp_path: Path) -> None:
    """New and lost fields, narrower and wider rules, and the date of the end; newest first."""
    first = contract(amount=NUMBER) | {"title": "An order", "x-deprecated-after": "2026-06-30"}
    second = contract(amount={"type": ["integer", "null"]}, note={}) | {"title": "An order"}
    versions = {"1.0.0": first, "2.0.0": second}
    told = changelog(read_contracts(write(tmp_path, versions))).split("### order\n\n")[1]
    assert told.splitlines() == [
        "- **2.0.0** An order.",
        "  - new field: `/note`",
        "  - narrower: `/note` required: no → yes",
        "  - narrower: `/amount` type: number → integer, null",
        "  - wider: `/amount` type: number → integer, null",
        "- **1.0.0** An order. Deprecated after 2026-06-30. First version.",
    ]


def test_fields_are_found_everywhere() -> None:
    """Fields of parts, of nested objects and of items are listed by their place."""
    schema = {
        "allOf": [{"properties": {"a": True}}],
        "properties": {"b": {"items": {"properties": {"c": {}}}}},
    }
    assert ["/a", "/b", "/b/*/c"] == sorted(fields(schema))


def test_digests_are_written_in_order() -> None:
    """The file of digests has one line a contract, so that changes of it are easy to read."""
    assert b'{\n  "a": "1",\n  "b": "2"\n}\n' == to_json({"b": "2", "a": "1"})
