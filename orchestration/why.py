"""The whole story of one lead: what arrived, who it is, what was decided, what was done and why.

Reads the published copy for what the models know, the event log for what they have not seen or
refused, and the ledger for what was done.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from dbt_project.catalogue import remedy as event_remedy
from dbt_project.functions.normalise import normalise_email
from ingestion.event_log import EventLog, LoggedEvent
from orchestration import connections, warehouse, why_since
from orchestration.errors import NotFoundError, WarehouseMissingError
from orchestration.settings import Settings
from reverse_etl.catalogue import remedy
from reverse_etl.ledger import Ledger
from reverse_etl.model import Delivery, State

Row = dict[str, Any]

PERSON_BY_EMAIL = """
    select distinct people.person_id
    from intermediate.int_identity_fields as fields
    inner join intermediate.int_record_people as people using (record_id)
    where fields.field = 'email_normalised' and fields.field_value = ?
    order by people.person_id
"""
PERSON_BY_ID = """
    select person_id from marts.dim_people where person_id = ?
    union
    select person_id from marts.person_aliases where alias_id = ?
"""
PERSON_BY_CORRELATION = """
    select distinct people.person_id
    from staging.base_raw__events as logged
    inner join intermediate.int_event_people as people using (event_id)
    where logged.correlation_id = ?
"""
SECTIONS: Mapping[str, str] = {
    "person": "select * exclude (order_key) from marts.dim_people where person_id = ?",
    "aliases": "select * from marts.person_aliases where person_id = ?",
    "identifiers": """
        select distinct identifiers.identifier, identifiers.rule, identifiers.strength
        from intermediate.int_identifiers as identifiers
        inner join intermediate.int_record_people as people using (record_id)
        where people.person_id = ?
        order by identifiers.rule, identifiers.identifier
    """,
    "refused_identifiers": """
        select distinct refused.identifier, refused.rule, refused.reason
        from intermediate.int_refused_identifiers as refused
        inner join (
            select record_id, identifier from intermediate.int_identifier_candidates
            union
            select record_id, field || ':' || field_value from intermediate.int_identity_fields
            union
            select record_id, field || ' of ' || record_id from intermediate.int_unsteady_fields
        ) as held using (identifier)
        inner join intermediate.int_record_people as people using (record_id)
        where people.person_id = ?
        order by refused.rule, refused.identifier
    """,
    "links": """
        select link_id, link_type, person_id, other_person_id, decided_by, reason, effect,
            occurred_at
        from marts.fct_identity_links
        where ? in (person_id, other_person_id)
        order by order_key
    """,
    "events": """
        select outcomes.position, outcomes.source, outcomes.event_type, people.event_key,
            outcomes.kind, outcomes.outcome, outcomes.code, people.occurred_at,
            outcomes.received_at, logged.correlation_id
        from intermediate.int_event_people as people
        inner join intermediate.int_event_outcomes as outcomes using (event_id)
        inner join staging.base_raw__events as logged using (position)
        where people.person_id = ?
        order by people.order_key
    """,
    "score": "select * from marts.fct_scores where person_id = ? order by version",
    "contributions": """
        select version, rule_id, kind, reason, points, event_id, occurred_at
        from intermediate.int_score_contributions
        where person_id = ?
        order by version, occurred_at, rule_id
    """,
    "mqls": "select * from marts.fct_mqls where person_id = ? order by reached_at",
    "assignments": "select * from marts.fct_assignments where person_id = ? order by assigned_at",
    "candidates": """
        select candidates.assignment_id, candidates.rep_id, candidates.is_chosen,
            candidates.candidate_rank, candidates.reasons, candidates.open_load,
            candidates.capacity
        from intermediate.int_routing_candidates as candidates
        inner join marts.fct_assignments as assignments using (assignment_id)
        where assignments.person_id = ?
        order by candidates.assignment_id, candidates.candidate_rank, candidates.rep_id
    """,
    "conversions": "select * from marts.fct_conversions where person_id = ? order by converted_at",
    "consents": "select * from marts.dim_consents where person_id = ? order by purpose",
}
OUTCOME_OF = """
    select position, outcome, code, path, problem_value
    from intermediate.int_event_outcomes
    where list_contains(?, position)
