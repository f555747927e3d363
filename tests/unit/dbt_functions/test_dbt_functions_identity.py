"""Comparable forms of names, addresses and birth dates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_project.functions.hierarchy import parent_verdicts
from dbt_project.functions.identity import fold, identity_key, name_sound

FIELDS = ("first_name", "company", "street", "postcode", "birth_date", "salesforce_id")


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("last_name", "  O'Hare. ", "ohare"),
        ("last_name", "Müller-Lüdenscheidt", "muller ludenscheidt"),
        ("last_name", "Łukasiewicz", "lukasiewicz"),
        ("last_name", "王", "王"),
        ("last_name", "នារា", "នារា"),
        ("first_name", "🎉", None),
        ("first_name", "x" * 201, None),
        ("company", "The Acme Co., Inc.", "acme"),
        ("company", "AG", "ag"),
        ("street", "Hardenbergstraße 87", "hardenberg st 87"),
        ("street", "123 North Main Street", "123 n main st"),
        ("postcode", "89132-0001", "89132"),
        ("postcode", "m1s 1t4", "m1s1t4"),
        ("birth_date", "1979-02-30", None),
        ("birth_date", "1979-02-28T10:00:00Z", "1979-02-28"),
        ("birth_date", "19790228", "1979-02-28"),
        ("birth_date", "2/28/79", "1979-02-28"),
        ("birth_date", "28/2/1979", "1979-02-28"),
        ("birth_date", "28.2.1979", "1979-02-28"),
        ("birth_date", "Feb 28, 1979", "1979-02-28"),
        ("birth_date", "28-Feb-79", "1979-02-28"),
        ("birth_date", "28 February 1979", "1979-02-28"),
        ("birth_date", "1979", None),
        ("birth_date", "0001-01-01", None),
        ("salesforce_id", "0035e00000AbCdE", "0035e00000AbCdEAAV"),
        ("salesforce_id", "0035e00000AbCdEAAV", "0035e00000AbCdEAAV"),
        ("shoe_size", "44", None),
    ],
)
def test_the_comparable_form(field: str, text: str, expected: str | None) -> None:
    """Case, accents, punctuation, legal forms and kinds of street do not count."""
    assert expected == identity_key(field, text)


@pytest.mark.parametrize("field", FIELDS)
@given(text=st.text())
def test_any_text_has_a_form_or_none(field: str, text: str) -> None:
    """It never raises, and the form of a form is that form."""
    once = identity_key(field, text)
    assert once is None or once == identity_key(field, once)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("mohamed", "muhammed", True),
        ("garski", "garsky", True),
        ("mark", "marsha", False),
        ("susan", "sean", False),
        ("morris i", "morris ii", False),
        ("darla", "darlene", False),
    ],
)
def test_names_that_sound_alike(one: str, other: str, alike: bool) -> None:
    """Vowels and doubled letters do not count; short words stay whole."""
    assert alike == (name_sound(one) == name_sound(other))


def test_folding_keeps_the_letters_of_other_scripts() -> None:
    """Only accents go: a vowel sign is a letter."""
    assert fold("नीलम") == fold("नीलम")
    assert fold("नीलम") != fold("नलम")


@given(st.lists(st.integers(-1, 8), min_size=9, max_size=9))
def test_sound_parents_lead_to_a_top(parents: list[int]) -> None:
    """Over sound parents alone nobody comes back; whoever is refused does, or stands too deep."""
    verdicts = parent_verdicts(parents, deepest=3)
    for node, verdict in enumerate(verdicts):
        way, at = [], node
        while at != -1 and at not in way:
            way.append(at)
            at = parents[at]
        assert (verdict == "cycle") == (at == node)
        steps = 0
        while parents[node] != -1 and verdicts[node] == "sound":
            node, steps = parents[node], steps + 1
        assert steps <= 3
