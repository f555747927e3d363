"""The compiled scoring models over tables that a test makes up, with no build an example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

MODELS = (
    "int_score_rules", "int_person_attributes", "int_score_fit", "int_scored_activities",
    "int_score_changes", "int_score_timeline", "int_mql_crossings", "int_score_contributions",
    "fct_scores", "fct_mqls", "rpt_score_drift", "rpt_score_versions",
)  # fmt: skip
INPUTS = """
    create table seeds.score_versions(version varchar, status varchar, kind varchar,
        threshold integer, rearm_below integer, live_from timestamptz);
    create table seeds.score_rules(rule_id varchar, version varchar, kind varchar, field varchar,
        operator varchar, value varchar, points varchar, half_life_days varchar, cap varchar);
    create table seeds.competitor_domains(domain varchar);
    create table intermediate.int_scorecard_rules as from seeds.score_rules;
    create table intermediate.int_record_people(record_id varchar, person_id varchar);
    create table intermediate.int_golden_records(person_id varchar);
    create table intermediate.int_contact_statements(record_id varchar, source varchar,
        job_title varchar, company_domain varchar, country varchar, employees varchar,
        budget varchar, interest varchar, first_event_id varchar, last_event_id varchar,
        first_order_key varchar, last_order_key varchar, first_occurred_at timestamptz,
        last_occurred_at timestamptz);
    create table marts.fct_activities(activity_id varchar, person_id varchar,
        activity_type varchar, page_url varchar, occurred_at timestamptz);
    create table intermediate.int_applied_events(event_id varchar, vendor_id varchar,
        source varchar, event_key varchar, is_historical boolean, position bigint);
    create table staging.base_raw__events(position bigint, correlation_id varchar);
    create table intermediate.int_event_people(event_id varchar, person_id varchar,
        order_key varchar);
    create table staging.stg_millrace__decisions(event_id varchar, position bigint,
        cause_source varchar,
        cause_event_key varchar, score integer, threshold integer, score_version varchar,
        occurred_at timestamptz);
"""
RULE = ("rule_id", "version", "kind", "field", "operator", "value", "points", "half_life_days",
        "cap")  # fmt: skip
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a person's record: an activity, or attributes that were told."""

    key: str
    record: str
    when: datetime
    activity: str | None = None
    told: tuple[tuple[str, str], ...] = ()
    page: str | None = None

    @property
    def order_key(self) -> str:
        return f"{self.when:%Y-%m-%dT%H:%M:%S.%fZ} s:{self.key}"


class Lab:
    """Fill the inputs, build, read; every build starts from what the inputs hold then."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, compiled: Sequence[tuple[str, str, str]]
    ) -> None:
        self._connection = connection
        self._compiled = compiled
        for schema in ("seeds", "staging", "intermediate", "marts"):
            connection.execute(f"create schema {schema}")
        connection.execute(INPUTS)

    def build(
        self,
        events: Sequence[Happened],
        people: Mapping[str, str],
        rules: Sequence[Sequence[Any]],
        versions: Sequence[Sequence[Any]] = (("v1", "live", "rules", 50, 20, None),),
        decisions: Sequence[Mapping[str, Any]] = (),
        competitors: Sequence[str] = (),
    ) -> None:
        """`people`: record → person; `decisions`: undecided rows of fct_mqls that were decided."""
        self._fill("seeds.score_versions", versions)
        self._fill("seeds.score_rules", rules)
        self._fill("seeds.competitor_domains", [(domain,) for domain in competitors])
        self._fill("intermediate.int_record_people", people.items())
        self._fill("intermediate.int_golden_records", [(p,) for p in sorted({*people.values()})])
        self._fill("intermediate.int_contact_statements", [_statement(e) for e in events])
        self._fill(
            "marts.fct_activities",
            [(f"s:{e.key}", people[e.record], e.activity, e.page, e.when)
             for e in events if e.activity],
        )  # fmt: skip
        self._fill(
            "intermediate.int_applied_events",
            [(f"s:{e.key}", f"s:{e.key}", "s", e.key, False, n) for n, e in enumerate(events)],
        )
        self._fill("staging.base_raw__events", [(n, "c") for n in range(2 * len(events))])
        record_of = {f"s:{e.key}": e.record for e in events}
        self._fill(
            "staging.stg_millrace__decisions",
            [(m["mql_id"], len(events) + n, "s", m["cause_event_key"], m["score"], m["threshold"],
              m["score_version"], m["reached_at"]) for n, m in enumerate(decisions)],
        )  # fmt: skip
        self._fill(
            "intermediate.int_event_people",
            [(m["mql_id"], people[record_of[f"s:{m['cause_event_key']}"]], str(n))
             for n, m in enumerate(decisions)],
        )  # fmt: skip
        for kind, relation, sql in self._compiled:
            self._connection.execute(f"create or replace {kind} {relation} as {sql}")

    def rows(self, table: str, columns: str = "*") -> Rows:
        result = self._connection.execute(f"select {columns} from {table} order by all")
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def _fill(self, table: str, rows: Any) -> None:
        self._connection.execute(f"delete from {table}")
        given = [list(row) for row in rows]
        if given:
            one = f"({', '.join('?' * len(given[0]))})"
            values = [value for row in given for value in row]
            self._connection.execute(
                f"insert into {table} values {', '.join([one] * len(given))}", values
            )


def _statement(event: Happened) -> tuple[Any, ...]:
    told = dict(event.told)
    fields = ("job_title", "company_domain", "country", "employees", "budget", "interest")
    values = [told.get(field) for field in fields]
    ids, keys, times = [f"s:{event.key}"] * 2, [event.order_key] * 2, [event.when] * 2
    return (event.record, "s", *values, *ids, *keys, *times)


@contextmanager
def opened(nodes: Sequence[Any]) -> Iterator[Lab]:
    """A lab with the compiled nodes of dbt, in their order."""
    compiled = [
        (
            "view" if node.config.materialized == "view" else "table",
            f"warehouse.{node.schema}.{node.name}",
            node.compiled_code,
        )
        for node in nodes
    ]
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse")
        connection.execute("use warehouse")
        connection.execute("set TimeZone = 'UTC'")
        yield Lab(connection, compiled)
