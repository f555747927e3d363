"""Mending payloads."""

from __future__ import annotations

import pytest

from reverse_etl.edit import apply, parse
from reverse_etl.errors import EditInvalidError

PAYLOAD = {"properties": {"country": "USA", "phone": "1"}, "refers_to": {"contact": "p"}}


@pytest.mark.parametrize(
    ("verb", "text", "expected"),
    [
        ("set", "properties.phone=+1 555", {"country": "USA", "phone": "+1 555"}),
        ("set", "properties.employees=12", {"country": "USA", "phone": "1", "employees": 12}),
        ("set", "properties.note=a=b", {"country": "USA", "phone": "1", "note": "a=b"}),
        ("drop", "properties.phone", {"country": "USA"}),
        ("drop", "properties.absent", {"country": "USA", "phone": "1"}),
        ("map", "properties.country:USA=US", {"country": "US", "phone": "1"}),
        ("map", "properties.country:GER=DE", {"country": "USA", "phone": "1"}),
        ("map", "absent.country:USA=US", {"country": "USA", "phone": "1"}),
    ],
)
def test_a_field_is_changed(verb, text, expected):
    """Set, drop and map touch the field that is named, and nothing else."""
    mended = apply(PAYLOAD, [parse(verb, text)])
    assert {**PAYLOAD, "properties": expected} == mended
    assert "USA" == PAYLOAD["properties"]["country"]


@pytest.mark.parametrize(
    ("verb", "text"),
    [
        ("set", "properties.phone"),
        ("set", "=x"),
        ("set", "a..b=x"),
        ("map", "properties.country=US"),
        ("drop", ""),
        ("set", "refers_to.contact=other"),
        ("set", "keeps.record_id=other"),
    ],
)
def test_what_cannot_be_understood_is_refused(verb, text):
    """A change without a field, a value or an old value; and what a row refers to is not ours."""
    with pytest.raises(EditInvalidError):
        parse(verb, text)


def test_the_audit_shows_no_value():
    """Values may be personal: only fields are told."""
    assert "set properties.phone" == str(parse("set", "properties.phone=+1 555"))
