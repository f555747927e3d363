"""Who is to be erased: everything the published warehouse knows them by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from dbt_project.functions.normalise import display_email, normalise_email
from orchestration import warehouse
from orchestration.errors import ErasureAmbiguousError, WarehouseMissingError
from orchestration.settings import Settings
from orchestration.why import PERSON_BY_EMAIL, PERSON_BY_ID

_MINE = "select record_id from intermediate.int_record_people where person_id = $person"
_PERSONS = """
    select own_person_id as person from intermediate.int_record_people where person_id = $person
    union
    select $person
"""
# What suppresses a new record later: the fields of rules that one value satisfies.
_IDENTIFIERS = f"""
    select distinct fields.field, fields.field_value
    from intermediate.int_identity_fields as fields
    inner join seeds.match_rules as rules using (field)
    where rules.strength in ('strong', 'single') and fields.record_id in ({_MINE})
    order by all
"""  # noqa: S608  our own text
# An address or number that somebody else has too (a switchboard) is left alone in their events.
# Candidates are what events said, be they applied or not.
_EMAILS = f"""
    with told as (
        select distinct
            record_id in ({_MINE}) as is_mine,
            coalesce(email_normalised, lower(email_given)) as mailbox,
            email_given,
            email,
            email_normalised
        from intermediate.int_contact_candidates
        where email_given is not null
    )
    select distinct unnest([email_given, email, email_normalised]) as spelling
    from told
    where mailbox in (select mailbox from told group by mailbox having bool_and(is_mine))
"""  # noqa: S608
_PHONES = f"""
    with numbers as (
        select phone as spelling, record_id from intermediate.int_contact_statements
        union all
        select phone as spelling, record_id from intermediate.int_contact_candidates
    )
    select spelling
    from numbers
    where length(regexp_replace(spelling, '[^0-9]', '', 'g')) >= 7
    group by spelling
    having bool_and(record_id in ({_MINE}))
"""  # noqa: S608
_POSITIONS = f"""
    with contacts as (
        select distinct field_value as contact_id
        from intermediate.int_identity_fields
        where field = 'hubspot_contact_id' and record_id in ({_MINE})
    ),
    told as (
        select position from intermediate.int_contact_candidates where record_id in ({_MINE})
        union
        select position from staging.stg_hubspot__contact_changes semi join contacts
            using (contact_id)
        union
        select position from staging.stg_hubspot__deal_contacts semi join contacts
            using (contact_id)
        union
        select position from staging.stg_hubspot__contact_merges
        where surviving_contact_id in (from contacts) or primary_contact_id in (from contacts)
    ),
    copies as (
        select other.position
        from staging.base_raw__events as other
        semi join (
            select logged.vendor_id
            from staging.base_raw__events as logged
            semi join told using (position)
        ) as mine using (vendor_id)
    )
    select position from told union select position from copies
"""  # noqa: S608
_OTHERS = """
    select outcomes.position
    from intermediate.int_event_outcomes as outcomes
    inner join intermediate.int_event_people as people using (event_id)
    where list_contains($positions, outcomes.position)
        and not list_contains($persons, people.person_id)
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """One person: the ids they have and had here, how their addresses and numbers are spelt, what
    they are matched by (field, value), and the positions of their events in the log."""

    persons: tuple[str, ...] = ()
    spellings: tuple[str, ...] = ()
    identifiers: tuple[tuple[str, str], ...] = ()
    positions: frozenset[int] = frozenset()

    def __or__(self, other: Subject) -> Subject:
        return Subject(
            tuple(sorted({*self.persons, *other.persons})),
            tuple(sorted({*self.spellings, *other.spellings})),
            tuple(sorted({*self.identifiers, *other.identifiers})),
            self.positions | other.positions,
        )


def identify(settings: Settings, who: str) -> Subject:
    """Everything that is known of ``who``, an e-mail address or a person id; an address that the
    warehouse does not know is still looked for.

    Raises ErasureAmbiguousError when several people have the address.
    """
    asked = _asked(who)
    try:
        with warehouse.connect(settings.published) as copy:
            person = _person(copy, who)
            return asked if person is None else _known(copy, person, asked)
    except WarehouseMissingError:
        return asked


def of_others(
    settings: Settings, persons: Sequence[str], positions: Iterable[int]
) -> frozenset[int]:
    """Which of these events belong to somebody else."""
    wanted = sorted(positions)
    if not wanted:
        return frozenset()
    try:
        with warehouse.connect(settings.published) as copy:
            return frozenset(_column(copy, _OTHERS, persons=list(persons), positions=wanted))
    except WarehouseMissingError:
        return frozenset()


def _asked(who: str) -> Subject:
    if "@" not in who:
        return Subject()
    mailbox = normalise_email(who)
    spellings = {who.strip(), display_email(who), mailbox} - {None}
    identifiers = (("email_normalised", mailbox),) if mailbox else ()
    return Subject(spellings=tuple(sorted(map(str, spellings))), identifiers=identifiers)


def _person(copy: duckdb.DuckDBPyConnection, who: str) -> str | None:
    if "@" in who:
        found = warehouse.rows(copy, PERSON_BY_EMAIL, [normalise_email(who)])
    else:
        found = warehouse.rows(copy, PERSON_BY_ID, [who, who])
    if len(found) > 1:
        raise ErasureAmbiguousError(f"{len(found)} people have this address.")
    return str(found[0]["person_id"]) if found else None


def _known(copy: duckdb.DuckDBPyConnection, person: str, asked: Subject) -> Subject:
    rows = copy.execute(_IDENTIFIERS, {"person": person}).fetchall()
    spellings = {
        *asked.spellings,
        *_column(copy, _EMAILS, person=person),
        *_column(copy, _PHONES, person=person),
    }
    return Subject(
        persons=tuple(sorted(_column(copy, _PERSONS, person=person))),
        spellings=tuple(sorted(filter(None, spellings))),
        identifiers=tuple(sorted({*asked.identifiers, *((str(a), str(b)) for a, b in rows)})),
        positions=frozenset(_column(copy, _POSITIONS, person=person)),
    )


def _column(copy: duckdb.DuckDBPyConnection, query: str, **parameters: object) -> list[Any]:
    return [row[0] for row in copy.execute(query, parameters).fetchall()]
