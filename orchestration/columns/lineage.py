"""Which columns of which tables a model's columns come from, read from its compiled SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlglot import exp
from sqlglot.lineage import Node, lineage
from sqlglot.schema import MappingSchema

DIALECT = "duckdb"
Types = Mapping[str, Mapping[str, str]]
"""Table, as schema/name → column → type, in the order of the columns."""


class Origin(NamedTuple):
    """A column of a table (schema/name) that another column is computed from."""

    table: str
    column: str


def schema_of(types: Types) -> MappingSchema:
    """What these tables hold, as the parser wants it: it finds out what `*` stands for."""
    nested: dict[str, Any] = {}
    for table, columns in types.items():
        schema, _, name = table.partition("/")
        nested.setdefault(schema, {})[name] = columns
    return MappingSchema(nested, dialect=DIALECT)


def origins(sql: str, schema: MappingSchema) -> dict[str, tuple[Origin, ...]]:
    """For each column of a query what it is computed from, in the tables that the query names;
    nothing for constants. Conditions do not count. Raises whatever the parser does."""
    roots = lineage(None, sql, schema, dialect=DIALECT, trim_selects=False)
    return {column: tuple(sorted(set(_leaves(root)))) for column, root in roots.items()}


def _leaves(root: Node) -> Iterator[Origin]:
    """The ends of a graph whose nodes have several readers."""
    seen, waiting = {id(root)}, [root]
    while waiting:
        node = waiting.pop()
        new = [each for each in node.downstream if id(each) not in seen]
        seen.update(map(id, new))
        waiting += new
        table = node.expression
        if not node.downstream and isinstance(table, exp.Table) and table.db:
            yield Origin(f"{table.db}/{table.name}", exp.to_column(node.name).name)
