"""Meta's customer-information rules: documented vectors first, then the vendor's own library."""

from __future__ import annotations

import hashlib

import pytest

from dbt_project.functions.meta import UnknownMetaFieldError, meta_hash, meta_normalise


@pytest.mark.parametrize(
    ("field", "text", "prefix"),
    [
        ("em", "John_Smith@gmail.com ", "62a14e44"),
        ("ph", "+1 (650) 555-1212", "e323ec62"),
        ("fn", "Valéry", "08e1996b"),
    ],
)
def test_documented_vectors(field: str, text: str, prefix: str) -> None:
    """The hashes Meta prints in its documentation."""
    assert prefix == str(meta_hash(field, text))[:8]


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("ln", "O'Brien", "obrien"),
        ("ln", "  Müller-Lüdenscheidt ", "müllerlüdenscheidt"),
        ("fn", "Mary Ann", "mary ann"),
        ("ct", "São-Paulo 1", "sãopaulo1"),
        ("zp", "SW1A 1AA", "sw1a1aa"),
        ("zp", "94035-1234", "94035"),
        ("country", " US ", "us"),
        ("country", "Atlantis", None),
        ("ph", "0044 20 7946 0000", "442079460000"),
        ("fn", "...", None),
        ("em", "nobody", None),
    ],
)
def test_documented_rules(field: str, text: str, expected: str | None) -> None:
    """Lower case, no punctuation, UTF-8 kept; nothing usable gives none."""
    assert expected == meta_normalise(field, text)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("em", " Ada@Analytical.com"),
        ("ph", "+49 (30) 901820"),
        ("fn", "Ada"),
        ("ln", "Müller"),
        ("ct", "Menlo Park"),
        ("zp", "94035"),
        ("country", "DE"),
    ],
)
def test_agrees_with_the_vendors_library(field: str, text: str) -> None:
    """Where Meta's Python library follows the documented rule, ours gives the same hash."""
    from facebook_business.adobjects.serverside.normalize import Normalize

    assert Normalize.normalize(field, text, hash_field=True) == meta_hash(field, text)


def test_external_ids_are_hashed_as_they_are() -> None:
    """An id of ours has no normal form."""
    assert hashlib.sha256(b"p_AB").hexdigest() == meta_hash("external_id", "p_AB")


def test_an_unknown_field_is_named() -> None:
    """The message says which fields there are."""
    with pytest.raises(UnknownMetaFieldError, match="'shoe' is not a Meta field; use one of"):
        meta_normalise("shoe", "42")
