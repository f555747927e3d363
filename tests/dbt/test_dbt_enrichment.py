"""Whom vendors are asked about, and what becomes of what they say."""

from __future__ import annotations

import json

import pytest
from dbt_builders import at, person_enriched, standard, typeform
from dbt_warehouse import Row, Warehouse

LEAD = typeform("lead", at(1), email="Maud@Telegraph-Works.com", first_name="Maud")
FREE = typeform("free", at(1), email="maud@gmail.com", first_name="Else")
ROLE = typeform("role", at(1), email="info@telegraph-works.com", first_name="Desk")
LOOKER = standard("looker", "page_view", at(1), email="looker@telegraph-works.com")
LOG = [LEAD, FREE, ROLE, LOOKER]
ANSWER = {
    "job_title": "VP Operations",
    "company": "Telegraph Ltd",
    "employees": "240",
    "country": "germany",
    "phone": "+49 30 901820",
}
APOLLO = "activation.act_apollo__people"
LABS = "activation.act_peopledatalabs__people"


@pytest.fixture(scope="module")
def asked(warehouse: Warehouse) -> Row:
    """The one question to Apollo."""
    warehouse.build(LOG)
    [question] = warehouse.rows(APOLLO)
    [other] = warehouse.rows(LABS)
    assert question["entity_key"] == other["entity_key"]
    return question


def _person(warehouse: Warehouse) -> Row:
    [person] = [
        row
        for row in warehouse.rows("marts.dim_people")
        if row["email"] == "maud@telegraph-works.com"
    ]
    return person


def test_no_more_leaves_than_a_hash_a_name_and_a_domain(asked: Row) -> None:
    """The address itself is in no payload."""
    payload = json.loads(asked["payload"])
    assert {"domain", "first_name", "hashed_email", "keeps"} == set(payload)
    assert ("telegraph-works.com", "Maud") == (payload["domain"], payload["first_name"])
    assert "maud@" not in asked["payload"].replace(payload["keeps"]["record_id"], "")


def test_an_answer_fills_gaps_and_moves_the_score(warehouse: Warehouse, asked: Row) -> None:
    """Title, company and size are known with the next build, and their rules give points; the
    vendor is not asked again, the other one has nothing to ask either."""
    warehouse.build(LOG)
    before = _person(warehouse)
    warehouse.build([*LOG, person_enriched(asked, at(2), **ANSWER)])
    person = _person(warehouse)
    assert ("VP Operations", "Telegraph Ltd", "240", "DE", "+4930901820") == tuple(
        person[name] for name in ("job_title", "company", "employees", "country", "phone")
    )
    assert before["score"] + 40 == person["score"]  # a senior title 20, employees 10 and 10
    assert [] == warehouse.rows(APOLLO)
    assert [] == warehouse.rows(LABS)
    [outcome] = warehouse.query(
        "select outcome from intermediate.int_event_outcomes where event_id like 'millrace:%'"
    )
    assert "applied" == outcome["outcome"]


def test_an_answer_makes_no_person_and_is_no_sign_of_life(warehouse: Warehouse, asked: Row) -> None:
    """Ids, people and when they were seen stay, and nobody is matched by what a vendor says."""
    phone = typeform("phone", at(1), email="m@other.example", phone="+49 30 901820",
                     first_name="Maud")  # fmt: skip
    warehouse.build([*LOG, phone])
    seen = "select person_id, email, first_seen_at, last_seen_at from marts.dim_people order by all"
    before = warehouse.query(seen)
    warehouse.build([*LOG, phone, person_enriched(asked, at(2), **ANSWER)])
    assert before == warehouse.query(seen)


def test_own_words_win_whenever_they_are_said(warehouse: Warehouse, asked: Row) -> None:
    """What a person said before or after stands; its score is that of the own title."""
    answer = person_enriched(asked, at(3), **ANSWER)
    for when in (at(2), at(4)):
        own = typeform("own", when, email="maud@telegraph-works.com", job_title="Student",
                       company="Own Words")  # fmt: skip
        warehouse.build([LEAD, own, answer])
        person = _person(warehouse)
        assert ("Student", "Own Words", "240") == tuple(
            person[name] for name in ("job_title", "company", "employees")
        )
        fit = warehouse.query(
            "select rule_id from intermediate.int_score_contributions"
            " where kind = 'fit' and version = 'v1' order by all"
        )
        expected = ["business_email", "fifty_employees", "student", "two_hundred_employees"]
        assert expected == [row["rule_id"] for row in fit]


def test_no_match_is_an_answer_too(warehouse: Warehouse, asked: Row) -> None:
    """Who is not known is not asked about again at this vendor, and nothing else changes."""
    warehouse.build(LOG)
    before = _person(warehouse)
    warehouse.build([*LOG, person_enriched(asked, at(2))])
    changed = {name for name, value in _person(warehouse).items() if value != before[name]}
    assert changed <= {"order_key", "latest_correlation_id"}
    assert [] == warehouse.rows(APOLLO)
    assert [asked["entity_key"]] == [row["entity_key"] for row in warehouse.rows(LABS)]


def test_another_address_is_another_question(warehouse: Warehouse, asked: Row) -> None:
    """A person whose address changes is asked about once more."""
    moved = typeform("moved", at(3), email="maud@cable-works.com", first_name="Maud",
                     hidden={"user_id": "u1"})  # fmt: skip
    first = typeform("lead", at(1), email="Maud@Telegraph-Works.com", first_name="Maud",
                     hidden={"user_id": "u1"})  # fmt: skip
    warehouse.build([first, moved, person_enriched(asked, at(2))])
    [question] = warehouse.rows(APOLLO)
    assert asked["entity_key"] != question["entity_key"]


def test_repeats_and_answers_without_their_record_change_nothing(
    warehouse: Warehouse, asked: Row
) -> None:
    """A replayed answer counts once; one whose record is not there makes nobody."""
    answer = person_enriched(asked, at(2), **ANSWER)
    warehouse.build([*LOG, answer])
    before = warehouse.rows("marts.dim_people")
    warehouse.build([*LOG, answer, answer.under_key(f"replay:r1:{answer.event_key}")])
    people = warehouse.rows("marts.dim_people")
    volatile = {"latest_correlation_id"}
    assert [_without(row, volatile) for row in before] == [
        _without(row, volatile) for row in people
    ]
    warehouse.build([LOOKER, answer])
    assert ["looker@telegraph-works.com"] == [
        row["email"] for row in warehouse.rows("marts.dim_people")
    ]


def _without(row: Row, names: set[str]) -> Row:
    return {name: value for name, value in row.items() if name not in names}
