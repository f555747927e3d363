"""The quick rules and Great Expectations agree on which rows break a contract."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.quality import quick, runner
from orchestration.quality.activation_contracts import ACTIVATION
from orchestration.quality.expectations import (
    SHA256,
    Contract,
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
    columns=("mode", "payload_hash", "person_id"),
    rules=(
        unique("entity_key"),
        not_null("person_id"),
        matches("payload_hash", SHA256),
        matches("person_id", "^p_", blocking=False),
        one_of("mode", "state", "event"),
    ),
)
VALUES = {
    "entity_key": st.sampled_from(["one", "two", "three", "four"]),
    "person_id": st.sampled_from([None, "p_1", "somebody"]),
    "payload_hash": st.sampled_from([None, "ab" * 32, "AB" * 32, "", "ab" * 32 + "\n"]),
    "mode": st.sampled_from([None, "state", "event", "State", ""]),
}


@pytest.mark.filterwarnings("ignore")  # of libraries
@settings(max_examples=25, deadline=None)
@given(st.lists(st.fixed_dictionaries(VALUES), max_size=6))
def test_both_name_the_same_rows(rows: list[dict[str, str | None]]) -> None:
    """Missing, foreign, repeated and malformed values, alone and together; warnings hold nobody."""
    frame = pd.DataFrame(rows, columns=list(VALUES), dtype=object)
    assert runner.check(CONTRACT, frame).failing_keys == quick.failing_keys(CONTRACT, rows)


def test_every_rule_of_what_leaves_the_house_is_known() -> None:
    """An activation contract with another kind of rule needs a line in `quick`."""
    used = {rule.expectation for contract in ACTIVATION for rule in contract.rules}
    assert used <= quick.known()
