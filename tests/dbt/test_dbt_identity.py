"""Who is who: guards, manual links and unlinks, stable ids, precedence, accounts."""

from __future__ import annotations

import random
from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest
from dbt_builders import RawEvent, at, contact_synced, standard, typeform
from dbt_identity import Identity
from dbt_warehouse import Warehouse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

UNLINK, LINK = "identity_unlinked", "identity_linked"


@pytest.fixture(scope="module")
def identity(warehouse: Warehouse) -> Iterator[Identity]:
    made = Identity(warehouse)
    yield made
    made.connection.close()


def contact(key: str, hours: float = 0, *, source: str = "crm", **data: object) -> RawEvent:
    """What a sender says of a contact of its own; the record is `crm:external:<key>`."""
    return standard(
        f"{key}-{hours}", "contact_updated", at(hours), source=source, external_id=key, **data
    )


def person(identity: Identity, key: str) -> str:
    return identity.people()[f"crm:external:{key}"]


@pytest.mark.parametrize(
    ("mailbox", "reason"),
    [
        ("info@acme.io", "role_mailbox"),
        ("Sales@acme.io", "role_mailbox"),
        ("ada@mailinator.com", "disposable_domain"),
        ("test@test.com", "placeholder"),
    ],
)
def test_a_mailbox_of_everybody_links_nobody(identity: Identity, mailbox: str, reason: str) -> None:
    """Two people behind one role address stay two, unless their full names are one as well; the
    address is listed, with the reason."""
    identity.build([
        contact("a", email=mailbox, first_name="Ada", last_name="Byron"),
        contact("b", email=mailbox, first_name="Bea", last_name="Curie"),
        contact("a2", email=mailbox, first_name="ADA", last_name="Byron"),
    ])  # fmt: skip
    assert person(identity, "a") != person(identity, "b")
    assert reason in identity.refused().values()
    assert person(identity, "a") == person(identity, "a2"), "with a full name it does link"


def test_too_many_holders_refuse_an_identifier_for_good(identity: Identity) -> None:
    """A family mailbox links three given names, not four; what was refused before stays so."""
    family = [
        contact(name, email="home@family.io", first_name=name) for name in ("Ada", "Bea", "Cleo")
    ]
    identity.build(family)
    assert len(set(identity.people().values())) == 1
    grown = [*family, contact("Dora", email="home@family.io", first_name="Dora")]
    identity.build(grown)
    assert len(set(identity.people().values())) == 4
    assert identity.refused() == {"email:home@family.io": "shared"}

    known = pa.table(
        {"identifier": ["email:home@family.io"], "rule": ["email"], "reason": ["shared"]}
    )
    identity.build(family, known)
    assert len(set(identity.people().values())) == 3
    assert identity.refused() == {"email:home@family.io": "shared"}


def test_a_family_with_one_phone_and_one_initial_stays_a_family(identity: Identity) -> None:
    """John, Jane and Jim Smith share a line. An initial, a short form or a middle name is no other
    person's name."""
    lines = {"smith": "+442079460111", "kohl": "+493090182000"}
    told = [
        ("john", "John", "smith"), ("jane", "Jane", "smith"), ("jim", "Jim", "smith"),
        ("karl", "Karl", "kohl"), ("k", "K.", "kohl"), ("karl_h", "Karl Heinz", "kohl"),
    ]  # fmt: skip
    identity.build(
        contact(key, first_name=name, last_name=line, phone=lines[line]) for key, name, line in told
    )
    assert 3 == len({person(identity, key) for key in ("john", "jane", "jim")})
    assert 1 == len({person(identity, key) for key in ("karl", "k", "karl_h")})


def test_father_and_son_at_one_address_stay_two(identity: Identity) -> None:
    """Full name and address link, unless different birth dates are told; the phone likewise."""
    home = {
        "first_name": "John",
        "last_name": "Smith",
        "street": "3 High Street",
        "postcode": "60527",
    }
    identity.build([
        contact("father", **home, birth_date="10/10/1970"),
        contact("son", **home, birth_date="1995-03-15"),
        contact("one", first_name="Jan", last_name="Kok", street="1 Long Rd.", city="Leeds"),
        contact("same", first_name="Jan", last_name="Kok", street="1 Long Road", city="LEEDS"),
    ])  # fmt: skip
    assert person(identity, "father") != person(identity, "son")
    assert person(identity, "one") == person(identity, "same")


