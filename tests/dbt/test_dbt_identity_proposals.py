"""Probable matches are proposed, reviewed and decided; nothing is linked by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dbt_attribution import published
from dbt_builders import RawEvent, at, raw_event, standard
from dbt_identity import Identity, compare
from dbt_identity_truth import SENZING, senzing_events, senzing_truth
from dbt_warehouse import Warehouse

from ingestion.contracts import ContractSet
from ingestion.event_log.model import to_micros
from orchestration import connections
from orchestration.errors import NotFoundError
from orchestration.identity import review
from orchestration.identity.propose import propose
from orchestration.settings import Settings

NOW = datetime(2026, 11, 5, tzinfo=UTC)
READ_BY_PROPOSALS = (
    "intermediate.int_identity_fields", "intermediate.int_refused_identifiers",
    "intermediate.int_record_people", "marts.fct_identity_links",
)  # fmt: skip


@pytest.fixture(scope="module")
def identity(warehouse: Warehouse) -> Iterator[Identity]:
    made = Identity(warehouse)
    yield made
    made.connection.close()


def publish(identity: Identity, settings: Settings) -> None:
    """What the proposals read of the published copy."""
    settings.published.parent.mkdir(parents=True, exist_ok=True)
    settings.published.unlink(missing_ok=True)
    identity.connection.execute(f"attach '{settings.published}' as copy")
    for table in READ_BY_PROPOSALS:
        identity.connection.execute(f"create schema if not exists copy.{table.split('.')[0]}")
        identity.connection.execute(f"create table copy.{table} as from {table}")
    identity.connection.execute("detach copy")


def decided(settings: Settings) -> list[RawEvent]:
    """The decisions in the event log, as the next batch reads them; each keeps its contract."""
    contracts = ContractSet.load(None)
    found = []
    with closing(connections.event_log(settings)) as log:
        for event in log.read():
            told = contracts.check(event.source, event.body, to_micros(event.received_at))
            assert told.problem_code is None
            row = raw_event(
                event.source, event.event_key, told.event_type, event.body.decode(),
                event.received_at, "decision", contracts_of="standard",
            )  # fmt: skip
            found.append(replace(row, contract=told.contract))
    return found


TWO = [
    standard("1", "contact_updated", at(0), source="crm", external_id="a", first_name="Kristen",
             last_name="Salinger", phone="+1 320 392 2137", birth_date="1980-04-03"),
    standard("2", "contact_updated", at(1), source="crm", external_id="b", first_name="Kristin",
             last_name="Salenger", phone="+1 320 392 2137", birth_date="1980-03-04"),
    standard("3", "contact_updated", at(2), source="crm", external_id="c", first_name="Bo",
             last_name="Salinger", birth_date="2001-01-02"),
]  # fmt: skip


def test_a_proposal_is_accepted_and_then_rejected(identity: Identity, tmp_path: Path) -> None:
    """Proposing links nobody; accepting appends an event that the next build links by; rejecting
    takes the two apart, for good: they are not proposed again."""
    settings = Settings(home=tmp_path)
    identity.build(TWO)
    publish(identity, settings)
    (found,) = review.renew(settings, now=NOW)
    assert found.status == "open"
    assert set(found.features) == {"given_name", "household", "phone", "birth_date"}
    assert "Kristen" not in settings.identity_proposals.read_text()
    assert decided(settings) == []

    pair = (found.other_person_id, found.person_id)
    done = review.decide(settings, *pair, "accepted", by="ann", reason=None, now=NOW)
    assert ("accepted", "ann") == (done.status, done.decided_by)
    identity.build([*TWO, *decided(settings)])
    assert len(set(identity.people().values())) == 2
    (row,) = identity.rows("select decided_by, effect from marts.fct_identity_links")
    assert row == {"decided_by": "ann", "effect": "holds"}

    later = NOW.replace(hour=1)
    review.decide(settings, *pair, "rejected", by="bob", reason="two sisters", now=later)
    identity.build([*TWO, *decided(settings)])
    assert len(set(identity.people().values())) == 3
    publish(identity, settings)
    assert review.renew(settings, now=later) == []


def test_only_a_configured_weight_links_by_itself(identity: Identity, tmp_path: Path) -> None:
    """Above it `splink` links, once: what somebody takes apart afterwards stays apart."""
    settings = Settings(home=tmp_path, identity_accept_weight=5)
    identity.build(TWO)
    publish(identity, settings)
    assert ["accepted"] == [row.status for row in review.renew(settings, now=NOW)]
    assert ["accepted"] == [row.status for row in review.renew(settings, now=NOW)]
    (event,) = decided(settings)
    assert json.loads(str(event.body))["data"]["by"] == "splink"
    identity.build([*TWO, event])
    assert len(set(identity.people().values())) == 2


def test_what_was_not_proposed_cannot_be_accepted(tmp_path: Path) -> None:
    """A slip in an id is told."""
    with pytest.raises(NotFoundError, match="are not proposed"):
        review.decide(
            Settings(home=tmp_path), "p_1", "p_2", "accepted", by="ann", reason=None, now=NOW
        )


def test_nobody_is_compared_in_an_empty_warehouse(identity: Identity) -> None:
    """No people, no proposals."""
    identity.build([])
    assert propose(identity.connection, least_weight=2) == []


def test_father_or_son_is_not_proposed(identity: Identity) -> None:
    """A John Smith without a birth date may be either of two: nobody is asked to guess."""
    home = {"first_name": "John", "last_name": "Smith", "street": "3 High St", "city": "Leeds"}
    identity.build([
        standard("f", "contact_updated", at(0), external_id="f", birth_date="1970-10-10", **home),
        standard("s", "contact_updated", at(0), external_id="s", birth_date="1995-03-15", **home),
        standard("j", "contact_updated", at(0), external_id="j", **home),
    ])  # fmt: skip
    assert len(set(identity.people().values())) == 3
    assert propose(identity.connection, least_weight=0) == []


def test_with_the_proposals_accepted_on_the_senzing_truth_set(identity: Identity) -> None:
    """Rules and accepted proposals together find nearly all true pairs, and few others; twice the
    same."""
    folder = published(SENZING)
    identity.build(list(senzing_events(folder)))
    least = Settings().identity_propose_weight
    proposed = propose(identity.connection, least_weight=least)
    assert proposed == propose(identity.connection, least_weight=least)
    group = {person: person for person in identity.people().values()}
    for found in proposed:
        joined = {group[found.person_id], group[found.other_person_id]}
        group = {who: min(joined) if now in joined else now for who, now in group.items()}
    result = compare(
        senzing_truth(folder), {record: group[who] for record, who in identity.people().items()}
    )
    assert result.f1 >= 0.85, result
