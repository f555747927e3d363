"""What analysts wrote, apart from what engine macros make of it, and what is foreign in it.

A *skeleton* is a model compiled with every engine macro standing as a call of a function of its
name. What is left in it must mean the same to every engine.
"""

from __future__ import annotations

import copy
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from orchestration.destinations import NAMES

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
PROFILES = {"duckdb": PROJECT, "spark": Path(__file__).with_name("spark")}

# dbt's cross-database macros that yield an expression; then the ones that yield a type, and what
# it is called here: as both engines do, or by a name that neither would take.
DBT_EXPRESSIONS = frozenset(
    {
        "any_value", "bool_or", "cast_bool_to_text", "concat", "current_timestamp", "date",
        "date_trunc", "dateadd", "datediff", "last_day", "length", "listagg", "position", "right",
        "safe_cast", "split_part",
    }
)  # fmt: skip
TYPE_MACROS = {
    "type_string": "string", "type_int": "int", "type_bigint": "bigint", "type_float": "double",
    "type_boolean": "boolean", "type_instant": "instant",
}  # fmt: skip

# What DuckDB, Spark, Snowflake and BigQuery know under one name, with one meaning.
FUNCTIONS = frozenset(
    {
        "abs", "avg", "cast", "ceil", "coalesce", "concat_ws", "count", "cume_dist", "dense_rank",
        "exp", "first_value", "floor", "greatest", "lag", "last_value", "lead", "least", "length",
        "ln", "lower", "max", "min", "mod", "ntile", "nullif", "percent_rank", "power", "rank",
        "replace", "round", "row_number", "sqrt", "substr", "sum", "trim", "upper",
    }
)  # fmt: skip
TYPES = frozenset(
    {"bigint", "boolean", "date", "decimal", "double", "instant", "int", "integer", "string"}
)
BEFORE_A_PARENTHESIS = frozenset(
    {
        "all", "and", "any", "as", "between", "by", "case", "distinct", "else", "except", "exists",
        "from", "having", "in", "intersect", "join", "not", "on", "or", "over", "qualify",
        "select", "then", "union", "using", "when", "where",
    }
)  # fmt: skip

FOREIGN_TOKENS = {
    TokenType.DCOLON: "`::`: write cast(… as …)",
    TokenType.L_BRACKET: "`[`: no lists, no subscripts",
    TokenType.L_BRACE: "`{`: no structs",
    TokenType.ARROW: "`->`: no lambdas, no JSON arrows",
    TokenType.DARROW: "`->>`: use json_text",
    TokenType.DSTAR: "`**`: write power(…)",
    TokenType.CARET: "`^`: write power(…)",
    TokenType.TILDE: "`~`: use a macro for regular expressions",
}
FOREIGN_WORDS = frozenset(
    {
        "anti", "asof", "columns", "exclude", "glob", "ilike", "lateral", "pivot", "positional",
        "rlike", "semi", "similar", "tablesample", "try_cast", "unnest", "unpivot",
    }
)  # fmt: skip
FOREIGN_NODES: Mapping[type[exp.Expression], str] = {
    exp.Interval: "interval: use add_days or dbt.dateadd",
    exp.Filter: "filter (where …): write sum(case when …)",
    exp.AtTimeZone: "at time zone: use a macro",
    exp.IntDiv: "`//`: write floor(… / …)",
    exp.Command: "a statement that cannot be read",
}

MASKED = re.compile(r"⟦(\w+)((?:¦[^⟦⟧¦]*)*)⟧")
SIGNATURE = re.compile(r"{%-?\s*macro\s+(\w+)\s*\((.*?)\)\s*-?%}", re.DOTALL)


def parse(engine: str, target: Path) -> Any:
    """The project's manifest as this engine's adapter reads it; nothing connects."""
    return _invoke(engine, target, ["parse"])


def compiled(engine: str, target: Path, manifest: Any) -> dict[str, str]:
    """Name → SQL of every model and every test that is written as SQL."""
    chosen = ["--select", "resource_type:model", "test_type:singular"]
    # Of the tests only those chosen here: generic ones are dbt's own SQL.
    chosen += ["--indirect-selection", "empty"]
    quick = ["--no-introspect", "--no-populate-cache", "--no-write-json"]
    result = _invoke(engine, target, ["compile", *quick, *chosen], manifest)
    return {entry.node.name: entry.node.compiled_code for entry in result}


