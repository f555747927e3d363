"""Stands in for dbt's cross-database macros when sqlfluff renders the models."""


def type_string() -> str:
    return "varchar"


def date_trunc(part: str, date: str) -> str:
    return f"date_trunc('{part}', {date})"


def datediff(first_date: str, second_date: str, datepart: str) -> str:
    return f"date_diff('{datepart}', {first_date}, {second_date})"


def split_part(string_text: str, delimiter_text: str, part_number: int) -> str:
    return f"split_part({string_text}, {delimiter_text}, {part_number})"


def position(substring: str, string: str) -> str:
    return f"position({substring} in {string})"


def dateadd(datepart: str, interval: object, from_date_or_timestamp: str) -> str:
    return f"dateadd({datepart}, {interval}, {from_date_or_timestamp})"
