"""Log lines hold no address and no number of a person, wherever in a line they stand."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestration.redaction import mask, redacted

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="@%"), max_size=20)
NUMBERS = [
    phonenumbers.format_number(phonenumbers.example_number(region), form)
    for region in ("DE", "GB", "US", "FR", "BR", "IN", "JP", "AU")
    for form in (phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
]


@given(before=WORDS, email=st.emails(), after=WORDS)
@example("mailto:", "ada@example.com", "?subject")
@example("", "ada@example.com", ".")
def test_no_address_is_left(before: str, email: str, after: str) -> None:
    """In a sentence, a list, a mapping or a key."""
    line = {
        "event": f"{before} {email} {after}",
        "nested": [{"deep": (email, f"<{email}>")}],
        "by_name": {email: 1},
    }
    told = redacted(None, "info", line)
    assert email not in json.dumps(told, ensure_ascii=False)
    assert email.replace("@", "%40") not in str(mask(email.replace("@", "%40")))


@given(before=WORDS, number=st.sampled_from(NUMBERS), after=WORDS)
def test_no_international_number_is_left(before: str, number: str, after: str) -> None:
    """With its country, in whatever groups."""
    assert number not in str(mask(f"{before} {number} {after}"))


@pytest.mark.parametrize(
    "number", ["0151 23456789", "(415) 555-2671", "415-555-2671", "030/123456"]
)
def test_national_numbers_that_look_like_numbers_of_phones(number: str) -> None:
    """By a leading zero or by their groups."""
    assert "call <phone> now" == mask(f"call {number} now")


@given(
    moment=st.datetimes(timezones=st.just(UTC)),
    number=st.integers(),
    share=st.floats(allow_nan=False),
    identity=st.uuids(),
)
@example(
    moment=datetime(2026, 3, 1, tzinfo=UTC),
    number=4915112345678,
    share=0.0151234567,
    identity=uuid.UUID("01923456-7890-7abc-8123-456789012345"),
)
def test_times_ids_and_counts_stay(
    moment: datetime, number: int, share: float, identity: uuid.UUID
) -> None:
    """A line is worth nothing without them."""
    kept = [moment.isoformat(), str(identity), identity.hex, number, share, True, None]
    assert kept == mask(kept)
    assert f"position {number}" == mask(f"position {number}")


@given(text=st.text(max_size=200))
def test_what_is_masked_once_stays_as_it_is(text: str) -> None:
    """So lines that pass twice do not change, and any text is taken."""
    assert mask(text) == mask(mask(text))


def test_a_long_text_takes_no_long_time() -> None:
    """Nothing that a stranger sends keeps the log busy: it is linear in the text."""
    assert mask("a" * 200_000 + "@") == "a" * 200_000 + "@"
    assert mask("0" * 200_000) == "0" * 200_000