@pytest.mark.parametrize(
    "told", ["1979-02-30", "13/13/1979", "yesterday", "2999-01-01", "0", "9" * 999]
)
def test_an_impossible_birth_date_is_none(identity: Identity, told: str) -> None:
    """It links nobody and is no value of the person's."""
    names = {"first_name": "Ada", "last_name": "Byron", "birth_date": told}
    identity.build([contact("a", **names), contact("b", **names)])
    assert person(identity, "a") != person(identity, "b")
    assert identity.rows("select birth_date from intermediate.int_golden_records") == [
        {"birth_date": None}, {"birth_date": None},
    ]  # fmt: skip


def test_a_record_of_many_names_joins_nobody(identity: Identity) -> None:
    """A hundred names and a hundred phones do not make ten thousand identifiers."""
    shown = [
        contact("many", n, first_name=f"N{n}", last_name=f"L{n}", phone=f"+4930901{n:04d}")
        for n in range(100)
    ]
    one = contact("one", first_name="N7", last_name="L7", phone="+49309010007")
    identity.build([*shown, one])
    assert person(identity, "many") != person(identity, "one")
    assert identity.refused()["phone of crm:external:many"] == "too_many_values"
    (held,) = identity.rows("select count(*) as n from intermediate.int_identifiers")
    assert held["n"] < 20


SHARED = {"user_id": "u1"}
THREE = [
    contact("a", 0, email="a@x.io", **SHARED),
    contact("b", 1, email="b@x.io", **SHARED),
    contact("c", 2, email="a@x.io"),
]


def test_an_unlink_holds_against_what_is_shared(identity: Identity) -> None:
    """Two who share a user id are taken apart; each side has the id of its oldest record, the one
    that was there first keeps its own, and a later shared identifier changes nothing."""
    identity.build(THREE)
    (before,) = set(identity.people().values())
    unlink = standard(
        "u", UNLINK, at(3), email="a@x.io", other_email="b@x.io", by="ann", reason="no"
    )
    identity.build([*THREE, unlink])
    assert person(identity, "a") == person(identity, "c") == before
    assert person(identity, "b") != before
    again = contact("b", 5, email="b@x.io", phone="+4930901820", first_name="X", last_name="Y")
    more = contact("a", 6, email="a@x.io", phone="+4930901820", first_name="X", last_name="Y")
    identity.build([*THREE, unlink, again, more])
    assert person(identity, "a") == before != person(identity, "b")
    (told,) = identity.rows("select * from marts.fct_identity_links")
    assert ("holds", "ann", "no") == (told["effect"], told["decided_by"], told["reason"])
    events = identity.rows("select person_id from intermediate.int_indirect_event_people")
    assert [{"person_id": before}] == events


def test_the_later_of_link_and_unlink_counts(identity: Identity) -> None:
    """Later by when it occurred, not by when it arrived."""
    sides = {"record_id": "crm:external:a", "other_user_id": "u2"}
    two = [contact("a", email="a@x.io"), contact("b", 1, email="b@x.io", user_id="u2")]
    link = standard("l", LINK, at(2), **sides)
    unlink = standard("n", UNLINK, at(3), **sides)
    relink = standard("r", LINK, at(4), email="b@x.io", other_email="a@x.io")
    identity.build([*two, link])
    assert person(identity, "a") == person(identity, "b")
    (merge,) = identity.rows(
        "select rule, record_id, other_record_id, merged_at from marts.fct_merges"
    )
    assert merge == {
        "rule": "manual_link", "record_id": "crm:external:b",
        "other_record_id": "crm:external:a", "merged_at": at(2),
    }  # fmt: skip
    identity.build([unlink, *two, link])
    assert person(identity, "a") != person(identity, "b")
    identity.build([relink, unlink, *two, link])
    assert person(identity, "a") == person(identity, "b")