def _invoke(engine: str, target: Path, command: list[str], manifest: Any = None) -> Any:
    from dbt.cli.main import dbtRunner

    folders = {"project": PROJECT, "profiles": PROFILES[engine]}
    arguments = [part for name, path in folders.items() for part in (f"--{name}-dir", str(path))]
    written = ["--target-path", str(target), "--log-path", str(target / "logs"), "--quiet"]
    written += ["--log-level-file", "none"]
    with _driver_of_spark(), patch.dict(os.environ, MILLRACE_DESTINATIONS=",".join(NAMES)):
        result = dbtRunner(manifest=manifest).invoke([*command, *arguments, *written])
    assert result.success, result.exception or [
        (entry.node.name, entry.message) for entry in result.result if entry.status == "error"
    ]
    return result.result


@contextmanager
def _driver_of_spark() -> Iterator[None]:
    """dbt-spark asks whether its driver is there before it needs it; here it never does."""
    there = "pyspark" in sys.modules
    sys.modules.setdefault("pyspark", ModuleType("pyspark"))
    try:
        yield
    finally:
        if not there:
            del sys.modules["pyspark"]


def engine_macros(manifest: Any) -> set[str]:
    """Names of the project's macros that are dispatched to an engine."""
    return {
        macro.name
        for macro in manifest.macros.values()
        if macro.package_name == "millrace" and "adapter.dispatch(" in macro.macro_sql
    }


def skeletons(engine: str, target: Path, manifest: Any) -> dict[str, str]:
    """Name → SQL as `compiled`, with each engine macro, and dbt's, as a plain function call."""
    ours = engine_macros(manifest)
    masked = {key: _masked(macro, ours) for key, macro in manifest.macros.items()}
    indexes = {"_macros_by_name": None, "_macros_by_package": None}  # made anew when needed
    with patch.multiple(manifest, macros=masked, **indexes):
        told = compiled(engine, target, manifest)
    # Where sources are is the target's business: Spark knows no catalog.
    catalogs = {f'"{source.database}".' for source in manifest.sources.values()}
    return {name: unmask(_without(sql, catalogs)) for name, sql in told.items()}


def _without(sql: str, texts: Iterable[str]) -> str:
    for text in texts:
        sql = sql.replace(text, "")
    return sql


def _masked(macro: Any, ours: set[str]) -> Any:
    text = None
    expressions = {"millrace": ours, "dbt": DBT_EXPRESSIONS}.get(macro.package_name, frozenset())
    if macro.package_name in ("millrace", "dbt") and macro.name in TYPE_MACROS:
        text = f"{{% macro {macro.name}() %}}{TYPE_MACROS[macro.name]}{{% endmacro %}}"
    elif macro.name in expressions:
        text = _call(macro)
    if text is None:
        return macro
    result = copy.copy(macro)
    result.macro_sql = text
    return result


def _call(macro: Any) -> str:
    """The macro again, now rendering ⟦name¦argument¦argument⟧."""
    signature = SIGNATURE.search(macro.macro_sql)
    assert signature, macro.name
    names = [part.partition("=")[0].strip() for part in signature[2].split(",") if part.strip()]
    parts = "".join(
        f"{{% if {name} is string or {name} is number %}}¦{{{{ {name} }}}}"
        f"{{% elif {name} is sequence and {name} is not mapping %}}"
        f"{{% for part in {name} %}}¦{{{{ part }}}}{{% endfor %}}{{% endif %}}"
        for name in names
    )
    return f"{{% macro {macro.name}({signature[2]}) %}}⟦{macro.name}{parts}⟧{{% endmacro %}}"


def unmask(sql: str) -> str:
    """Marked calls as function calls; an argument that is no expression becomes a text."""
    while True:
        plain = MASKED.sub(_function, sql)
        if plain == sql:
            return sql
        sql = plain


def _function(call: re.Match[str]) -> str:
    arguments = [_argument(part) for part in call[2].split("¦")[1:]]
    return f"{call[1]}({', '.join(arguments)})"


