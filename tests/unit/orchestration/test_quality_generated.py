"""What the YAML of the dbt project says becomes contracts, and each kind of rule catches a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.errors import BuildFailedError
from orchestration.quality import contracts, generated, quick, runner, schema
from orchestration.quality.expectations import Contract, Rule

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of libraries

Told = Mapping[str, Any]


def column(data_type: str | None = "varchar", **told: Any) -> dict[str, Any]:
    expect = told.pop("expect", None)
    meta = {} if expect is None else {"expect": expect}
    return {"data_type": data_type, "config": {"meta": meta}, "constraints": [], **told}


def model(name: str, layer: str, columns: Told, **meta: Any) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "name": name,
        "alias": name,
        "schema": layer.split(".")[0],
        "fqn": ["millrace", *layer.split("."), name],
        "columns": columns,
        "config": {"meta": meta},
    }


def data_test(of: str, kind: str, *, severity: str = "ERROR", **arguments: Any) -> dict[str, Any]:
    return {
        "resource_type": "test",
        "attached_node": of,
        "test_metadata": {"name": kind, "kwargs": arguments},
        "config": {"severity": severity},
        "name": kind,
    }


KEY = data_test("model.things", "integrity", primary_key=["id"])


def contract(*tests: Told, layer: str = "marts", scope: str = "person", **columns: Any) -> Contract:
    """Of one model `things` with these columns, and its tests."""
    things = model("things", layer, {"id": column("bigint")} | columns, scope=scope)
    parents = model("parents", "staging", {})
    nodes = {"model.things": things, "model.parents": parents}
    nodes |= {f"test.{number}": dict(test) for number, test in enumerate([KEY, *tests])}
    [made] = generated.contracts({"nodes": nodes})
    return made


def rule(made: Contract, name: str) -> Rule:
    return next(each for each in made.rules if each.name == name)


REFERENCE = data_test(
    "model.things", "relationships", column_name="a", to="ref('parents')", field="id"
)
KINDS = {
    "not_null(id, a)": ([data_test("model.things", "not_null", column_name="a")], {}, "(1, null)"),
    "not_null(id, b)": (
        [],
        {"b": column(constraints=[{"type": "not_null"}]), "a": column()},
        "(1, 'x')",
    ),
    "unique(id)": ([], {"a": column()}, "(1, 'x'), (1, 'y')"),
    "unique(a)": (
        [data_test("model.things", "unique", column_name="a")],
        {},
        "(1, 'x'), (2, 'x'), (3, 'y')",
    ),
    "unique(a, id)": (
        [data_test("model.things", "integrity", unique=["a", "id"])],
        {},
        "(1, 'x'), (1, 'x')",
    ),
    "accepted_values(a)": (
        [data_test("model.things", "accepted_values", column_name="a", values=["x", "y"])],
        {"a": column()},
        "(1, 'z'), (2, 'x'), (3, null)",
    ),
    "relationships(a in parents.id)": ([REFERENCE], {}, "(1, 'nobody'), (2, 'known'), (3, null)"),
    "range(a)": (
        [],
        {"a": column("decimal(9, 2)", expect={"min": 0, "max": 1})},
        "(1, 1.01), (2, 0.0), (3, 1.0)",
    ),
    "regex(a)": ([], {"a": column(expect={"regex": "^a_"})}, "(1, 'b_'), (2, 'a_1')"),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_construct_catches_the_row_that_breaks_it(name: str) -> None:
    """A row that breaks one line of YAML fails the rule of that line, by its key, and only that."""
    tests, columns, rows = KINDS[name]
    made = contract(*tests, **columns)
    with duckdb.connect() as connection:
        connection.execute("create schema marts; create schema staging")
        connection.execute("create table staging.parents as select 'known' as id")
        connection.execute(f"create table marts.things as from (values {rows}) t(id, a)")
        if "b" in columns:
            connection.execute("alter table marts.things add column b varchar")
        report = runner.check_table(connection, made)

    besides = {"unique(id)"} - {name}  # where rows are alike, their keys are
    [failure] = [each for each in report.failures if each.rule not in besides]
    assert (name, "1", True) == (failure.rule, failure.keys[0], failure.blocking)
    assert "3" not in failure.keys
    assert {"dbt"} == {each.origin for each in made.rules}


def test_a_null_is_told_by_its_column() -> None:
    """Not-null rules share one look at the table, which still says which columns were empty."""
    made = contract(data_test("model.things", "integrity", not_null=["a", "b"]))
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        rows = "(1, null, 'x'), (2, null, null)"
        connection.execute(f"create table marts.things as from (values {rows}) t(id, a, b)")
        [failure] = runner.check_table(connection, made).failures

    assert {"a (1)", "a, b (1)"} == set(failure.detail.split("; "))
    assert ("1", "2") == failure.keys


def test_a_test_that_warns_makes_a_rule_that_warns() -> None:
    """Severity is the test's own; `expect` says it in place."""
    made = contract(
        data_test("model.things", "unique", column_name="a", severity="WARN"),
        data_test("model.things", "not_null", column_name="b", severity="warn"),
        c=column("integer", expect={"min": 0, "severity": "warn"}),
        d=column("integer", expect={"min": 0}),
    )

    warning = {each.name for each in made.rules if not each.blocking}
    assert {"unique(a)", "not_null(b)", "range(c)"} == warning