def test_a_link_by_a_refused_or_unknown_reference_does_nothing(identity: Identity) -> None:
    """A role address names nobody, and a person that is not there cannot be linked."""
    identity.build([
        contact("a", email="info@x.io"), contact("b", email="b@x.io"),
        standard("1", LINK, at(3), email="info@x.io", other_email="b@x.io"),
        standard("2", LINK, at(3), person_id="p_none", other_email="b@x.io"),
    ])  # fmt: skip
    assert person(identity, "a") != person(identity, "b")
    assert {"nobody_found"} == {
        row["effect"] for row in identity.rows("select effect from marts.fct_identity_links")
    }


def test_a_person_known_to_the_crm_keeps_its_id_through_merge_and_unmerge(
    identity: Identity,
) -> None:
    """The announced id names the merged person; after the unlink the other has its own again."""
    old, new = contact("a", 0, email="a@x.io"), contact("b", 1, email="b@x.io")
    identity.build([old, new])
    ids = identity.people()
    announced = contact_synced(ids["crm:external:b"], "77", at(2))
    link = standard("l", LINK, at(3), email="a@x.io", other_person_id=ids["crm:external:b"])
    identity.build([old, new, announced, link])
    assert set(identity.people().values()) == {ids["crm:external:b"]}
    unlink = standard("u", UNLINK, at(4), email="a@x.io", other_email="b@x.io")
    identity.build([old, new, announced, link, unlink])
    assert identity.people() == ids


NAMES = ("a", "b", "c", "d")
CONTACTS = st.builds(
    lambda key, hours, user, mailbox, first: contact(
        key, hours, email=f"{mailbox}@x.io", user_id=user, first_name=first
    ),
    st.sampled_from(NAMES), st.integers(0, 5), st.sampled_from(("u1", "u2", None)),
    st.sampled_from(("a", "b", "info")), st.sampled_from(("Ada", "Bea", None)),
)  # fmt: skip
JUDGEMENTS = st.builds(
    lambda kind, hours, one, other: standard(
        f"{kind}-{hours}-{one}-{other}", kind, at(hours),
        **one, **{f"other_{field}": value for field, value in other.items()},
    ),
    st.sampled_from((LINK, UNLINK)), st.integers(0, 5),
    *[st.one_of(
        st.sampled_from(NAMES).map(lambda key: {"record_id": f"crm:external:{key}"}),
        st.sampled_from(("a@x.io", "b@x.io")).map(lambda mailbox: {"email": mailbox}),
        st.sampled_from(("u1", "u2")).map(lambda user: {"user_id": user}),
    )] * 2,
)  # fmt: skip


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=st.lists(st.one_of(CONTACTS, JUDGEMENTS), max_size=12), seed=st.integers(0, 999))
def test_merges_and_unmerges_in_any_order(
    identity: Identity, events: list[RawEvent], seed: int
) -> None:
    """Whatever arrives in whatever order, and twice under other keys: the same tables; and no two
    who were taken apart last are one person."""
    unique = list({event.event_id: event for event in events}.values())
    identity.build(unique)
    tables = identity.tables()
    shuffled = unique.copy()
    random.Random(seed).shuffle(shuffled)  # noqa: S311  # reproducible, no secret
    identity.build(shuffled)
    assert tables == identity.tables()
    kept_apart = identity.rows(
        "select ones.person_id as one, others.person_id as other "
        "from intermediate.int_identity_unlinks as unlinks "
        "inner join intermediate.int_record_people as ones on unlinks.node_a = ones.record_id "
        "inner join intermediate.int_record_people as others on unlinks.node_b = others.record_id"
    )
    assert all(row["one"] != row["other"] for row in kept_apart)


