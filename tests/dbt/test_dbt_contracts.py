"""The contracts of the project: nothing that the YAML says of a public model is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dbt_warehouse import Warehouse

from orchestration.bench.contracts import measure_contracts
from orchestration.destinations import NAMES, effects
from orchestration.quality import contracts, quick
from orchestration.quality.activation_contracts import BY_TABLE
from orchestration.quality.contracts import BESIDES, Contracts
from orchestration.quality.expectations import Contract

KINDS = {"unique", "not_null", "accepted_values", "relationships"}
"""Generic tests beside `integrity`; rules are called like them."""


@pytest.fixture(scope="module")
def found(manifest: Any) -> Contracts:
    return contracts.of(manifest.to_dict())


@pytest.fixture(scope="module")
def promised(found: Contracts) -> dict[str, Contract]:
    return {each.table: each for each in (*found.canonical, *found.activation.values())}


def public_tests(manifest: Any) -> Iterator[tuple[str, Any]]:
    """Model and test, of every public model."""
    for node in manifest.nodes.values():
        of = manifest.nodes.get(getattr(node, "attached_node", None))
        if of is not None and of.resource_type == "model" and of.access == "public":
            yield of.name, node


def wanted(test: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Kind of rule and columns, for everything that a test says."""
    told, kind = test.test_metadata.kwargs, test.test_metadata.name
    if kind != "integrity":
        assert kind in KINDS, kind
        yield kind, (told["column_name"],)
        return
    for part in ("primary_key", "unique"):
        if told.get(part):
            yield "unique", tuple(told[part])
    for column in (*told.get("primary_key", ()), *told.get("not_null", ())):
        yield "not_null", (column,)


def test_every_test_of_a_public_model_is_a_rule(
    manifest: Any, promised: dict[str, Contract]
) -> None:
    """A column's test has a rule about that column; an integrity test has one for each part."""
    expected = {(name, *each) for name, test in public_tests(manifest) for each in wanted(test)}
    made = {
        (name, rule.name.partition("(")[0], columns)
        for name, contract in promised.items()
        for rule in contract.rules
        for columns in (rule.columns, *((column,) for column in rule.columns))
    }
    assert expected
    assert set() == expected - made


def test_every_column_of_a_public_model_is_promised(
    manifest: Any, promised: dict[str, Contract]
) -> None:
    """With its type; what its constraint says is never null is no null."""
    for node in manifest.nodes.values():
        if node.resource_type == "model" and node.access == "public":
            contract = promised[node.name]
            types = {name: column.data_type for name, column in node.columns.items()}
            there = {
                name
                for name, column in node.columns.items()
                if any(each.type.value == "not_null" for each in column.constraints)
            }
            checked = {
                column
                for rule in contract.rules
                if rule.name.startswith("not_null(")
                for column in rule.columns
            }
            assert types == contract.types
            assert there <= checked, node.name


def test_the_canonical_models_are_promised(manifest: Any, promised: dict[str, Contract]) -> None:
    """Those that every source is mapped to, whether anybody outside may read them or not."""
    canonical = {
        node.name
        for node in manifest.nodes.values()
        if node.resource_type == "model" and node.fqn[1:-1] == ["intermediate", "canonical"]
    }
    assert canonical
    assert canonical <= promised.keys()


def test_what_is_written_by_hand_has_a_table(promised: dict[str, Contract]) -> None:
    """No rule stands beside a table that is not there, and none says what the YAML says."""
    tables = {effect.table for effect in effects(NAMES)}
    assert BESIDES.keys() <= promised.keys()
    assert tables == BY_TABLE.keys() == promised.keys() & tables
    for name, contract in promised.items():
        names = [rule.name for rule in contract.rules]
        assert len(names) == len(set(names)), name


def test_the_fast_lane_knows_every_rule_on_rows(found: Contracts) -> None:
    """An activation contract with another kind of rule needs a line in `quick`."""
    used = {rule.expectation for each in found.activation.values() for rule in each.of_rows.rules}
    assert used <= quick.known()


def test_contracts_can_be_asked_of_what_is_built(warehouse: Warehouse, found: Contracts) -> None:
    """Every query of every contract runs on the tables of a build, empty as they are."""
    warehouse.build([])
    for contract in (*found.canonical, *found.activation.values()):
        assert [] == warehouse.query(f"{contract.query} limit 0"), contract.name


@pytest.mark.slow
def test_the_benchmark_finds_what_it_broke() -> None:
    """`millrace bench contracts` measures checks that work: every broken row is found."""
    told = measure_contracts(2_000, lambda _step: None)
    assert 0 < told["broken"] == told["found"]