def _argument(text: str) -> str:
    try:
        expression = sqlglot.parse_one(f"select {text}", read="duckdb").expressions
    except SqlglotError:
        expression = []
    plain = len(expression) == 1 and not text.startswith(("$", "decimal("))
    return text if plain else "'" + re.sub(r"['\\]", "", text) + "'"


def foreign(skeleton: str, engine_functions: Iterable[str] = ()) -> list[str]:
    """Everything in it that not every engine understands; empty for portable SQL."""
    try:
        tree = sqlglot.parse_one(skeleton, read="duckdb")
    except SqlglotError as error:
        return [f"unreadable: {str(error).splitlines()[0]}"]
    tokens = sqlglot.Dialect.get_or_raise("duckdb").tokenize(skeleton)
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)} | {*engine_functions}
    return [*_in_tokens(tokens, named), *_in_tree(tree, tokens)]


def _in_tokens(tokens: list[Token], named: set[str]) -> Iterator[str]:
    for token, follower in zip(tokens, [*tokens[1:], None], strict=True):
        word = token.text.lower()
        if token.token_type in FOREIGN_TOKENS:
            yield FOREIGN_TOKENS[token.token_type]
        elif token.token_type == TokenType.STRING:
            if "\\" in token.text or "'" in token.text:
                yield f"quote or backslash inside a text: {token.text}"
        elif token.token_type == TokenType.IDENTIFIER:
            continue
        elif word in FOREIGN_WORDS:
            yield word
        elif (
            follower is not None
            and follower.token_type == TokenType.L_PAREN
            and word.isidentifier()
        ):
            known = FUNCTIONS | TYPES | BEFORE_A_PARENTHESIS | named
            if word not in known:
                yield f"function {word}: use or write a macro in macros/engine/"


def _in_tree(tree: exp.Expression, tokens: list[Token]) -> Iterator[str]:
    for node in tree.walk():
        kind = type(node)
        if kind in FOREIGN_NODES:
            yield FOREIGN_NODES[kind]
        elif isinstance(node, exp.Star) and any(node.args.get(name) for name in node.arg_types):
            yield "select * exclude/replace/rename: name the columns"
        elif isinstance(node, exp.Group | exp.Order) and _all(node):
            yield "group by all, order by all: name the columns"
        elif isinstance(node, exp.Distinct) and node.args.get("on"):
            yield "distinct on: use qualify row_number()"
        elif isinstance(node, exp.SetOperation) and node.args.get("by_name"):
            yield "union by name: name the columns"
    written = sum(token.token_type == TokenType.SELECT for token in tokens)
    if written < sum(1 for _ in tree.find_all(exp.Select)):
        yield "a query without select"
    yield from _types(tokens)


def _all(node: exp.Group | exp.Order) -> bool:
    keys = [entry.this if isinstance(entry, exp.Ordered) else entry for entry in node.expressions]
    return bool(node.args.get("all")) or any(str(key).lower() == "all" for key in keys)


def _types(tokens: list[Token]) -> Iterator[str]:
    """The word behind `as` inside cast(…), and literals such as timestamp '…'."""
    casts: list[bool] = []
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        word = token.text.lower()
        if token.token_type == TokenType.L_PAREN:
            casts.append(before is not None and before.text.lower() == "cast")
        elif token.token_type == TokenType.R_PAREN:
            casts.pop()
        elif before is not None and before.token_type == TokenType.ALIAS and casts and casts[-1]:
            if word not in TYPES:
                yield f"type {word}: use dbt.type_string() and the like, or a macro"
        elif (
            after is not None
            and after.token_type == TokenType.STRING
            and word in ("date", "timestamp", "timestamptz", "time")
        ):
            yield f"{word} '…': use a macro"


def normal(skeleton: str, engine: str) -> list[str]:
    """Its tokens without what an adapter may choose: the quotes around names of relations."""
    tokens = sqlglot.Dialect.get_or_raise(engine).tokenize(skeleton)
    return [
        repr(token.text) if token.token_type == TokenType.STRING else token.text.lower()
        for token in tokens
        if token.token_type != TokenType.SEMICOLON
    ]
