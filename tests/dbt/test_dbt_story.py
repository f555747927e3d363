"""What the models make of the story log."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from dataclasses import dataclass

import dbt_story as story
import pytest
from dbt_builders import at, contact_synced, mql_reached, typeform
from dbt_warehouse import Row, Warehouse

COMPARED = (
    "marts.dim_people", "marts.person_aliases", "marts.entity_map", "marts.fct_merges",
    "marts.fct_activities", "marts.fct_scores", "marts.fct_mqls", "marts.fct_assignments",
    "intermediate.int_routing_candidates", "marts.fct_opportunities",
    "marts.fct_conversions", "marts.fct_consents", "marts.dim_consents",
    "activation.act_hubspot__companies", "activation.act_hubspot__contacts",
    "activation.act_hubspot__deals", "activation.act_hubspot__notes",
    "activation.act_hubspot__tasks", "activation.act_meta__conversions",
    "activation.act_meta__lead_events", "activation.act_meta__website_events",
    "activation.act_slack__messages", "activation.act_teams__messages",
    "activation.act_webhook__events", "activation.act_ga4__events",
    "activation.act_salesforce__leads", "activation.act_salesforce__contacts",
    "activation.act_salesforce__accounts", "activation.act_salesforce__tasks",
    "activation.act_apollo__people", "activation.act_peopledatalabs__people",
)  # fmt: skip


@dataclass(frozen=True)
class Built:
    """The tables of one build, by name."""

    tables: dict[str, list[Row]]

    def __getitem__(self, table: str) -> list[Row]:
        return self.tables[table]

    def person(self, email: str) -> Row:
        (row,) = (row for row in self["marts.dim_people"] if row["email"] == email)
        return row

    def consent(self, email: str, purpose: str) -> str:
        person_id = self.person(email)["person_id"]
        (row,) = (
            row
            for row in self["marts.dim_consents"]
            if (row["person_id"], row["purpose"]) == (person_id, purpose)
        )
        return str(row["status"])

    def outcome(self, event_id: str) -> tuple[str, str | None]:
        (row,) = (
            row for row in self["intermediate.int_event_outcomes"] if row["event_id"] == event_id
        )
        return row["outcome"], row["code"]


def read(warehouse: Warehouse) -> Built:
    tables = (*COMPARED, "intermediate.int_event_outcomes", "intermediate.int_score_contributions")
    return Built({table: warehouse.rows(table) for table in tables})


@pytest.fixture(scope="module")
def built(warehouse: Warehouse) -> Built:
    warehouse.build(story.every_event(), command="build")
    return read(warehouse)


def test_every_event_has_one_outcome(built: Built) -> None:
    """received = applied + quarantined + ignored."""
    outcomes = Counter(row["outcome"] for row in built["intermediate.int_event_outcomes"])
    assert len(story.every_event()) == sum(outcomes.values())
    assert {"applied", "quarantined", "ignored"} == set(outcomes)


@pytest.mark.parametrize("code", story.REFUSED)
def test_a_bad_event_is_quarantined_with_its_code(built: Built, code: str) -> None:
    """Each semantic problem has its own code, and nothing of the event is used."""
    assert ("quarantined", code) == built.outcome(story.REFUSED[code].event_id)


def test_quarantined_events_influence_nothing(built: Built) -> None:
    """No mart holds an address that only quarantined events named."""
    emails = {row["email"] for row in built["marts.dim_people"]}
    refused = {"late@time.example", "old@time.example", "soon@time.example", "contract@x.example"}
    assert set() == emails & refused


def test_an_unknown_stage_is_quarantined(built: Built) -> None:
    """A deal stage outside the registry does not make an opportunity."""
    assert built.outcome(story.UNKNOWN_STAGE.event_id) == ("quarantined", "PICKLIST_UNKNOWN")
    ids = {row["opportunity_id"] for row in built["marts.fct_opportunities"]}
    assert "hubspot:4242:904" not in ids


def test_impossible_times_are_quarantined(built: Built) -> None:
    """Unreadable, ancient and future times are refused."""
    for event in (story.ANCIENT, story.UNREADABLE_TIME):
        assert built.outcome(event.event_id) == ("quarantined", "TIMESTAMP_INVALID")


def test_events_of_no_interest_are_ignored(built: Built) -> None:
    """Unknown types and unmapped properties are counted as ignored, with a reason."""
    for event in story.UNKNOWN_TYPES:
        assert built.outcome(event.event_id) == ("ignored", "EVENT_TYPE_UNKNOWN")
    unmapped = story.WON_DEAL[2]
    assert built.outcome(unmapped.event_id) == ("ignored", "PROPERTY_NOT_MAPPED")


def test_an_intact_copy_is_not_shadowed_by_a_damaged_one(built: Built) -> None:
    """The damaged first copy is quarantined, the intact second one applied."""
    damaged, intact = story.DAMAGED_THEN_INTACT
    assert built.outcome(damaged.event_id) == ("quarantined", "BODY_NOT_JSON")
    assert built.outcome(intact.event_id) == ("applied", None)
    assert built.person("intact@flaky.example")


def test_of_two_variants_the_first_to_occur_counts(built: Built) -> None:
    """Two sound bodies under one vendor key make one event, chosen by time and hash."""
    second, first = story.TWO_VARIANTS
    assert built.outcome(first.event_id) == ("applied", None)
    assert built.outcome(second.event_id) == ("ignored", "VARIANT_SUPERSEDED")


def test_a_replay_changes_nothing_that_was_applied(built: Built) -> None:
    """A replay of an applied event is ignored; of one never applied, it counts."""
    original, replay, only = story.REPLAYED
    assert built.outcome(original.event_id) == ("applied", None)
    assert built.outcome(replay.event_id) == ("ignored", "VARIANT_SUPERSEDED")
    assert built.outcome(only.event_id) == ("applied", None)


def test_phone_last_name_and_initial_together_link(built: Built) -> None:
    """Two records with different e-mails but one phone, last name and initial are one person."""
    person = built.person("g.hopper@home.example")
    assert ("Grace", "HOPPER", "+4930901820")[1:] == (person["last_name"], person["phone"])
    (merge,) = (row for row in built["marts.fct_merges"] if row["person_id"] == person["person_id"])
    assert merge["rule"] == "phone_name"


def test_a_shared_phone_alone_links_nobody(built: Built) -> None:
    """People at one switchboard stay apart."""
    holders = [row for row in built["marts.dim_people"] if row["phone"] == "+4930123456"]
    assert len(holders) == 3


def test_one_mailbox_is_one_person(built: Built) -> None:
    """Dots and tags that the provider ignores do not make another person."""
    person = built.person("kaymcnulty+news@googlemail.com")
    assert (person["first_name"], person["original_source"]) == ("Kay", "newsletter")


def test_a_flipping_deal_is_one_conversion(built: Built) -> None:
    """Won, lost and won again counts once, at the first win, with the amount of the deal."""
    person_id = built.person("betty@eniac.example")["person_id"]
    (conversion,) = (row for row in built["marts.fct_conversions"] if row["person_id"] == person_id)
    assert ("1250.50", "EUR", at(8)) == (
        str(conversion["value"]), conversion["currency"], conversion["converted_at"],
    )  # fmt: skip
    assert built.person("betty@eniac.example")["lifecycle_stage"] == "customer"


def test_the_close_date_dates_the_conversion(built: Built) -> None:
    """HubSpot's close date wins over the time of the change; either association name links."""
    person_id = built.person("jean@eniac.example")["person_id"]
    (conversion,) = (row for row in built["marts.fct_conversions"] if row["person_id"] == person_id)
    assert at(12) == conversion["converted_at"]


