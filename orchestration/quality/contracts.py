"""Every contract: what the YAML of the models says, and what is written here besides.

To add a rule that a column's YAML cannot say, add a line here, or in activation_contracts.py for
what leaves the house; `runner.check` does the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from orchestration.errors import BuildFailedError
from orchestration.quality import generated
from orchestration.quality.activation_contracts import BY_TABLE
from orchestration.quality.expectations import (
    CHECKED,
    Border,
    Contract,
    Rule,
    matches,
    never,
    not_null,
    one_of,
    unique,
)

RAW: Final = Contract(
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
)

_UNASKED: Final = f"""
    case when not exists (
        select 1 from marts.dim_consents as consents
        where consents.person_id = {CHECKED}.person_id
    ) then 'missing' end
"""

BESIDES: Final[Mapping[str, tuple[tuple[str, ...], tuple[Rule, ...]]]] = {
    "int_event_outcomes": (
        ("case when outcome = 'applied' then 'APPLIED' else code end as reason", "outcome"),
        (
            not_null("reason"),
            # A wave of bad payloads is for a person to look at, not a reason to stop good leads.
            Rule(
                "ExpectColumnValuesToBeInSet",
                {"column": "outcome", "value_set": ["applied", "ignored"], "mostly": 0.9},
                blocking=False,
                name="at most 10 % quarantined",
                columns=("outcome",),
            ),
        ),
    ),
    "dim_people": (
        ("person_id", "first_seen_at", "last_seen_at", f"{_UNASKED.strip()} as no_consent"),
        (
            matches("person_id", r"^p_[0-9a-f]{24}$"),
            Rule(
                "ExpectColumnPairValuesAToBeGreaterThanB",
                {"column_A": "last_seen_at", "column_B": "first_seen_at", "or_equal": True},
                name="last_seen_at not before first_seen_at",
                columns=("last_seen_at", "first_seen_at"),
            ),
            never("no_consent", "consent is known, or known to be missing", "person_id"),
        ),
    ),
    "dim_consents": (
        (
            "case when status = 'granted' and consent_id is null and lawful_basis is null"
            " then 'missing' end as no_reason",
        ),
        (never("no_reason", "what is granted has a record or a lawful basis", "consent_id"),),
    ),
}
"""Canonical model → columns and rules that its YAML does not say."""


@dataclass(frozen=True, slots=True)
class Contracts:
    """By border; `activation` by table."""

    raw: Contract
    canonical: tuple[Contract, ...]
    activation: Mapping[str, Contract]

    def at(self, border: Border) -> tuple[Contract, ...]:
        """Those of one border."""
        held = {
            "raw": (self.raw,),
            "canonical": self.canonical,
            "activation": tuple(self.activation.values()),
        }
        return held[border]


def read(manifest: Path) -> Contracts:
    """Of the models in dbt's manifest. Raises BuildFailedError for what is not understood in it."""
    return _read(manifest, manifest.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _read(manifest: Path, _changed: int) -> Contracts:
    try:
        return of(json.loads(manifest.read_bytes()))
    except ValueError as error:
        raise BuildFailedError(
            f"The data contracts cannot be read: {error}",
            remedy="Mend it in the YAML of the model, or in orchestration/quality/.",
        ) from error


def of(manifest: Mapping[str, Any]) -> Contracts:
    """Of the models in this manifest. Raises ValueError for an `expect` that is not understood, and
    for an activation table without rules about its payload."""
    found = generated.contracts(manifest)
    bare = {each.table for each in found if each.border == "activation"} - BY_TABLE.keys()
    if bare:
        raise ValueError(f"{', '.join(sorted(bare))} has no rules about its payload.")
    return Contracts(
        raw=RAW,
        canonical=tuple(
            each.with_rules(*BESIDES.get(each.table, ((), ())))
            for each in found
            if each.border == "canonical"
        ),
        activation={
            each.table: each.with_rules(BY_TABLE[each.table].columns, BY_TABLE[each.table].rules)
            for each in found
            if each.border == "activation"
        },
    )
