"""Registers the shared functions on a DuckDB connection; both lanes call this."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection, list_type
from duckdb.func import FunctionNullHandling, PythonUDFType
from duckdb.sqltypes import BIGINT, BOOLEAN, DOUBLE, VARCHAR, DuckDBPyType

from dbt_project.functions.business_time import (
    business_deadline,
    is_business_time,
    is_time_zone,
)
from dbt_project.functions.components import components_apart, connected_components
from dbt_project.functions.hierarchy import parent_verdicts
from dbt_project.functions.identity import identity_key, name_sound
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

Signature = tuple[Callable[..., Any], list[DuckDBPyType], DuckDBPyType]

FUNCTIONS: Final[dict[str, Signature]] = {
    "display_email": (display_email, [VARCHAR], VARCHAR),
    "normalise_email": (normalise_email, [VARCHAR], VARCHAR),
    "normalise_phone": (normalise_phone, [VARCHAR, VARCHAR], VARCHAR),
    "registrable_domain": (registrable_domain, [VARCHAR], VARCHAR),
    "meta_hash": (meta_hash, [VARCHAR, VARCHAR], VARCHAR),
    "business_deadline": (business_deadline, [BIGINT, BIGINT, *[VARCHAR] * 3], BIGINT),
    "is_business_time": (is_business_time, [BIGINT, *[VARCHAR] * 3], BOOLEAN),
    "is_time_zone": (is_time_zone, [VARCHAR], BOOLEAN),
    "identity_key": (identity_key, [VARCHAR, VARCHAR], VARCHAR),
    "name_sound": (name_sound, [VARCHAR], VARCHAR),
    "markov_removal_effects": (markov_removal_effects, [_TEXTS, _PAIRS, _COUNTS], _SHARES),
    "shapley_shares": (
        shapley_shares,
        [VARCHAR, _TEXTS, _COUNTS, _COUNTS],
        list_type(_SHARES),
    ),
}
"""SQL name → (function, types of its arguments, type of its result)."""

# A list of a million numbers takes seconds to hand over value by value, as Arrow milliseconds.
WHOLE_LIST_FUNCTIONS: Final[dict[str, Signature]] = {
    "connected_components": (connected_components, [BIGINT, _COUNTS, _COUNTS], _COUNTS),
    "components_apart": (components_apart, [BIGINT, *[_COUNTS] * 4], _COUNTS),
    "parent_verdicts": (parent_verdicts, [_COUNTS, BIGINT], _TEXTS),
}
"""The same for functions of lists of numbers without nulls."""

_ARROW_TYPES: Final[dict[str, pa.DataType]] = {
    str(_COUNTS): pa.list_(pa.int64()),
    str(_TEXTS): pa.list_(pa.string()),
}


def register(connection: DuckDBPyConnection) -> None:
    """Make every shared function callable from SQL; a null argument gives null.

    A connection whose database already knows a function keeps it.
    """
    for name, (function, arguments, result) in FUNCTIONS.items():
        _create(connection, name, _null_in_null_out(function), arguments, result)
    for name, (function, arguments, result) in WHOLE_LIST_FUNCTIONS.items():
        whole = _on_arrow(function, _ARROW_TYPES[str(result)])
        _create(connection, name, whole, arguments, result, PythonUDFType.ARROW)


def _create(
    connection: DuckDBPyConnection,
    name: str,
    function: Callable[..., Any],
    arguments: list[DuckDBPyType],
    result: DuckDBPyType,
    kind: PythonUDFType = PythonUDFType.NATIVE,
) -> None:
    # What DuckDB raises for a name it already has, of this connection or of another's.
    with suppress(duckdb.NotImplementedException, duckdb.CatalogException):
        connection.create_function(
            name,
            function,
            [*arguments],
            result,
            type=kind,
            null_handling=FunctionNullHandling.SPECIAL,
        )


def _null_in_null_out(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)  # DuckDB reads the number of arguments from the signature
    def call(*arguments: object) -> Any:
        return None if any(argument is None for argument in arguments) else function(*arguments)

    return call


def _on_arrow(function: Callable[..., Any], result: pa.DataType) -> Callable[..., Any]:
    row_of = _null_in_null_out(function)

    @wraps(function)
    def call(*columns: pa.ChunkedArray) -> pa.Array:
        rows = zip(*columns, strict=True)
        return pa.array([row_of(*map(_from_arrow, row)) for row in rows], type=result)

    return call


def _from_arrow(value: pa.Scalar) -> Any:
    if isinstance(value, pa.ListScalar) and value.values is not None:
        return np.from_dlpack(value.values).tolist()
    return value.as_py()
