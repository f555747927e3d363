"""Which fields leave with a payload."""

from __future__ import annotations

from reverse_etl.leaving import LeavingField, leaving

HASH = "a" * 64


def test_fields_are_named_counted_and_marked():
    """Nested fields have paths, empty ones do not leave, personal ones come first."""
    told = leaving(
        [
            {"properties": {"email": "ada@example.com", "score": 7, "phone": None}},
            {"properties": {"score": 9}},
        ]
    )
    assert [
        LeavingField("properties.email", 1, is_personal=True, is_hashed=False),
        LeavingField("properties.score", 2, is_personal=False, is_hashed=False),
    ] == told


def test_hashed_means_every_value():
    """One value in clear among hashes is told as clear; a hash of a person is still personal."""
    hashed = {"user_data": {"em": [HASH], "ph": [HASH, "+4930901820"]}}
    told = {field.name: field for field in leaving([hashed])}
    assert told["user_data.em"].is_hashed
    assert told["user_data.em"].is_personal
    assert not told["user_data.ph"].is_hashed
    assert 1 == told["user_data.ph"].rows


def test_nothing_leaves():
    """No rows, no fields."""
    assert [] == leaving([])


def test_what_a_row_keeps_stays_at_home():
    """Neither what a row refers to nor what it keeps for the answer leaves."""
    payload = {"keeps": {"record_id": "r"}, "refers_to": {"contact": "p"}, "hashed_email": HASH}
    assert ["hashed_email"] == [field.name for field in leaving([payload])]
