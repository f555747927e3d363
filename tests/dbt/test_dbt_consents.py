"""Effective consent over time: what each address said, what a merge makes of it, in any order."""

from __future__ import annotations

import hashlib
import random
from datetime import datetime
from typing import Any

import pytest
from dbt_builders import (
    RawEvent,
    at,
    contact_property,
    hubspot,
    iso,
    raw_event,
    standard,
    typeform,
)
from dbt_warehouse import Row, Warehouse

SALT = "0f0e0d"


def said(key: str, hours: float, status: str, **who: Any) -> RawEvent:
    """Somebody speaks about advertising."""
    return standard(
        key, "consent_changed", at(hours), **{"purpose": "advertising", "status": status, **who}
    )


def seen(key: str, hours: float, **who: Any) -> RawEvent:
    return standard(key, "page_view", at(hours), **who)


def erased(hours: float, *identifiers: tuple[str, str]) -> RawEvent:
    """The decision that an erasure leaves in the log."""
    hashes = [hashlib.sha256(f"{SALT}:{f}:{v}".encode()).hexdigest() for f, v in identifiers]
    body = {
        "type": "erased",
        "occurred_at": iso(at(hours)),
        "erasure_id": f"er{hours}",
        "salt": SALT,
        "identifiers": hashes,
    }
    return raw_event("millrace", f"erased:er{hours}", "erased", body, at(hours), kind="decision")


TWO_ADDRESSES = [  # one user; the private address refuses, the work address grants again
    seen("a-1", 0, user_id="u-a", email="work@a.example"),
    said("a-2", 1, "granted", email="work@a.example"),
    said("a-3", 2, "withdrawn", email="private@a.example"),
    said("a-4", 3, "granted", email="work@a.example"),
    seen("a-5", 4, user_id="u-a", email="private@a.example"),
]
TAKEN_BACK = [
    seen("b-1", 0, user_id="u-b", email="work@b.example"),
    said("b-2", 1, "withdrawn", email="private@b.example"),
    said("b-3", 2, "granted", email="work@b.example"),
    seen("b-4", 3, user_id="u-b", email="private@b.example"),
    said("b-5", 5, "granted", email="private@b.example"),
]
SAME_ADDRESS = [  # two forms are two records and one voice
    typeform("c-1", at(1), email="c@c.example", consent_advertising=True),
    typeform("c-2", at(2), email="C@c.example", consent_advertising=False),
    typeform("c-3", at(3), email="c@c.example", consent_advertising=True),
]
TOGETHER = [
    said("d-1", 1, "granted", email="d@d.example"),
    said("d-2", 1, "withdrawn", email="d@d.example"),
]
BY_CHANNEL = [
    said("e-1", 1, "withdrawn", email="e@e.example", purpose="sales", channel="email"),
    contact_property(71, "email", "f@f.example", at(0)),
    contact_property(71, "hs_email_optout", "true", at(1)),
    said("f-1", 0.5, "granted", email="f@f.example", purpose="email"),
    contact_property(71, "hs_email_optout", "false", at(2)),
    contact_property(72, "email", "g@g.example", at(0)),
    hubspot("contact.privacyDeletion", 72, at(1)),
    said("h-1", 1, "granted", email="h@h.example", channel="email"),
]
UNKNOWN_CHANNEL = said("x-1", 1, "withdrawn", email="x@x.example", channel="pigeon")
ERASED = [
    erased(10, ("email_normalised", "i@i.example"), ("email_normalised", "j@j.example")),
    said("i-1", 5, "granted", email="i@i.example"),
    typeform("i-2", at(20), email="i@i.example", first_name="Ida"),
    said("j-1", 20, "granted", email="j@j.example"),
    said("k-1", 5, "granted", email="k@k.example"),
]
STORY = [
    *TWO_ADDRESSES, *TAKEN_BACK, *SAME_ADDRESS, *TOGETHER, *BY_CHANNEL, UNKNOWN_CHANNEL, *ERASED,
]  # fmt: skip

TABLES = ("marts.fct_consents", "marts.fct_consent_history", "marts.dim_consents")

HISTORY = """
    select distinct history.*, records.email_normalised as email
    from marts.fct_consent_history as history
    inner join intermediate.int_record_people as people using (person_id)
    inner join intermediate.int_contact_records as records using (record_id)
"""


@pytest.fixture(scope="module")
def built(warehouse: Warehouse) -> Warehouse:
    warehouse.build(STORY)
    return warehouse


def history(
    built: Warehouse, email: str, purpose: str = "advertising", channel: str = "ads"
) -> list[Row]:
    return built.query(f"""
        select * from ({HISTORY})
        where email = '{email}' and purpose = '{purpose}' and channel = '{channel}'
        order by valid_from
    """)


def told(rows: list[Row]) -> list[tuple[str, datetime]]:
    return [(row["status"], row["valid_from"]) for row in rows]


