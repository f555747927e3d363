"""Registers the shared functions on a DuckDB connection; both lanes call this."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import duckdb
from duckdb import DuckDBPyConnection, list_type
from duckdb.func import FunctionNullHandling
from duckdb.sqltypes import BIGINT, BOOLEAN, DOUBLE, VARCHAR, DuckDBPyType

from dbt_project.functions.business_time import (
    business_deadline,
    is_business_time,
    is_time_zone,
)
from dbt_project.functions.components import connected_components
from dbt_project.functions.markov import markov_removal_effects
from dbt_project.functions.meta import meta_hash
from dbt_project.functions.normalise import (
    display_email,
    normalise_email,
    normalise_phone,
    registrable_domain,
)
from dbt_project.functions.shapley import shapley_shares

_TEXTS: Final = list_type(VARCHAR)
_PAIRS: Final = list_type(_TEXTS)
_COUNTS: Final = list_type(BIGINT)
_SHARES: Final = list_type(DOUBLE)

FUNCTIONS: Final[dict[str, tuple[Callable[..., Any], list[DuckDBPyType], DuckDBPyType]]] = {
    "display_email": (display_email, [VARCHAR], VARCHAR),
    "normalise_email": (normalise_email, [VARCHAR], VARCHAR),
    "normalise_phone": (normalise_phone, [VARCHAR, VARCHAR], VARCHAR),
    "registrable_domain": (registrable_domain, [VARCHAR], VARCHAR),
    "meta_hash": (meta_hash, [VARCHAR, VARCHAR], VARCHAR),
    "business_deadline": (business_deadline, [BIGINT, BIGINT, *[VARCHAR] * 3], BIGINT),
    "is_business_time": (is_business_time, [BIGINT, *[VARCHAR] * 3], BOOLEAN),
    "is_time_zone": (is_time_zone, [VARCHAR], BOOLEAN),
    "connected_components": (connected_components, [_TEXTS, _PAIRS], _TEXTS),
    "markov_removal_effects": (markov_removal_effects, [_TEXTS, _PAIRS, _COUNTS], _SHARES),
    "shapley_shares": (
        shapley_shares,
        [VARCHAR, _TEXTS, _COUNTS, _COUNTS],
        list_type(_SHARES),
    ),
}
"""SQL name → (function, types of its arguments, type of its result)."""


def register(connection: DuckDBPyConnection) -> None:
    """Make every shared function callable from SQL; a null argument gives null.

    A connection whose database already knows a function keeps it.
    """
    for name, (function, arguments, result) in FUNCTIONS.items():
        try:
            connection.create_function(
                name,
                _null_in_null_out(function),
                [*arguments],
                result,
                null_handling=FunctionNullHandling.SPECIAL,
            )
        except duckdb.NotImplementedException:  # what DuckDB raises for a name it already has
            continue


def _null_in_null_out(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)  # DuckDB reads the number of arguments from the signature
    def call(*arguments: object) -> Any:
        return None if any(argument is None for argument in arguments) else function(*arguments)

    return call
