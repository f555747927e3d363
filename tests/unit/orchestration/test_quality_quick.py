"""The quick rules and Great Expectations agree on which rows break a contract."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.quality import quick, runner
from orchestration.quality.expectations import (
    SHA256,
    Contract,
    between,
    matches,
    not_null,
    one_of,
    unique,
)

CONTRACT = Contract(
    border="activation",
    schema="activation",
    table="things",
    key=("entity_key",),
    columns=("mode", "payload_hash", "person_id", "priority"),
    rules=(
        unique("entity_key"),
        not_null("person_id"),
        matches("payload_hash", SHA256),
        matches("person_id", "^p_", blocking=False),
        one_of("mode", "state", "event"),
        between("priority", 0, 9),
    ),
)
VALUES = {
    "entity_key": st.sampled_from(["one", "two", "three", "four"]),
    "person_id": st.sampled_from([None, "p_1", "somebody"]),
    "payload_hash": st.sampled_from([None, "ab" * 32, "AB" * 32, "", "ab" * 32 + "\n"]),
    "priority": st.sampled_from([None, -1, 0, 9, 10]),
    "mode": st.sampled_from([None, "state", "event", "State", ""]),
}


@pytest.mark.filterwarnings("ignore")  # of libraries
@settings(max_examples=25, deadline=None)
@given(st.lists(st.fixed_dictionaries(VALUES), max_size=6))
def test_both_name_the_same_rows(rows: list[dict[str, str | None]]) -> None:
    """Missing, foreign, repeated and malformed values, alone and together, by the names of the
    rules; warnings hold nobody."""
    frame = pd.DataFrame(rows, columns=list(VALUES), dtype=object)
    assert runner.check(CONTRACT, frame).broken_rules == quick.broken_rules(CONTRACT, rows)
