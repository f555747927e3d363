"""The sandbox's controls: fault plans are checked, seeded and leave no doubt."""

from __future__ import annotations

import asyncio
from itertools import count

import httpx
import pytest
from starlette.applications import Starlette

from reverse_etl.errors import FaultPlanError
from reverse_etl.sandbox import create_app, parse_plan

VENDORS = ("hubspot", "meta")
RULE = {"vendor": "hubspot", "fault": "status_500"}


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        ([], "object"),
        ({"rulez": []}, "object"),
        ({"rules": {}}, "list"),
        ({"rules": ["x"]}, "Rule 0"),
        ({"rules": [{**RULE, "vendor": "acme"}]}, "vendor"),
        ({"rules": [RULE, {**RULE, "fault": "explode"}]}, "Rule 1: fault"),
        ({"rules": [{**RULE, "fault": "status_200"}]}, "fault"),
        ({"rules": [{**RULE, "probability": 2}]}, "probability"),
        ({"rules": [{**RULE, "first": 0}]}, "first"),
        ({"rules": [{**RULE, "every": "x"}]}, "every"),
        ({"rules": [{**RULE, "first": 1, "every": 2}]}, "at most one"),
        ({"rules": [{**RULE, "ms": -1}]}, "ms"),
        ({"rules": [{**RULE, "extra": 1}]}, "extra"),
    ],
)
def test_a_senseless_plan_is_refused(plan, named):
    """The error names the rule and the field, and has a code and a way out."""
    with pytest.raises(FaultPlanError, match=named) as caught:
        parse_plan(plan, VENDORS)
    assert (caught.value.code, bool(caught.value.remedy)) == ("FAULT_PLAN_INVALID", True)


def _struck(rule, count=20, seed=1):
    plan = parse_plan({"seed": seed, "rules": [{**RULE, **rule}]}, VENDORS)
    return [n for n in range(1, count + 1) if plan.choose("hubspot", "/crm/v3/x")]


def test_first_and_every_count_matching_requests():
    """`first` strikes the first n requests, `every` each n-th."""
    assert _struck({"first": 2}) == [1, 2]
    assert _struck({"every": 5}) == [5, 10, 15, 20]


def test_probability_repeats_with_its_seed():
    """The same seed gives the same faults, another one others."""
    chance = {"probability": 0.3}
    assert _struck(chance) == _struck(chance)
    assert _struck(chance, 100, seed=1) != _struck(chance, 100, seed=2)


def test_a_rule_concerns_its_vendor_and_path_only():
    """Other paths and other vendors are left alone."""
    plan = parse_plan({"rules": [{**RULE, "path": "batch/upsert"}]}, VENDORS)
    assert plan.choose("meta", "/v26.0/1/events/batch/upsert") is None
    assert plan.choose("hubspot", "/crm/v3/objects/contacts/batch/read") is None
    assert plan.choose("hubspot", "/crm/v3/objects/contacts/batch/upsert").fault == "status_500"


def test_an_app_needs_nothing_but_a_seed():
    """`create_app` gives a complete application."""
    assert isinstance(create_app(7), Starlette)


def test_the_state_tells_when_a_request_came_and_which_objects_it_wrote():
    """A write of an object and its request have the same time, the answer a later one, and what
    wrote the object before stays told."""
    ticks = count(1)
    app = create_app(clock=lambda: float(next(ticks)))
    path, token = "/crm/v3/objects/contacts", {"authorization": "Bearer t"}

    async def play():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            body = {"properties": {"email": "a@example.com"}}
            made = (await client.post(path, json=body, headers=token)).json()["id"]
            await client.patch(f"{path}/{made}", json=body, headers=token)
            return (await client.get("/_state/hubspot")).json()

    state = asyncio.run(play())
    assert [(one["at"], one["answered_at"]) for one in state["requests"]] == [(1, 2), (3, 4)]
    assert [one["writes"] for one in state["objects"]["contacts"]] == [[1, 3]]
