"""Whose rows are compared: everybody's where they are few, else those of a sample of people.

The unit is a component: events that hang together by what the identity index knows of them, which
is the slice that the fast lane builds when any one of them arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from duckdb import DuckDBPyConnection

from dbt_project.functions.components import connected_components
from orchestration.fast_lane.nodes import ABOUT, LINKS, PERSON

Component = tuple[int, ...]
"""Positions of events, in order."""

_LINKED: Final = f"""
    create or replace temp table about as {ABOUT};
    create or replace temp table linked as
    select node, linked as other from ({LINKS})
    union
    select linked as node, node as other from ({LINKS})
"""
# Whom new events touched comes first: there the lane has worked, and the batch built anew. The
# others differ from publication to publication, so that in time everybody's turn comes.
_CHOSEN: Final = f"""
    with

    seen as (

        select
            record_people.person_id,
            max(entities.position) as last_position
        from intermediate.int_record_people as record_people
        inner join intermediate.int_event_entities as entities
            on record_people.record_id = entities.entity_id
        where entities.entity_type = 'record'
        group by record_people.person_id

    ),

    ranked as (

        select
            person_id,
            row_number() over (order by last_position desc, person_id) as by_news,
            row_number() over (
                order by md5(person_id || ':' || (select max(position) from raw.events)), person_id
            ) as by_lot
        from seen

    )

    select {PERSON} as node from ranked
    order by least(2 * by_news - 1, 2 * by_lot), by_lot
    limit {{people}}
"""
# A round: from the nodes of the frontier to their events, and on to all that these are about.
_ROUND: Final = """
    create or replace temp table news as
    select distinct frontier.seed, about.position
    from frontier
    inner join about on frontier.node = about.node
    anti join taken on frontier.seed = taken.seed and about.position = taken.position;

    insert into taken from news;

    create or replace temp table frontier as
    select distinct found.seed, found.node
    from (
        select news.seed, about.node
        from news
        inner join about on news.position = about.position
        union all
        select frontier.seed, linked.other as node
        from frontier
        inner join linked on frontier.node = linked.node
    ) as found
    anti join reached on found.seed = reached.seed and found.node = reached.node
    where found.seed not in (select seed from taken group by seed having count(*) > {most});

    insert into reached from frontier
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """At most so many people are chosen, with so many events altogether: a slice takes a tenth of
    a second, and the check shares the machine with the lane."""

    people: int = 15
    events: int = 2_000


@dataclass(frozen=True, slots=True)
class Sample:
    """`is_whole`: nothing is left out; `left_out`: components of people chosen whose events would
    have been too many."""

    components: tuple[Component, ...]
    is_whole: bool
    left_out: int = 0


def choose(connection: DuckDBPyConnection, limits: Limits) -> Sample:
    """The same for the same publication, which the connection has in use; leaves temporary tables
    in the connection."""
    connection.execute(_LINKED)
    if _has_few_events(connection, limits.events):
        every = _every_component(connection)
        if len(every) <= limits.people:
            return Sample(tuple(every), is_whole=True)
    found = _components_of(connection, limits)
    kept = tuple(_within(found, limits.events))
    return Sample(kept, is_whole=False, left_out=len(found) - len(kept))


def _has_few_events(connection: DuckDBPyConnection, most: int) -> bool:
    [(events,)] = connection.execute("select count(*) from raw.events").fetchall()
    return bool(events <= most)


def _every_component(connection: DuckDBPyConnection) -> list[Component]:
    pairs = connection.execute(
        """
        select 'node', node, 'position', position from about
        union all
        select 'node', node, 'node', other from linked
        """
    ).fetchall()
    number: dict[tuple[str, int], int] = {}
    ones = [number.setdefault((kind, one), len(number)) for kind, one, _, _ in pairs]
    others = [number.setdefault((kind, other), len(number)) for _, _, kind, other in pairs]
    found: dict[int, list[int]] = {}
    roots = connected_components(len(number), ones, others)
    for (kind, position), root in zip(number, roots, strict=True):
        if kind == "position":
            found.setdefault(root, []).append(position)
    return sorted(tuple(sorted(positions)) for positions in found.values())


def _components_of(connection: DuckDBPyConnection, limits: Limits) -> list[Component]:
    """Of the people chosen, in the order in which they were; of one with too many events as many
    as were found until that was clear."""
    chosen = _CHOSEN.format(people=limits.people)
    connection.execute(
        f"""
        create or replace temp table frontier as
        select cast(row_number() over () as integer) as seed, node from ({chosen});
        create or replace temp table reached as from frontier;
        create or replace temp table taken (seed integer, position bigint)
        """
    )
    while connection.execute("from frontier limit 1").fetchall():
        connection.execute(_ROUND.format(most=limits.events))
    rows = connection.execute(
        "select list(position order by position) from taken group by seed order by seed"
    ).fetchall()
    return list(dict.fromkeys(tuple(positions) for (positions,) in rows))


def _within(components: Iterable[Component], most: int) -> Iterator[Component]:
    left = most
    for positions in components:
        if len(positions) <= left:
            left -= len(positions)
            yield positions