"""

_WAITING: Row = {"outcome": "waiting", "code": None, "path": None, "problem_value": None}
_ACTED_ON: Row = _WAITING | {"outcome": "acted_on"}


@dataclass(frozen=True, slots=True)
class Known:
    """What the published warehouse tells: the person's sections, what became of events, the last
    position it holds, and `others` who use the same address."""

    person_id: str | None
    sections: Mapping[str, list[Row]]
    outcomes: Mapping[int, Row]
    position: int = 0
    others: Sequence[str] = ()
    remedy: str | None = None


def why(settings: Settings, who: str) -> Row:
    """The story of `who`: an e-mail address, a person id (or an old one), or a correlation id.

    Raises NotFoundError when neither the warehouse nor the log knows it.
    """
    if not who.strip():
        raise NotFoundError("Nobody was named.", remedy="Give an e-mail address, or an id.")
    with (
        closing(connections.event_log(settings)) as log,
        closing(connections.ledger(settings)) as ledger,
    ):
        mentioned = _mentions(log, who)
        known = _ask_warehouse(settings, who, mentioned)
        if known.person_id is None and not mentioned:
            raise NotFoundError(f"Nobody and nothing is known as {who}.", remedy=known.remedy)
        people = _names(known) or why_since.people_of(log, ledger, mentioned, who)
        mqls = {row["mql_id"] for row in known.sections.get("mqls", [])}
        since = why_since.decided(log, people, known.position, mqls)
        deliveries = _deliveries(ledger, people)
    told = {event["position"] for event in known.sections.get("events", [])}
    acted_on = {row["correlation_id"] for row in deliveries}
    return {
        "who": who,
        "person_id": known.person_id or (people[0] if len(people) == 1 else None),
        "other_people": list(known.others),
        **known.sections,
        "person": next(iter(known.sections.get("person", [])), None),
        "since_last_batch": since,
        "other_events": [
            _other(event, known.outcomes, acted_on)
            for event in mentioned
            if event.position not in told
        ],
        "deliveries": deliveries,
    }


def _mentions(log: EventLog, who: str) -> Sequence[LoggedEvent]:
    """Events of that correlation id, or that mention it: also those the models refused. Many
    senders escape letters outside ASCII, so the text is looked for both ways."""
    escaped = json.dumps(who)[1:-1]
    return log.read(correlation_id=who) or log.search(who) or log.search(escaped)


def _ask_warehouse(settings: Settings, who: str, mentioned: Sequence[LoggedEvent]) -> Known:
    try:
        with warehouse.connect(settings.published) as copy:
            person_id, *others = _people(copy, who) or (None,)
            sections = (
                {name: warehouse.rows(copy, query, [person_id]) for name, query in SECTIONS.items()}
                if person_id
                else {}
            )
            positions = [event.position for event in mentioned]
            found = warehouse.rows(copy, OUTCOME_OF, [positions])
            by_position = {row["position"]: row for row in found}
            held = warehouse.log_position(copy)
            return Known(person_id, sections, by_position, held, tuple(filter(None, others)))
    except WarehouseMissingError:
        return Known(None, {}, {}, remedy="No batch has run yet: `millrace run` builds people.")


def _people(copy: duckdb.DuckDBPyConnection, who: str) -> list[str]:
    """Whom it may mean: a mailbox of everybody links nobody, and so belongs to several."""
    email = normalise_email(who) if "@" in who else None
    questions = (
        (PERSON_BY_EMAIL, [email]),
        (PERSON_BY_ID, [who, who]),
        (PERSON_BY_CORRELATION, [who]),
    )
    for query, parameters in questions:
        if found := warehouse.rows(copy, query, parameters):
            return [str(row["person_id"]) for row in found]
    return []


def _names(known: Known) -> list[str]:
    """The person's id and its old ones."""
    if known.person_id is None:
        return []
    return [known.person_id, *(str(row["alias_id"]) for row in known.sections["aliases"])]


def _other(event: LoggedEvent, outcomes: Mapping[int, Row], acted_on: Collection[str]) -> Row:
    """An event that belongs to no person: refused by the models, or not loaded yet; the fast lane
    may have acted on it all the same."""
    fresh = _ACTED_ON if event.correlation_id in acted_on else _WAITING
    judged = outcomes.get(event.position, fresh)
    return {
        "position": event.position,
        "source": event.source,
        "event_key": event.event_key,
        "kind": event.kind,
        "received_at": event.received_at,
        "correlation_id": event.correlation_id,
        "outcome": judged["outcome"],
        "code": judged["code"],
        "path": judged["path"],
        "value": judged["problem_value"],
        "remedy": event_remedy(judged["code"]),
    }


def _deliveries(ledger: Ledger, people: Sequence[str]) -> list[Row]:
    return [_delivery(ledger, found) for name in people for found in ledger.find(person_id=name)]


def _delivery(ledger: Ledger, delivery: Delivery) -> Row:
    """One effect, every try of it, and what to do where it did not go through."""
    return {
        "id": delivery.id,
        "destination": delivery.destination,
        "action": delivery.action,
        "entity_key": delivery.entity_key,
        "state": delivery.state.value,
        "code": delivery.code,
        "remedy": remedy(delivery.code) if delivery.code else None,
        "consent_status": delivery.consent_status,
        "consent_id": delivery.consent_id,
        "vendor_id": delivery.vendor_id,
        "due_at": delivery.due_at if delivery.state is State.PENDING else None,
        "event_time": delivery.event_time,
        "created_at": delivery.created_at,
        "delivered_at": delivery.delivered_at,
        "correlation_id": delivery.correlation_id,
        "attempts": [asdict(attempt) for attempt in ledger.attempts(delivery.id)],
    }