def test_a_deal_without_contact_stays_visible(built: Built) -> None:
    """It has no person and makes no conversion."""
    (deal,) = (
        row
        for row in built["marts.fct_opportunities"]
        if row["opportunity_id"] == "hubspot:4242:903"
    )
    assert (deal["person_id"], deal["is_won"]) == (None, True)
    assert len(built["marts.fct_conversions"]) == 2


def test_consent_is_granted_missing_or_withdrawn(built: Built) -> None:
    """The last word counts; an unticked box is no consent, a deletion withdraws everything."""
    assert built.consent("ada@analytical.example", "advertising") == "granted"
    assert built.consent("ada@analytical.example", "email") == "missing"
    assert built.consent("ada@analytical.example", "crm") == "granted"
    assert built.consent("fran@eniac.example", "advertising") == "withdrawn"
    assert built.consent("marlyn@eniac.example", "advertising") == "missing"
    assert built.consent("ruth@eniac.example", "crm") == "withdrawn"


def test_a_merge_in_hubspot_merges_here(built: Built) -> None:
    """The records become one person, whose contact is the one that survived."""
    person = built.person("new@merge.example")
    assert person["hubspot_contact_id"] == "603"
    assert "old@merge.example" not in {row["email"] for row in built["marts.dim_people"]}


def test_odd_text_survives(built: Built) -> None:
    """Emoji, quotes and a megabyte of text reach the payload as they came."""
    names = {}
    for row in built["activation.act_hubspot__contacts"]:
        properties = json.loads(row["payload"])["properties"]
        names[properties.get("email")] = (properties.get("firstname"), properties.get("lastname"))
    assert names["emoji@text.example"] == ("Zoë 🎉", "\"O'B\\")
    assert names["nul@text.example"] == ("a\x00b", None)
    assert built.outcome(story.HALF_A_PAIR.event_id) == ("quarantined", "BODY_NOT_JSON")
    assert names["long@text.example"] == (story.LONG_NAME, None)


def test_the_hot_lead_crosses_the_threshold(built: Built) -> None:
    """One good form is enough, and the points explain the score."""
    person = built.person("ada@analytical.example")
    (mql,) = built["marts.fct_mqls"]
    points = sum(
        row["points"]
        for row in built["intermediate.int_score_contributions"]
        if row["person_id"] == person["person_id"]
    )
    assert (person["person_id"], False, "mql_reached:typeform:hot") == (
        mql["person_id"], mql["is_decided"], mql["mql_id"],
    )  # fmt: skip
    assert points == mql["score"] == person["score"] >= mql["threshold"]


