"""The contracts as data: which table, which key names a failing row, which expectations.

To add a rule, add a line here, or in activation_contracts.py for what leaves the house;
`runner.check` does the rest.
"""

from __future__ import annotations

from collections.abc import Mapping

from orchestration.quality.activation_contracts import ACTIVATION
from orchestration.quality.expectations import (
    Border,
    Contract,
    Rule,
    matches,
    not_null,
    one_of,
    unique,
)

RAW = (
    Contract(
        border="raw",
        schema="raw",
        table="events",
        key=("position",),
        columns=("position", "source", "event_key", "kind", "received_at", "correlation_id"),
        rules=(
            unique("position"),
            unique("source", "event_key"),
            not_null("received_at"),
            not_null("correlation_id"),
            one_of("kind", "webhook", "pull", "decision", "answer", "backfill"),
        ),
    ),
)

CANONICAL = (
    Contract(
        border="canonical",
        schema="intermediate",
        table="int_event_outcomes",
        key=("position",),
        columns=(
            "position",
            "outcome",
            "case when outcome = 'applied' then 'APPLIED' else code end as reason",
        ),
        rules=(
            unique("position"),
            one_of("outcome", "applied", "quarantined", "ignored"),
            not_null("reason"),
            # A wave of bad payloads is for a person to look at, not a reason to stop good leads.
            Rule(
                "ExpectColumnValuesToBeInSet",
                {"column": "outcome", "value_set": ["applied", "ignored"], "mostly": 0.9},
                blocking=False,
            ),
        ),
    ),
    Contract(
        border="canonical",
        schema="marts",
        table="dim_people",
        key=("person_id",),
        columns=("person_id", "first_seen_at", "last_seen_at"),
        rules=(
            unique("person_id"),
            matches("person_id", r"^p_[0-9a-f]{24}$"),
            not_null("first_seen_at"),
            Rule(
                "ExpectColumnPairValuesAToBeGreaterThanB",
                {"column_A": "last_seen_at", "column_B": "first_seen_at", "or_equal": True},
            ),
        ),
    ),
    Contract(
        border="canonical",
        schema="marts",
        table="fct_conversions",
        key=("conversion_id",),
        columns=("conversion_id", "opportunity_id", "person_id", "converted_at", "value"),
        rules=(
            unique("conversion_id"),
            unique("opportunity_id"),
            not_null("person_id"),
            not_null("converted_at"),
            Rule("ExpectColumnValuesToBeBetween", {"column": "value", "min_value": 0}, False),
        ),
    ),
)

BY_BORDER: Mapping[Border, tuple[Contract, ...]] = {
    "raw": RAW,
    "canonical": CANONICAL,
    "activation": ACTIVATION,
}