def test_every_system_is_in_the_entity_map(identity: Identity) -> None:
    """Ids of CRM, marketing, CDP, payments and warehouse lead to one person."""
    identity.build([
        typeform("t", at(0), email="m@x.io", hidden={"user_id": "u9", "anonymous_id": "v9"}),
        contact("a", 1, email="m@x.io"),
    ])  # fmt: skip
    (owner,) = set(identity.people().values())
    found = identity.rows(
        "select person_id, system, object_type, external_id from marts.entity_map"
    )
    assert {owner} == {row["person_id"] for row in found}
    assert {
        ("product", "user", "u9"), ("website", "visitor", "v9"), ("warehouse", "person", owner),
    } == {(row["system"], row["object_type"], row["external_id"]) for row in found}  # fmt: skip


def account(domain: str, hours: float = 0, **data: object) -> RawEvent:
    return standard(f"{domain}-{hours}", "account_updated", at(hours), domain=domain, **data)


def test_cyclic_parents_are_refused_and_named(identity: Identity) -> None:
    """Three accounts in a circle have no parent; one that leads into the circle keeps its own."""
    identity.build([
        account("a.io", name="A", parent="b.io"), account("b.io", parent="c.io"),
        account("c.io", parent="a.io"), account("d.io", parent="www.a.io"),
        account("e.io", parent="nobody-knows"), account("f.io", parent="f.io"),
        account("gmail.com", name="Free"), account("g.io", parent="d.io"),
        account("A.io", 1, name="Later", employees="1,200+"),
    ])  # fmt: skip
    found = identity.rows("select account_key, code from intermediate.int_account_parents")
    assert {row["account_key"]: row["code"] for row in found} == {
        "a.io": "ACCOUNT_PARENT_CYCLE", "b.io": "ACCOUNT_PARENT_CYCLE",
        "c.io": "ACCOUNT_PARENT_CYCLE", "d.io": None, "e.io": "ACCOUNT_PARENT_UNKNOWN",
        "g.io": None,
    }  # fmt: skip
    facts = identity.rows("select account_key, name, employees from intermediate.int_account_facts")
    named = {row["account_key"]: (row["name"], row["employees"]) for row in facts}
    assert named["a.io"] == ("Later", 1200)
    assert not {key for key in named if "gmail" in key}
    above = identity.rows(
        "select facts.account_key, ancestors.height "
        "from intermediate.int_account_ancestors as ancestors "
        "inner join intermediate.int_account_facts as facts using (account_id) order by all"
    )
    assert above == [
        {"account_key": "d.io", "height": 1}, {"account_key": "g.io", "height": 1},
        {"account_key": "g.io", "height": 2},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seed", "change", "message"),
    [
        ("match_rules", "('email', 'shoe_size', 2, 'single')", "the rule email names the"),
        ("match_rules", "('odd', 'phone', 2, 'single')", "the rule odd needs one strength"),
        ("match_rule_limits", "('email', 'shoe_size', 2)", "the limit of the rule email names"),
        ("match_rule_limits", "('shoe', 'phone', 2)", "names the unknown rule shoe"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_refused_by_name(
    identity: Identity, seed: str, change: str, message: str
) -> None:
    """The build stops and says which rule names what, and which fields there are."""
    before = identity.connection.execute(f"from seeds.{seed}").to_arrow_table()
    identity.connection.execute(f"insert into seeds.{seed} values {change}")
    try:
        with pytest.raises(
            duckdb.Error, match=f"MATCH_RULE_INVALID: .*{message}.*Known fields: anonymous_id"
        ):
            identity.build([])
    finally:
        identity.put(f"seeds.{seed}", before)


def test_a_person_of_100000_events(identity: Identity) -> None:
    """One contact of 100,000 events, a megabyte of name and emoji is one person, in seconds."""
    events = [
        standard(f"k{n}", "page_view", at(n / 1000), email="busy@x.io", page_url=f"/{n % 7}")
        for n in range(100_000)
    ]
    odd = contact(
        "odd", email="busy@x.io", first_name="🚀" * 250_000, last_name="🎉", street="🏠 1"
    )
    identity.build([*events, odd])
    assert len(set(identity.people().values())) == 1