def current(built: Warehouse, email: str, purpose: str, channel: str) -> str:
    (row,) = (row for row in history(built, email, purpose, channel) if row["valid_to"] is None)
    return str(row["status"])


def test_a_merge_takes_the_stricter(built: Warehouse) -> None:
    """A refusal from one address holds for the merged person, whatever another address grants
    later; the history names the statement that decides."""
    rows = history(built, "work@a.example")
    assert [("missing", at(0)), ("granted", at(1)), ("withdrawn", at(2))] == told(rows)
    assert rows[-1]["consent_id"] == "standard:a-3:advertising:ads"
    assert rows[-1]["decided_at"] == at(2)


def test_the_address_that_refused_may_grant_again(built: Warehouse) -> None:
    """A grant that was overruled takes effect when the refusing address grants too."""
    rows = history(built, "work@b.example")
    assert [("missing", at(0)), ("withdrawn", at(1)), ("granted", at(5))] == told(rows)
    assert rows[-1]["consent_id"] == "standard:b-5:advertising:ads"


def test_records_of_one_address_speak_with_one_voice(built: Warehouse) -> None:
    """Two forms with one address: the last word counts."""
    assert [("granted", at(1)), ("withdrawn", at(2)), ("granted", at(3))] == told(
        history(built, "c@c.example")
    )


def test_of_two_words_at_one_moment_the_stricter_counts(built: Warehouse) -> None:
    """Granted and withdrawn in the same instant is withdrawn."""
    assert [("withdrawn", at(1))] == told(history(built, "d@d.example"))


def test_a_channel_is_refused_alone(built: Warehouse) -> None:
    """No sales mail leaves the telephone as it was."""
    assert "withdrawn" == current(built, "e@e.example", "sales", "email")
    assert "granted" == current(built, "e@e.example", "sales", "phone")


def test_an_opt_out_mark_withdraws_every_use_of_mail(built: Warehouse) -> None:
    """HubSpot's mark stops all e-mail; taking it away is no consent."""
    assert "withdrawn" == current(built, "f@f.example", "email", "email")
    assert "withdrawn" == current(built, "f@f.example", "sales", "email")
    assert "granted" == current(built, "f@f.example", "sales", "phone")


def test_a_privacy_deletion_withdraws_everything(built: Warehouse) -> None:
    """Every purpose, every channel."""
    found = built.query(f"""
        select distinct status from ({HISTORY})
        where valid_to is null and email = 'g@g.example'
    """)
    assert [{"status": "withdrawn"}] == found


def test_a_grant_for_a_channel_the_purpose_lacks_grants_nothing(built: Warehouse) -> None:
    """Consent is specific: advertising by e-mail is no use of ours."""
    assert [("missing", at(1))] == told(history(built, "h@h.example"))


def test_an_unknown_channel_is_quarantined(built: Warehouse) -> None:
    """It could mean anything, so it means nothing and is shown."""
    (row,) = built.query("""
        select outcome, code, path from intermediate.int_event_outcomes
        where event_id like '%:x-1'
    """)
    assert row == {"outcome": "quarantined", "code": "PICKLIST_UNKNOWN", "path": "/data/channel"}


def test_an_erased_person_who_comes_back_is_left_alone(built: Warehouse) -> None:
    """Events after an erasure make a person anew whose consent for everything is withdrawn, until
    they grant it themselves; nobody else is touched."""
    assert [("granted", at(5)), ("withdrawn", at(10))] == told(history(built, "i@i.example"))
    assert "withdrawn" == current(built, "i@i.example", "advertising", "ads")
    assert "withdrawn" == current(built, "i@i.example", "crm", "crm")
    assert "granted" == current(built, "j@j.example", "advertising", "ads")
    assert "withdrawn" == current(built, "j@j.example", "sales", "phone")
    assert "granted" == current(built, "k@k.example", "advertising", "ads")


def test_intervals_have_no_gaps_and_no_overlaps(built: Warehouse) -> None:
    """Each use of each person has one status at every moment, and one that holds now."""
    broken = built.query("""
        select * from (
            select *, lead(valid_from) over (
                partition by person_id, purpose, channel order by valid_from
            ) as next_from
            from marts.fct_consent_history
        )
        where valid_to is distinct from next_from or valid_to <= valid_from
    """)
    (counts,) = built.query("""
        select (select count(*) from marts.dim_people) * 6 as expected,
            (select count(*) from marts.fct_consent_history where valid_to is null) as actual
    """)
    assert [] == broken
    assert counts["expected"] == counts["actual"]


def test_the_order_of_arrival_changes_nothing(built: Warehouse) -> None:
    """Merges and refusals in any order give the same consent at every moment."""
    before = {table: built.rows(table) for table in TABLES}
    events = list(STORY)
    random.Random(7).shuffle(events)  # noqa: S311  # reproducible, no secret
    built.build(events)
    assert before == {table: built.rows(table) for table in TABLES}
