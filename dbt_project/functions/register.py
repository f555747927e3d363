"""Registers the shared functions on a DuckDB connection; both lanes call this."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final

import duckdb
from duckdb.func import FunctionNullHandling
from duckdb.sqltypes import VARCHAR

from dbt_project.functions.meta import meta_hash
from dbt_project.functions.normalise import normalise_email, normalise_phone, registrable_domain

TextFunction = Callable[..., str | None]

FUNCTIONS: Final[dict[str, tuple[TextFunction, int]]] = {
    "normalise_email": (normalise_email, 1),
    "normalise_phone": (normalise_phone, 2),
    "registrable_domain": (registrable_domain, 1),
    "meta_hash": (meta_hash, 2),
}
"""SQL name → (function, number of text arguments)."""


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make every shared function callable from SQL: text in, text out, null in → null out.

    A connection whose database already knows a function keeps it.
    """
    for name, (function, arguments) in FUNCTIONS.items():
        try:
            connection.create_function(
                name,
                _null_in_null_out(function),
                [VARCHAR] * arguments,
                VARCHAR,
                null_handling=FunctionNullHandling.SPECIAL,
            )
        except duckdb.NotImplementedException:  # what DuckDB raises for a name it already has
            continue


def _null_in_null_out(function: TextFunction) -> TextFunction:
    @wraps(function)  # DuckDB reads the number of arguments from the signature
    def call(*arguments: str | None) -> str | None:
        return None if None in arguments else function(*arguments)

    return call
