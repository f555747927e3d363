"""The plan that is read from a dbt manifest, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.errors import PlanError
from orchestration.fast_lane.plan import Scope, read_plan
from orchestration.fast_lane.touches import Touch
from orchestration.incremental.merge import is_touched, keys_of

Node = dict[str, Any]
SOURCE = "source.millrace.raw.events"


def model(
    name: str, *reads: str, schema: str = "marts", kind: str = "table", **meta: object
) -> Node:
    return {
        "name": name,
        "alias": name,
        "schema": schema,
        "resource_type": "model",
        "compiled_code": f"select 1 as {name}",
        "config": {"materialized": kind, "meta": meta},
        "depends_on": {"nodes": [f"model.{read}" if "." not in read else read for read in reads]},
    }


def unique(of: str, *columns: str) -> Node:
    return _test(of, "integrity", {"primary_key": list(columns), "not_null": ["filled"]})


def _test(of: str, kind: str, arguments: dict[str, Any]) -> Node:
    return {
        "name": f"unique_{of}",
        "resource_type": "test",
        "compiled_code": "select 1",
        "attached_node": f"model.{of}",
        "test_metadata": {"name": kind, "kwargs": arguments},
        "config": {"severity": "ERROR", "where": None},
        "depends_on": {"nodes": [f"model.{of}"]},
    }


def manifest(*nodes: Node) -> dict[str, Any]:
    named = {
        f"{'test' if node['resource_type'] == 'test' else 'model'}.{node['name']}": node
        for node in nodes
    }
    return {"nodes": named, "sources": {SOURCE: {"schema": "raw", "name": "events"}}}


def test_models_come_after_what_they_read() -> None:
    """Statements can be run in the order of the plan."""
    plan = read_plan(manifest(model("b", "a"), model("c", "b"), model("a", SOURCE)), "f")

    assert ["a", "b", "c"] == [each.name for each in plan.models]
    assert ["raw.events"] == plan.sources()
    assert {"a", "b"} == plan.upstream(["b"])


def test_a_model_is_of_people_unless_it_says_otherwise() -> None:
    """Scopes come from meta; a model of seeds alone is as constant as they are."""
    seed = {**model("rates"), "resource_type": "seed", "compiled_code": None}
    told = manifest(seed, model("kinds", "rates"), model("people", SOURCE, "kinds"))

    plan = read_plan(told, "f")

    assert Scope.PERSON is plan["people"].scope
    assert Scope.SEED is plan["kinds"].scope


def test_whom_a_reference_touches_is_read_from_its_meta() -> None:
    """A change of a reference model reaches the rows that its meta names."""
    touches = [{"model": "people", "on": {"company_domain": "domain"}, "undecided": True}]
    facts = model("facts", SOURCE, scope="reference", touches=touches)
    told = manifest(model("people", SOURCE), facts)

    assert (Touch("people", (("company_domain", "domain"),), True),) == (
        read_plan(told, "f")["facts"].touches
    )


@pytest.mark.parametrize(
    ("touches", "message"),
    [
        (
            {"model": "people", True: {"a": "b"}},
            r'`True` is no key of a touch. Write "on" in quote',
        ),
        ({"model": "people", "true": {"a": "b"}}, r'`true` is no key of a touch. Write "on" in'),
        ({"model": "people", "on": {"a": "b"}, "undecide": True}, r"`undecide` is no key"),
        ({"on": {"a": "b"}}, "`model` names the model"),
        ({"model": "people", "on": ["a"]}, '"on" pairs columns'),
        ({"model": "people", "on": {"a": None}}, '"on" pairs columns'),
        ({"model": "people", "on": None, "undecided": True}, '"on" pairs columns'),
        ({"model": "people", "on": {"a": "b"}, "undecided": "yes"}, "`undecided` is true or"),
        ({"model": "people"}, "without .* everybody would be touched"),
        ({"model": "persons", "on": {"a": "b"}}, "there is no persons"),
        ("people", "holds `people`, which is no mapping"),
    ],
)
def test_a_touch_that_would_reach_others_than_meant_is_refused(
    touches: object, message: str
) -> None:
    """YAML reads a bare `on` as true: what is not understood would touch everybody, or nobody."""
    facts = model("facts", SOURCE, scope="reference", touches=[touches])

    with pytest.raises(PlanError, match=f"Model facts: meta.touches:? {message}"):
        read_plan(manifest(model("people", SOURCE), facts), "f")


def test_touches_are_a_list() -> None:
    """One touch alone stands in a list, too."""
    facts = model("facts", SOURCE, scope="reference", touches={"model": "people"})

    with pytest.raises(PlanError, match=r"meta\.touches is a list"):
        read_plan(manifest(facts), "f")


def test_a_reference_may_touch_nobody_or_say_nothing() -> None:
    """An empty list is an answer, no list is none; decided rows need no pairs."""
    undecided = [{"model": "b", "undecided": True}]
    nodes = [
        model("a", SOURCE, scope="reference", touches=[]),
        model("b", SOURCE),
        model("c", SOURCE, scope="reference", touches=undecided),
    ]

    plan = read_plan(manifest(*nodes), "f")

    assert [(), None] == [plan["a"].touches, plan["b"].touches]
    assert (Touch("b", (), True),) == plan["c"].touches


def test_rows_are_told_apart_by_the_shortest_unique_key() -> None:
    """Uniqueness comes from the data tests."""
    nodes = [model("a", SOURCE), unique("a", "x", "y"), {**unique("a", "z"), "name": "other"}]

    assert ("z",) == read_plan(manifest(*nodes), "f")["a"].unique


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([model("a", SOURCE, scope="everyone")], "`everyone` is no scope"),
        (
            [model("rpt", SOURCE, scope="global"), model("people", "rpt")],
            "Model people is of scope `person` and reads rpt",
        ),
        (
            [model("people", SOURCE), model("event", "people", scope="event")],
            "Model event is of scope `event` and reads people",
        ),
        ([model("a", SOURCE, scope="value")], "Model a is of scope `value` and has no unique key"),
        ([{**model("a", SOURCE), "compiled_code": None}], "Model a is not compiled"),
    ],
)
def test_a_model_that_cannot_take_part_is_named(nodes: list[Node], message: str) -> None:
    """What could not be built for some people only is refused before anything is built."""
    with pytest.raises(PlanError, match=message):
        read_plan(manifest(*nodes), "f")


def test_an_activation_fed_by_everybody_is_refused() -> None:
    """Law 3: what feeds an activation depends on one person's events and reference models."""
    nodes = [
        model("rpt", SOURCE, scope="global"),
        model("act", "rpt", schema="activation", scope="global"),
    ]

    with pytest.raises(PlanError, match="feeds an activation"):
        read_plan(manifest(*nodes), "f")


def test_rows_are_marked_by_the_first_key_that_is_not_null() -> None:
    """An opportunity without a person is found by its own id."""
    plan = read_plan(manifest(model("a", SOURCE), model("b", SOURCE, keys={"node": "record"})), "f")
    keys = keys_of(plan["a"], ["opportunity_id", "person_id", "amount"])

    assert [("person_id", "person"), ("opportunity_id", "opportunity")] == keys
    assert [("node", "record")] == keys_of(plan["b"], ["node", "person_id"])
    assert (
        '((held."person_id" in (select id from touched.main."person"))'
        ' or (held."person_id" is null'
        ' and held."opportunity_id" in (select id from touched.main."opportunity")))'
    ) == is_touched(keys, "held")


def test_a_model_without_a_key_is_refused_with_a_remedy() -> None:
    """Whoever adds a model learns what to write."""
    plan = read_plan(manifest(model("a", SOURCE)), "f")

    with pytest.raises(PlanError, match="whose the rows of a are") as caught:
        keys_of(plan["a"], ["amount"])

    assert "meta.keys" in caught.value.remedy