def test_other_types_are_compared_as_text() -> None:
    """dbt quotes accepted values; a boolean column is no broken row because of that."""
    made = contract(
        data_test("model.things", "accepted_values", column_name="a", values=[True]),
        a=column("boolean"),
    )
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.things as from (values (1, true)) t(id, a)")
        good = runner.check_table(connection, made)
        connection.execute("insert into marts.things values (2, false)")
        bad = runner.check_table(connection, made)

    assert [] == [f for f in good.failures if f.rule != "accepted_values(a)"]
    assert ["accepted_values(a)"] == [failure.rule for failure in bad.failures]


def test_what_only_warns_in_a_build_holds_the_row_at_the_border() -> None:
    """dbt's tests of an activation table warn, so that a build goes on; its rules hold rows. What
    `expect` lets pass with a warning passes there too."""
    made = contract(
        data_test("model.things", "unique", column_name="a", severity="WARN"),
        data_test("model.things", "not_null", column_name="b", severity="warn"),
        layer="activation",
        c=column("integer", expect={"min": 0, "severity": "warn"}),
    )

    assert {"range(c)"} == {each.name for each in made.rules if not each.blocking}


@pytest.mark.parametrize("expect", [{}, {"minimum": 0}, 5])
def test_an_expect_that_is_not_understood_is_refused(expect: object) -> None:
    """A misspelt range must not pass as one that holds."""
    with pytest.raises(ValueError, match=r"things\.a"):
        contract(a=column(expect=expect))


def test_values_are_no_keys_to_be_shown() -> None:
    """Where a row is a value of somebody (an address), a failing one is named by a hash."""
    made = contract(scope="value", a=column(expect={"regex": "^x"}))
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.things as select 'ada@example.com' as id, 'y' as a")
        report = runner.check_table(connection, made)

    [key] = report.failures[0].keys
    assert len(key) == 12
    assert "ada" not in report.markdown()


def test_activation_rules_are_those_that_the_fast_lane_knows() -> None:
    """Of a row that is held one wants to know the column, and a payload is not read for it."""
    there = [{"type": "not_null"}]
    made = contract(
        REFERENCE,
        layer="activation",
        a=column(constraints=there),
        payload=column(constraints=there),
    )

    assert "activation" == made.border
    assert {"not_null(id)", "not_null(a)", "not_null(payload)"} < {r.name for r in made.rules}
    assert "length(payload) as payload_length" in made.columns
    assert {each.expectation for each in made.of_rows.rules} <= quick.known()
    assert "exists" not in made.of_rows.query


def test_models_between_are_not_promised() -> None:
    """Staging and mappings are nobody's border."""
    hidden = ["staging", "intermediate.canonical.mappings", "intermediate.identity"]
    nodes = {layer: model("things", layer, {}) for layer in hidden}
    shown = {"model.things": model("things", "intermediate.canonical", {}), "k": KEY}

    assert () == generated.contracts({"nodes": nodes})
    assert ["canonical"] == [each.border for each in generated.contracts({"nodes": shown})]


def test_columns_and_types_are_promised_too() -> None:
    """A missing column, one of another type and one that nobody promised are named."""
    made = contract(a=column("decimal(9,2)"), b=column(), c=column("integer"))
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        columns = "id bigint, a decimal(9, 2), c bigint, d varchar"
        connection.execute(f"create table marts.things ({columns})")
        found = schema.failures(connection, [made], "canonical")

    assert {"marts.things"} == set(found)
    assert {"b", "c", "d"} == set(found["marts.things"].columns)
    assert found["marts.things"].blocking


def test_what_is_not_understood_is_told_with_a_code(tmp_path: Path) -> None:
    """A mistake in the YAML names model and column, and a way out."""
    things = model("things", "marts", {"id": column(expect={"least": 1})})
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps({"nodes": {"model.things": things, "k": KEY}}))

    with pytest.raises(BuildFailedError, match=r"things\.id") as raised:
        contracts.read(file)
    assert "BUILD_FAILED" == raised.value.code
    assert "YAML" in raised.value.remedy


def test_what_leaves_the_house_has_rules_about_its_payload() -> None:
    """A new activation table without them is refused, not sent unseen."""
    bare = {"model.things": model("things", "activation", {}), "k": KEY}
    with pytest.raises(ValueError, match="things"):
        contracts.of({"nodes": bare})
