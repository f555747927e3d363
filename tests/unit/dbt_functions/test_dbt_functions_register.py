"""The functions as SQL sees them."""

from __future__ import annotations

import duckdb

from dbt_project.functions.register import FUNCTIONS, WHOLE_LIST_FUNCTIONS, register


def test_every_function_is_callable_and_null_in_is_null_out() -> None:
    """Registering twice is harmless; a null argument gives null."""
    with duckdb.connect() as connection:
        register(connection)
        register(connection)
        for name, (_, arguments, _) in {**FUNCTIONS, **WHOLE_LIST_FUNCTIONS}.items():
            nulls = ", ".join(["null"] * len(arguments))
            assert connection.execute(f"select {name}({nulls})").fetchall() == [(None,)]


def test_columns_go_through() -> None:
    """Rows with and without a value keep their places."""
    with duckdb.connect() as connection:
        register(connection)
        rows = connection.execute(
            "select normalise_email(e) from (values ('A@x.example'), (null), ('no')) t(e)"
        ).fetchall()
    assert rows == [("a@x.example",), (None,), (None,)]
