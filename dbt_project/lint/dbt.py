"""Stands in for dbt's cross-database macros when sqlfluff renders the models."""


def type_string() -> str:
    return "varchar"


def date_trunc(part: str, date: str) -> str:
    return f"date_trunc('{part}', {date})"


def position(substring: str, string: str) -> str:
    return f"position({substring} in {string})"
