"""Edges: an empty log, components against networkx, and the size of a real funnel."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import duckdb
import networkx
import pyarrow as pa
import pytest
from dbt_builders import (
    RawEvent,
    at,
    contact_property,
    contact_synced,
    deal_property,
    deal_to_contact,
    hubspot,
    mql_reached,
    standard,
    typeform,
)
from dbt_warehouse import PROJECT, Warehouse
from jinja2 import Environment

from dbt_project.functions.register import register


def components_sql() -> str:
    """The DuckDB text of the macro, as dbt would render it."""
    macros = (PROJECT / "macros" / "engine" / "graph.sql").read_text()
    module = Environment(autoescape=False).from_string(macros).module  # noqa: S701  # SQL, not HTML
    return str(module.duckdb__connected_components("nodes", "node", "edges"))


@pytest.mark.parametrize(("seed", "size"), [(0, 1), (1, 300), (2, 300), (3, 3_000), (4, 10_000)])
def test_components_equal_networkx(seed: int, size: int) -> None:
    """On random graphs and on a long chain the macro finds exactly the components."""
    rng = random.Random(seed)  # noqa: S311  # reproducible graphs, no secret
    graph = networkx.gnm_random_graph(size, rng.randint(size // 6, 4 * size // 3), seed=seed)
    networkx.add_path(graph, range(20_000, 21_200))
    names = {node: f"r{node:05d}" for node in graph}
    with duckdb.connect() as connection:
        connection.execute("create table nodes(node varchar)")
        connection.execute("create table edges(node_a varchar, node_b varchar)")
        connection.register("named", pa.table({"node": list(names.values())}))
        pairs = [(names[a], names[b]) for a, b in graph.edges]
        connection.register(
            "linked", pa.table({"a": [a for a, _ in pairs], "b": [b for _, b in pairs]})
        )
        connection.execute("insert into nodes from named")
        connection.execute("insert into edges from linked")
        register(connection)
        connection.execute("set threads = 4")
        found = connection.sql(components_sql()).fetchall()
    expected = {
        (names[node], min(names[member] for member in members))
        for members in networkx.connected_components(graph)
        for node in members
    }
    assert expected == set(found)
    assert len(found) == len(graph)


def test_an_empty_log_builds(warehouse: Warehouse) -> None:
    """Nothing received: every table exists and is empty."""
    warehouse.build([])
    assert warehouse.rows("marts.dim_people") == []
    assert warehouse.rows("activation.act_hubspot__contacts") == []


def test_unmapped_questions_are_read_by_their_type(warehouse: Warehouse) -> None:
    """A form nobody mapped yet still gives its e-mail and phone: Typeform names those types. A
    mapped question wins over one known by type alone."""
    unmapped = typeform("new-form", at(0), email="uma@unmapped.io", phone="+44 20 7946 0958")
    body = str(unmapped.body).replace('"ref": "email"', '"ref": "3f2a"')
    body = body.replace('"ref": "phone"', '"ref": "9c1b"')
    both = typeform("both", at(1), email="main@mapped.io", friend="other@mapped.io")
    friend = str(both.body).replace('"type": "text", "text"', '"type": "email", "email"')
    assert body != unmapped.body
    assert friend != both.body

    warehouse.build([replace(unmapped, body=body), replace(both, body=friend)])

    people = warehouse.query("select email, phone from marts.dim_people order by email")
    assert people == [
        {"email": "main@mapped.io", "phone": None},
        {"email": "uma@unmapped.io", "phone": "+442079460958"},
    ]


@pytest.mark.parametrize(
    "told",
    ["0000-01-01", "-infinity", "-99999999999999", "0001-01-01T00:00:00+05:00", "9999-12-31"],
)
def test_an_impossible_close_date_is_quarantined(warehouse: Warehouse, told: str) -> None:
    """One absurd date costs its own event only; the deal is won on the day it was told."""
    warehouse.build(
        [
            contact_property(11, "email", "dora@dates.io", at(0)),
            deal_to_contact(21, 11, at(1)),
            deal_property(21, "closedate", told, at(2)),
            deal_property(21, "dealstage", "closedwon", at(3)),
        ]
    )

    (bad,) = warehouse.query("select * from intermediate.int_event_outcomes where code is not null")
    assert bad["code"] == "TIMESTAMP_INVALID"
    (won,) = warehouse.rows("marts.fct_conversions")
    assert won["converted_at"] == at(3)


@pytest.mark.parametrize("placeholder", ["xxxxx", "null", "undefined", "0", " None "])
def test_a_placeholder_id_links_nobody(warehouse: Warehouse, placeholder: str) -> None:
    """Links that were not filled in send the same id for everybody: they stay different people."""
    warehouse.build(
        [
            typeform("a", at(0), email="a@one.io", hidden={"user_id": placeholder}),
            typeform("b", at(1), email="b@two.io", hidden={"user_id": placeholder}),
        ]
    )

    assert len(warehouse.rows("marts.dim_people")) == 2


def test_only_a_privacy_deletion_withdraws_consent(warehouse: Warehouse) -> None:
    """A rep who deletes a contact tidies up; a person who asks to be forgotten withdraws."""
    known = [
        contact_property(11, "email", "tidy@up.io", at(0)),
        contact_property(12, "email", "forget@me.io", at(0)),
    ]
    warehouse.build(
        [
            *known,
            hubspot("contact.deletion", 11, at(1)),
            hubspot("contact.privacyDeletion", 12, at(1)),
        ]
    )

    found = warehouse.query(
        "select email, status from marts.dim_consents "
        "inner join marts.dim_people using (person_id) where purpose = 'crm' order by email"
    )
    assert found == [
        {"email": "forget@me.io", "status": "withdrawn"},
        {"email": "tidy@up.io", "status": "granted"},
    ]


def test_backfilled_events_inform_but_set_nothing_off(warehouse: Warehouse) -> None:
    """A year of imported history scores people and counts sales, but calls nobody: no task, no
    conversion is sent; the contact itself is kept in step."""
    history = [
        typeform(
            "old",
            at(0),
            email="vera@oldnorth.io",
            job_title="VP Sales",
            employees="250",
            interest="demo",
        ),
        contact_property(11, "email", "vera@oldnorth.io", at(1)),
        deal_to_contact(21, 11, at(2)),
        deal_property(21, "dealstage", "closedwon", at(3)),
    ]
    warehouse.build([event.backfilled() for event in history])

    assert len(warehouse.rows("marts.fct_mqls")) == 1
    assert len(warehouse.rows("marts.fct_conversions")) == 1
    assert warehouse.rows("activation.act_hubspot__tasks") == []
    assert warehouse.rows("activation.act_meta__conversions") == []
    assert len(warehouse.rows("activation.act_hubspot__contacts")) == 1

    warehouse.build(history)
    assert len(warehouse.rows("activation.act_hubspot__tasks")) == 1
    assert len(warehouse.rows("activation.act_meta__conversions")) == 1


def test_the_earliest_announced_id_survives_a_merge(warehouse: Warehouse) -> None:
    """Two people both known to the CRM become one under the id that was announced first."""
    first = typeform("m-1", at(1), email="one@m.example")
    second = typeform("m-2", at(2), email="two@m.example")
    warehouse.build([first, second])
    ids = {row["email"]: row["person_id"] for row in warehouse.rows("marts.dim_people")}
    answers = [
        contact_synced(ids["two@m.example"], "2", at(3)),
        contact_synced(ids["one@m.example"], "1", at(4)),
    ]
    link = [
        standard("m-3", "page_view", at(5), user_id="u1", email="one@m.example"),
        standard("m-4", "page_view", at(6), user_id="u1", email="two@m.example"),
    ]
    warehouse.build([first, second, *answers, *link])
    (person,) = warehouse.rows("marts.dim_people")
    assert (ids["two@m.example"], "2") == (person["person_id"], person["hubspot_contact_id"])
    aliases = warehouse.query("select alias_id from marts.person_aliases where is_announced")
    assert [{"alias_id": ids["one@m.example"]}] == aliases


def test_a_decision_is_never_taken_again(warehouse: Warehouse) -> None:
    """Neither a merge nor a late event makes a second MQL of someone who is one."""
    hot = typeform("d-1", at(2), email="hot@d.example", job_title="CEO", employees=500)
    cold = typeform("d-2", at(1), email="cold@d.example")
    warehouse.build([hot, cold])
    (undecided,) = warehouse.rows("marts.fct_mqls")
    link = [
        standard("d-3", "meeting_booked", at(0), user_id="u1", email="cold@d.example"),
        standard("d-4", "webinar_attend", at(3), user_id="u1", email="hot@d.example"),
    ]
    warehouse.build([hot, cold, mql_reached(undecided, at(4)), *link])
    (person,) = warehouse.rows("marts.dim_people")
    (decided,) = warehouse.rows("marts.fct_mqls")
    assert decided == {**undecided, "person_id": person["person_id"], "is_decided": True}


def test_an_echo_from_hubspot_changes_no_payload(warehouse: Warehouse) -> None:
    """HubSpot reports back what we wrote: the same person, the same payload."""
    lead = typeform("h-1", at(1), email="Echo@h.example", first_name="Echo", phone="+4930901820")
    warehouse.build([lead])
    (before,) = warehouse.rows("activation.act_hubspot__contacts")
    echo = [
        contact_synced(before["person_id"], "811", at(2)),
        hubspot("contact.creation", 811, at(2), changeSource="INTEGRATION"),
        contact_property(811, "phone", "+4930901820", at(2)),
        contact_property(811, "millrace_score", "20", at(2)),
    ]
    warehouse.build([lead, *echo])
    (after,) = warehouse.rows("activation.act_hubspot__contacts")
    assert (after["payload_hash"], after["entity_key"]) == (
        before["payload_hash"], before["entity_key"],
    )  # fmt: skip
    assert (before["external_id"], after["external_id"]) == (None, "811")


def test_nulls_never_overwrite_and_ties_are_settled(warehouse: Warehouse) -> None:
    """The golden record keeps the latest value that is not null; equal times go by key."""
    warehouse.build(
        [
            typeform("n-1", at(1), email="n@n.example", company="Old", job_title="CTO"),
            typeform("n-2", at(2), email="n@n.example", company="Beta"),
            typeform("n-3", at(2), email="n@n.example", company="Gamma"),
            contact_property(7, "email", "n@n.example", at(3)),
            contact_property(7, "company", "", at(4)),
        ]
    )
    (person,) = warehouse.rows("marts.dim_people")
    assert (person["company"], person["job_title"]) == ("Gamma", "CTO")


def test_a_funnel_of_8000_leads_builds_in_seconds(warehouse: Warehouse) -> None:
    """8,000 leads and 842 won deals: exact counts, well within the batch's budget."""
    events = funnel(leads=8_000, deals=842)
    started = time.perf_counter()
    warehouse.build(events)
    seconds = time.perf_counter() - started
    (counts,) = warehouse.query(
        "select (select count(*) from marts.dim_people) as people, "
        "(select count(*) from marts.fct_conversions) as conversions, "
        "(select count(*) from activation.act_hubspot__contacts) as contacts, "
        "(select sum(won_deals) from marts.rpt_conversions_by_source) as won"
    )
    assert counts == {"people": 8_000, "conversions": 842, "contacts": 8_000, "won": 842}
    assert seconds < 60, f"{len(events)} events took {seconds:.1f} s"


def funnel(leads: int, deals: int) -> list[RawEvent]:
    events = [
        typeform(f"lead-{n}", at(n / 100), email=f"lead{n}@shop{n}.example", first_name="Lead",
                 last_name=f"Nr{n}", phone=f"+55119{n:08d}",
                 hidden={"utm_source": f"source{n % 7}"})
        for n in range(leads)
    ]  # fmt: skip
    for n in range(deals):
        when = at(100 + n / 10)
        events += [
            contact_property(n + 1, "email", f"lead{n}@shop{n}.example", when),
            deal_property(n + 1, "dealstage", "closedwon", when),
            deal_to_contact(n + 1, n + 1, when),
            deal_property(n + 1, "closedate", str(int(when.timestamp() * 1000)), when),
        ]
    random.Random(1).shuffle(events)  # noqa: S311  # a fixed shuffle, no secret
    return events
