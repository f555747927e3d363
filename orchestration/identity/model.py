"""What agreement and disagreement weigh: a Fellegi-Sunter model with fixed probabilities.

Every level has two: `alike`, how often the two records of one person show it, and `by_chance`, how
often those of two people do. Their ratio is the evidence. They are judgements about people in any
CRM, written down here to be read and argued about; nothing is learned from the data at hand, so
that a proposal does not change because other people arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import Any, Final

CHANCE: Final = 2e-4
"""How likely two records that share a blocking key are one person before anything is compared."""

ELSE: Final = "else"


@dataclass(frozen=True, slots=True)
class Level:
    """One degree of agreement: a condition on the columns of the two records."""

    label: str
    condition: str
    alike: float
    by_chance: float

    @property
    def weight(self) -> float:
        """The evidence in bits."""
        return log2(self.alike / self.by_chance)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The levels of one feature, best first; a pair in which it is missing tells nothing."""

    feature: str
    missing: str
    levels: tuple[Level, ...]


def _missing(column: str) -> str:
    return f"({column}_l is null or {column}_r is null)"


def _same(column: str) -> str:
    return f"({column}_l = {column}_r)"


def _similar(column: str, least: float) -> str:
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {least}"


def _words_within(column: str) -> str:
    """All words of one are among those of the other."""
    one, other = f"string_split({column}_l, ' ')", f"string_split({column}_r, ' ')"
    return f"list_has_all({one}, {other}) or list_has_all({other}, {one})"


def _one_letter_off(column: str) -> str:
    """A slip in a word that is long enough; i and ii, or jr and sr, are no slip."""
    ends = "[a-z]+$"
    return (
        f"(damerau_levenshtein({column}_l, {column}_r) <= 1"
        f" and least(length({column}_l), length({column}_r)) >= 5"
        f" and (regexp_extract({column}_l, '{ends}') = regexp_extract({column}_r, '{ends}')"
        f" or {column}_l || {column}_r not like '% %'))"
    )


_LAST_LIKE: Final = (
    f"({_same('last_name_sound')} or {_one_letter_off('last_name')}"
    f" or {_words_within('last_name')} or {_same('full_name_sound')})"
)
_STREET_LIKE: Final = (
    f"({_same('street')} or {_words_within('street')} or {_similar('street', 0.93)}"
    f" or {_same('street_start')})"
)

# A family shares its name and its address: together they weigh less than one after the other.
_HOUSEHOLD: Final = Comparison(
    "household",
    f"{_missing('last_name')} and ({_missing('street')} or not {_STREET_LIKE})",
    (
        Level("last name and street", f"{_same('last_name')} and {_STREET_LIKE}", 0.37, 0.0004),
        Level("last name alike, and street", f"{_LAST_LIKE} and {_STREET_LIKE}", 0.08, 0.00015),
        Level("street; a last name is missing", f"{_missing('last_name')}", 0.05, 0.0006),
        Level("last name; no street", f"{_same('last_name')} and {_missing('street')}", 0.2, 0.003),
        Level("last name alike; no street", f"{_LAST_LIKE} and {_missing('street')}", 0.05, 0.004),
        Level("last name; other street", _same("last_name"), 0.15, 0.003),
        Level("last name alike; other street", _LAST_LIKE, 0.03, 0.004),
        Level("street; other last name", _STREET_LIKE, 0.02, 0.001),
        Level("different", ELSE, 0.05, 0.984),
    ),
)

COMPARISONS: Final = (
    Comparison(
        "given_name",
        _missing("given_name"),
        (
            Level("the same", _same("given_name"), 0.65, 0.008),
            Level("other order of names", _same("full_name_sound"), 0.05, 0.001),
            Level(
                "alike",
                f"{_same('given_name_sound')} or {_one_letter_off('given_name')}",
                0.16,
                0.006,
            ),
            Level("words in common", _words_within("given_name"), 0.059, 0.008),
            Level(
                "an initial",
                "least(length(given_name_l), length(given_name_r)) = 1"
                " and left(given_name_l, 1) = left(given_name_r, 1)",
                0.08,
                0.06,
            ),
            Level("different", ELSE, 0.001, 0.917),
        ),
    ),
    _HOUSEHOLD,
    Comparison(
        "birth_date",
        _missing("birth_date"),
        (
            Level("the same", _same("birth_date"), 0.85, 0.00005),
            Level(
                "day and month swapped, or one digit off",
                "birth_date_l = left(birth_date_r, 5) || right(birth_date_r, 2) || '-'"
                " || substr(birth_date_r, 6, 2)"
                " or damerau_levenshtein(birth_date_l, birth_date_r) <= 1",
                0.12,
                0.002,
            ),
            Level("different", ELSE, 0.03, 0.99795),
        ),
    ),
    Comparison(
        "email",
        _missing("email"),
        (
            Level("the same", _same("email"), 0.5, 0.0002),
            Level("different", ELSE, 0.5, 0.9998),
        ),
    ),
    Comparison(
        "phone",
        _missing("phone"),
        (
            Level("the same", _same("phone"), 0.55, 0.0003),
            Level("the same but for its start", _same("phone_end"), 0.1, 0.0003),
            Level("different", ELSE, 0.35, 0.9994),
        ),
    ),
    # Where the street is the same the postcode tells nothing more.
    Comparison(
        "postcode",
        f"{_missing('postcode')} or {_same('street')}",
        (
            Level("the same", _same("postcode"), 0.6, 0.02),
            Level("different", ELSE, 0.4, 0.98),
        ),
    ),
    Comparison(
        "company",
        _missing("company"),
        (
            Level(
                "the name of both",
                "is_organisation_l and is_organisation_r"
                f" and ({_similar('company', 0.9)} or {_words_within('company')})",
                0.4,
                0.001,
            ),
            Level("the same", _same("company"), 0.3, 0.004),
            Level(
                "alike", f"{_similar('company', 0.9)} or {_words_within('company')}", 0.15, 0.006
            ),
            Level("different", ELSE, 0.15, 0.989),
        ),
    ),
)

BLOCKING: Final = (
    ("birth_date",),
    ("email",),
    ("phone_end",),
    ("street_start",),
    ("last_name", "given_name"),
    ("full_name_sound",),
    ("last_name", "company"),
    ("given_name", "company"),
    ("company", "postcode"),
)
"""Pairs that share all columns of any of these are compared; no others."""


def settings() -> Any:
    """The model as Splink's settings. Imports Splink, which is an optional extra."""
    from splink import SettingsCreator, block_on

    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        probability_two_random_records_match=CHANCE,
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in BLOCKING],
        comparisons=[_as_splink(comparison) for comparison in COMPARISONS],
        additional_columns_to_retain=["person_id", "birth_date"],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,
    )


def _as_splink(comparison: Comparison) -> dict[str, Any]:
    missing = {
        "sql_condition": comparison.missing,
        "label_for_charts": "missing",
        "is_null_level": True,
    }
    told = [
        {
            "sql_condition": "ELSE" if level.condition == ELSE else level.condition,
            "label_for_charts": level.label,
            "m_probability": level.alike,
            "u_probability": level.by_chance,
        }
        for level in comparison.levels
    ]
    return {
        "output_column_name": comparison.feature,
        "comparison_levels": [missing, *told],
    }
