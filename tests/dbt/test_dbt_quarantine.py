"""Events of any sender, events nobody models, and the way out of quarantine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from dbt_builders import (
    RawEvent,
    at,
    contact_property,
    deal_property,
    raw_event,
    standard,
    typeform,
)
from dbt_warehouse import Warehouse
from quarantine_lane import OUTCOMES, Lane
from typer.testing import CliRunner

from ingestion.contracts import library
from ingestion.event_log import EventLog, NewEvent
from orchestration import connections
from orchestration import warehouse as orchestrated
from orchestration.commands.log import app as log_commands
from orchestration.errors import NotFoundError
from orchestration.quarantine import Wanted
from orchestration.settings import load_settings


@pytest.mark.slow
def test_any_sender_may_speak_the_standard_vocabulary(warehouse: Warehouse) -> None:
    """Its events are applied under its own name, and find their person across senders."""
    events = [
        standard("1", "page_view", at(1), email="ada@shop.example", utm_source="google"),
        standard("1", "form_submit", at(2), source="webshop", email="ada@shop.example",
                 user_id="u7", first_name="Ada"),
        standard("2", "page_view", at(3), source="webshop", user_id="u7"),
        standard("3", "opportunity_changed", at(4), source="webshop", email="ada@shop.example",
                 opportunity_id="9", stage="closedwon", amount="10"),
        standard("4", "opportunity_changed", at(4), email="bob@shop.example",
                 opportunity_id="9", stage="closedwon", amount="20"),
        standard("5", "consent_changed", at(5), source="webshop", email="ada@shop.example",
                 purpose="advertising", status="granted"),
    ]  # fmt: skip
    warehouse.build(events, command="build")
    assert {"applied"} == {row["outcome"] for row in warehouse.rows(OUTCOMES)}
    ada, bob = sorted(warehouse.rows("marts.dim_people"), key=lambda row: row["email"])
    assert ("Ada", "google", "bob@shop.example") == (
        ada["first_name"], ada["original_source"], bob["email"],
    )  # fmt: skip
    of_ada = {
        row["event_id"]
        for row in warehouse.rows("intermediate.int_event_people")
        if row["person_id"] == ada["person_id"]
    }
    assert {"standard:1", "webshop:1", "webshop:2", "webshop:3", "webshop:5"} == of_ada
    opportunities = warehouse.rows("marts.fct_opportunities")
    assert {"webshop:9": "webshop", "standard:9": "standard"} == {
        row["opportunity_id"]: row["source"] for row in opportunities
    }
    records = {row["record_id"] for row in warehouse.rows("intermediate.int_contact_records")}
    assert {"standard:email:ada@shop.example", "webshop:user:u7"} <= records


def test_an_event_that_nobody_models_is_ignored(warehouse: Warehouse) -> None:
    """It keeps a contract, so its code differs from that of an unknown type."""
    known = raw_event("github", "d-1", "issues", {"action": "opened"}, at(1))
    unknown = raw_event("github", "d-2", "fork", {}, at(1)).quarantined("EVENT_TYPE_UNKNOWN")
    warehouse.build([known, unknown])
    assert [("ignored", "NOT_MODELLED"), ("ignored", "EVENT_TYPE_UNKNOWN")] == [
        (row["outcome"], row["code"]) for row in warehouse.rows(OUTCOMES, "position")
    ]


def problems() -> dict[str, tuple[RawEvent, str]]:
    """One event for each way to be refused by a model, and the class of what is wrong."""
    late = typeform("late", at(80), email="a@x.example", received_at=at(3))
    return {
        "TIMESTAMP_INVALID": (late, "text:date"),
        "IDENTIFIER_MISSING": (typeform("nobody", at(3), first_name="Nobody"), "missing"),
        "EMAIL_INVALID": (standard("mail", "form_submit", at(3), email="not one"), "text"),
        "PICKLIST_UNKNOWN": (deal_property(1, "dealstage", "kissed", at(3)), "text"),
        "FIELD_FORMAT": (deal_property(2, "amount", "1.2.3", at(3)), "text:number"),
        "PROPERTY_NOT_MAPPED": (contact_property(3, "hs_analytics_source", "X", at(3)), "text"),
        "FIELD_MISSING": (
            typeform("contract", at(3), email="c@x.example").quarantined("FIELD_MISSING"),
            "text",
        ),
    }


def test_the_class_of_a_bad_value_is_told(warehouse: Warehouse) -> None:
    """Whoever refuses an event, its outcome tells the class of the value and never the value."""
    expected = {code: value for code, (_, value) in problems().items()}
    warehouse.build([event for event, _ in problems().values()])
    rows = warehouse.rows(OUTCOMES)
    assert expected == {row["code"]: row["problem_value"] for row in rows}


NAME = {"type": "string", "minLength": 1}


def form_schema(**fields: Any) -> dict[str, Any]:
    """A contract of form_submit that demands these fields of a person."""
    data = {"type": "object", "required": sorted(fields), "properties": fields}
    properties = {"type": {"const": "form_submit"}, "timestamp": {"type": "string"}, "data": data}
    return {"type": "object", "required": ["type", "timestamp", "data"], "properties": properties}


@pytest.fixture
def lane(warehouse: Warehouse, tmp_path: Path) -> Iterator[Lane]:
    with closing(EventLog.open(f"sqlite:///{tmp_path / 'events.db'}")) as log:
        yield Lane(log, tmp_path / "contracts", warehouse)


OPEN = Wanted(only_open=True)


def test_a_mended_contract_lets_a_quarantined_event_in(lane: Lane) -> None:
    """Quarantined, listed, mended, replayed, applied once; every step in balance."""
    lane.contract("1.0.0", form_schema(email=NAME, phone=NAME))
    lane.receive("good", at(1), email="good@shop.example", phone="+4930901820")
    lane.receive("bad", at(2), email="bad@shop.example")
    lane.batch()
    assert Counter(applied=1, quarantined=1) == lane.outcomes()
    (row,) = lane.listing(Wanted())
    assert (2, "FIELD_MISSING", "/data/phone", "missing", None) == (
        row["position"], row["code"], row["path"], row["value"], row["replayed_as"],
    )  # fmt: skip
    assert row["remedy"]

    lane.contract("1.1.0", form_schema(email=NAME))
    assert ([3], []) == lane.replay(OPEN)
    assert ([], [3]) == lane.replay(OPEN)
    (row,) = lane.listing(Wanted())
    assert (3, "waiting") == (row["replayed_as"], row["replay_outcome"])

    lane.batch()
    assert Counter(applied=2, quarantined=1) == lane.outcomes()
    assert lane.log.head() == lane.outcomes().total()
    (row,) = lane.listing(Wanted())
    assert (3, "applied") == (row["replayed_as"], row["replay_outcome"])
    assert ([], []) == lane.replay(OPEN)
    emails = Counter(row["email"] for row in lane.warehouse.rows("marts.dim_people"))
    assert Counter({"good@shop.example": 1, "bad@shop.example": 1}) == emails


def test_a_copy_that_is_refused_again_is_no_new_event(lane: Lane) -> None:
    """Each state of the contract is tried once; a copy is never copied."""
    lane.contract("1.0.0", form_schema(email=NAME, phone=NAME))
    lane.receive("bad", at(2), phone="+4930901820")
    lane.batch()
    assert ([2], []) == lane.replay(OPEN)
    lane.batch()
    assert ([], [2]) == lane.replay(OPEN)
    lane.contract("1.0.1", form_schema(email=NAME))
    assert ([3], []) == lane.replay(OPEN)
    lane.batch()
    assert Counter(quarantined=3) == lane.outcomes()
    assert [3] == [row["position"] for row in lane.listing(Wanted(limit=1))]
    assert ([], [3]) == lane.replay(OPEN)


def test_a_replay_may_be_narrowed(lane: Lane) -> None:
    """By source, by code, and by position; a position that is not in quarantine is refused."""
    lane.contract("1.0.0", form_schema(email=NAME))
    lane.receive("good", at(1), email="good@shop.example")
    lane.receive("bad", at(2))
    lane.receive("worse", at(3), email="")
    lane.batch()
    assert ([], []) == lane.replay(Wanted(source="typeform", only_open=True))
    assert ([4], []) == lane.replay(Wanted(code="FIELD_FORMAT", only_open=True))
    with pytest.raises(NotFoundError, match="not quarantined, or applied since: 1"):
        lane.replay(OPEN, 1, 2)
    assert ([5], []) == lane.replay(OPEN, 2)
    assert [3, 2] == [row["position"] for row in lane.listing(Wanted(source="webshop"))]


def test_an_unknown_type_may_become_known(lane: Lane) -> None:
    """Ignored events of a type are replayed when it has a contract, if asked for by their code."""
    lane.contract("1.0.0", form_schema())
    body = b'{"type":"form_submitted"}'
    lane.log.append([NewEvent("webshop", "k", "webhook", at(1), body, {}, "c")])
    lane.batch()
    assert Counter(ignored=1) == lane.outcomes()
    assert ([], []) == lane.replay(OPEN)
    unknown = Wanted(code="EVENT_TYPE_UNKNOWN", only_open=True)
    lane.contract("1.0.0", {"type": "object"}, event="form_submitted")
    assert ([2], []) == lane.replay(unknown)
    lane.batch()
    assert ["EVENT_TYPE_UNKNOWN", "NOT_MODELLED"] == [
        row["code"] for row in lane.warehouse.rows(OUTCOMES, "position")
    ]


def command(*arguments: str, code: int = 0) -> Any:
    """What `millrace log …` prints as JSON."""
    result = CliRunner().invoke(log_commands, [*arguments, "--json"])
    assert code == result.exit_code, result.output
    return orjson.loads(result.stdout)


def test_the_commands_list_and_replay(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`log quarantined` and `log replay --quarantined` tell the same, in JSON for programs."""
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path))
    settings = load_settings()
    with closing(connections.event_log(settings)) as log:
        lane = Lane(log, Path(str(library.package())), warehouse)
        lane.receive("good", at(1), email="good@shop.example")
        lane.receive("bad", at(2), email=5)
        lane.batch()
    orchestrated.publish(warehouse.path, settings.published, activation=(), now=at(3))

    (row,) = command("quarantined", "--source", "webshop", "--code", "FIELD_MISMATCH")
    assert ("/data/email", "integer", "form_submit", None) == (
        row["path"], row["value"], row["event_type"], row["replayed_as"],
    )  # fmt: skip
    assert [] == command("quarantined", "--source", "typeform")
    error = command("replay", "--quarantined", "1", code=1)["error"]
    assert "NOT_FOUND" == error["code"]
    narrowed = ("replay", "--quarantined", "--source", "webshop", "2")
    assert {"appended": 1, "already_replayed": 0} == command(*narrowed)
    assert {"appended": 0, "already_replayed": 1} == command("replay", "--quarantined")
    assert [(3, "waiting")] == [
        (row["replayed_as"], row["replay_outcome"]) for row in command("quarantined")
    ]
    assert 2 == CliRunner().invoke(log_commands, ["replay"]).exit_code
    assert 2 == CliRunner().invoke(log_commands, ["replay", "1", "--code", "X"]).exit_code