def test_payloads_are_what_the_vendors_read(built: Built) -> None:
    """Task and conversion payloads carry the agreed fields; the hash is of the text."""
    (task,) = built["activation.act_hubspot__tasks"]
    properties = json.loads(task["payload"])["properties"]
    assert ("CALL", task["entity_key"], "2026-11-02T18:00:00.000Z") == (
        properties["hs_task_type"], properties["millrace_key"], properties["hs_timestamp"],
    )  # fmt: skip
    conversion = next(
        row for row in built["activation.act_meta__conversions"] if "901" in row["entity_key"]
    )
    event = json.loads(conversion["payload"])
    email = hashlib.sha256(b"betty@eniac.example").hexdigest()
    assert ("Purchase", [email], 1250.5) == (
        event["event_name"], event["user_data"]["em"], event["custom_data"]["value"],
    )  # fmt: skip
    assert hashlib.sha256(conversion["payload"].encode()).hexdigest() == conversion["payload_hash"]
    assert "betty" not in conversion["payload"]
    assert conversion["consent_status"] == "granted"


def test_messages_and_events_go_out_as_agreed(built: Built) -> None:
    """The chats tell the same words, the webhook what is needed to find the lead again, and
    Analytics names the browser by the cookie that the form told."""
    (slack,) = built["activation.act_slack__messages"]
    (teams,) = built["activation.act_teams__messages"]
    card = json.loads(teams["payload"])["attachments"][0]["content"]
    lines = [block["inlines"][0]["text"] for block in card["body"]]
    assert lines == json.loads(slack["payload"])["text"].replace("*", "").split("\n")
    assert "Call Ada Lovelace: score 60" == lines[0]
    assert "sales" == slack["purpose"] == teams["purpose"]

    told = {row["entity_key"]: row for row in built["activation.act_webhook__events"]}
    mql = json.loads(told["mql_reached:typeform:hot"]["payload"])
    assert ("mql.reached", "ada@analytical.example") == (mql["type"], mql["data"]["email"])
    assert not {"first_name", "last_name", "phone"} & set(mql["data"])

    (lead,) = (
        json.loads(row["payload"])
        for row in built["activation.act_ga4__events"]
        if row["entity_key"] == "mql_reached:typeform:hot"
    )
    assert "1234567890.1700000000" == lead["client_id"]
    assert "ada@" not in json.dumps(lead)


def test_meta_learns_of_its_lead_and_of_the_form(built: Built) -> None:
    """The lead of a lead ad is told of under Meta's id, the form under the pixel's."""
    (lead,) = built["activation.act_meta__lead_events"]
    assert (lead["entity_key"], lead["consent_status"]) == (
        f"meta_lead:{story.LEAD_ID}:lead", "missing",
    )  # fmt: skip
    (form,) = built["activation.act_meta__website_events"]
    assert json.loads(form["payload"])["event_id"] == "pixel-1"


def test_order_of_arrival_does_not_matter(warehouse: Warehouse, built: Built) -> None:
    """Any permutation of the log gives the same marts and activation rows."""
    shuffled = story.every_event()
    random.Random(7).shuffle(shuffled)  # noqa: S311  # a fixed shuffle, no secret
    warehouse.build(shuffled)
    again = read(warehouse)
    for table in COMPARED:
        assert built[table] == again[table], table


def test_own_answers_and_decisions_change_no_payload(warehouse: Warehouse, built: Built) -> None:
    """After the first sync the same rows come out, and ids stay when an older event arrives."""
    answers = [
        contact_synced(row["person_id"], str(70_000 + number), at(30))
        for number, row in enumerate(built["activation.act_hubspot__contacts"])
    ]
    decisions = [mql_reached(mql, at(30)) for mql in built["marts.fct_mqls"]]
    log = [*story.every_event(), *answers, *decisions]
    warehouse.build(log)
    again = read(warehouse)
    for table in (name for name in COMPARED if name.startswith("activation.")):
        assert _effects(built[table]) == _effects(again[table]), table
    assert [row["is_decided"] for row in again["marts.fct_mqls"]] == [True]
    assert "70" in str(again.person("ada@analytical.example")["hubspot_contact_id"])

    older = typeform("older", at(-5), email="ada@analytical.example", received_at=at(31),
                     hidden={"utm_source": "webinar"})  # fmt: skip
    warehouse.build([*log, older])
    late = read(warehouse)
    before, after = (built.person("ada@analytical.example"), late.person("ada@analytical.example"))
    assert before["person_id"] == after["person_id"]
    assert (before["original_source"], after["original_source"]) == ("paid_search", "webinar")
    assert [row["mql_id"] for row in late["marts.fct_mqls"]] == ["mql_reached:typeform:hot"]


def _effects(rows: list[Row]) -> list[Row]:
    """Rows without the destination's own id, which is no part of what is sent."""
    return [{**row, "external_id": None} for row in rows]
