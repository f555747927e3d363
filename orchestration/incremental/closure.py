"""Whom new events touch: the entities they are about, and all that belongs together with these.

Taking too many is always right, it only costs; taking too few would be wrong. So links are
followed in both directions until nothing is added.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.fast_lane.plan import Plan
from orchestration.fast_lane.slice import Catalog, quoted

ENTITIES = "int_event_entities"
LINKS = "int_entity_links"


@dataclass(frozen=True, slots=True)
class Closure:
    """Works in the catalog `touched`: `edges` between entities, `nodes` reached so far,
    `position`: their events. An entity is a type and an id; an event's is its position."""

    plan: Plan
    warehouse: Catalog
    touched: Catalog

    def prepare(self) -> None:
        """Read how the entities of the warehouse are linked."""
        self._run(
            f"""
            create table named as
            select position, entity_type, entity_id
            from {self._entities(self.warehouse)}
            where entity_type <> 'record';

            create table causes as
            select distinct entity_id from named where entity_type = 'event';

            create table links as
            select entity_type, entity_id, linked_type, linked_id
            from {self._links(self.warehouse)};

            create view edges(from_type, from_id, to_type, to_id) as
            select entity_type, entity_id, 'position', cast(position as varchar) from named
            union all
            select 'position', cast(position as varchar), entity_type, entity_id from named
            union all
            select entity_type, entity_id, linked_type, linked_id from links
            union all
            select linked_type, linked_id, entity_type, entity_id from links;

            create table nodes (entity_type varchar, entity_id varchar);
            create table frontier (entity_type varchar, entity_id varchar);
            create table position (id bigint);
            """
        )

    def connect(self, asked_for: Catalog) -> None:
        """Make edges of what is linked in the warehouse, also through the causes that events of
        the catalog `asked_for` name."""
        outcomes = self.warehouse.relation(self.plan["int_event_outcomes"])
        self._run(
            f"""
            insert into causes
            select distinct entity_id from {self._entities(asked_for)}
            where entity_type = 'event'
            except select entity_id from causes;

            insert into named
            select position, 'event', event_id from {outcomes}
            where event_id in (select entity_id from causes);

            insert into named
            select position, entity_type, entity_id
            from {self._entities(self.warehouse)}
            where entity_type = 'record' and position in (select position from named);
            """
        )

    def seed(self, select: str) -> None:
        """Begin at these entities: a query for two columns, type and id."""
        self._run(f"insert into frontier {select}")

    def seed_all(self, catalog: Catalog) -> None:
        """Begin at every entity that the events of a catalog name or link."""
        self.seed(
            f"""
            select entity_type, entity_id from {self._entities(catalog)}
            union select entity_type, entity_id from {self._links(catalog)}
            union select linked_type, linked_id from {self._links(catalog)}
            """
        )

    def seed_positions(self, select: str) -> None:
        """Begin at all that these events, a query for their positions, are about."""
        self.seed(
            f"""
            select entity_type, entity_id from {self._entities(self.warehouse)}
            where position in ({select})
            """
        )

    def spread(self) -> int:
        """Follow the links from the frontier; returns how many entities are new."""
        before = self._count("nodes")
        while True:
            self._run(
                """
                create or replace table frontier as
                select distinct entity_type, entity_id from frontier
                anti join nodes using (entity_type, entity_id);
                insert into nodes from frontier;
                """
            )
            if not self._count("frontier"):
                return self._count("nodes") - before
            self._run(
                """
                create or replace table frontier as
                select distinct edges.to_type as entity_type, edges.to_id as entity_id
                from edges
                semi join frontier
                on edges.from_type = frontier.entity_type and edges.from_id = frontier.entity_id
                """
            )

    def collect(self) -> None:
        """Find the events of the entities reached; the new events belong to them in any case."""
        self._run(
            f"""
            create or replace table position as
            select position as id from {self._entities(self.warehouse)}
            semi join nodes using (entity_type, entity_id)
            union
            select cast(entity_id as bigint) from nodes where entity_type = 'position'
            union
            select id from renewed_position
            """
        )

    def _entities(self, catalog: Catalog) -> str:
        return catalog.relation(self.plan[ENTITIES])

    def _links(self, catalog: Catalog) -> str:
        return catalog.relation(self.plan[LINKS])

    def _count(self, table: str) -> int:
        [(rows,)] = self.touched.connection.execute(
            f"select count(*) from {quoted(self.touched.name, 'main', table)}"
        ).fetchall()
        return int(rows)

    def _run(self, sql: str) -> None:
        self.touched.execute(sql)
