"""Which events are new: the policy, without a database."""

from __future__ import annotations

from datetime import UTC, datetime

from ingestion.event_log.dedup import Key, Stored, plan, variant_key, variants_to_look_up
from ingestion.event_log.model import Appended, NewEvent, body_hash, from_micros, to_micros


def hashed(*bodies: bytes, key: str = "k") -> list[tuple[NewEvent, str]]:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return [
        (NewEvent("typeform", key, "webhook", at, body, {}, "c"), body_hash(body))
        for body in bodies
    ]


def test_new() -> None:
    """An unknown key is added behind the head."""
    result = plan(hashed(b"a"), {}, head=41)
    assert [Appended("k", 42, duplicate=False)] == result.answers
    assert [(added.position, added.event_key) for added in result.additions] == [(42, "k")]


def test_duplicate() -> None:
    """A known key with the same body is answered with the position it has."""
    stored = {Key("typeform", "k"): Stored(7, body_hash(b"a"))}
    result = plan(hashed(b"a"), stored, head=41)
    assert ([], [Appended("k", 7, duplicate=True)]) == (result.additions, result.answers)


def test_variant() -> None:
    """A known key with another body is added under a key of its own, once."""
    stored = {Key("typeform", "k"): Stored(7, body_hash(b"damaged"))}
    result = plan(hashed(b"intact", b"intact"), stored, head=41)
    key = variant_key("k", body_hash(b"intact"))
    assert result.answers == [
        Appended(key, 42, duplicate=False),
        Appended(key, 42, duplicate=True),
    ]


def test_within_one_batch() -> None:
    """Duplicates and variants are found among events that arrive together."""
    result = plan(hashed(b"a", b"b", b"a"), {}, head=0)
    assert [answer.duplicate for answer in result.answers] == [False, False, True]
    assert [answer.position for answer in result.answers] == [1, 2, 1]


def test_look_ups() -> None:
    """Variants are looked up only where a key has another body."""
    stored = {Key("typeform", "k"): Stored(7, body_hash(b"a"))}
    wanted = variants_to_look_up(hashed(b"a", b"b"), stored)
    assert [Key("typeform", variant_key("k", body_hash(b"b")))] == wanted


def test_micros() -> None:
    """Moments survive storage to the microsecond."""
    moment = datetime(2026, 3, 1, 12, 30, 59, 123_457, tzinfo=UTC)
    assert moment == from_micros(to_micros(moment))
