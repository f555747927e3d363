"""The match rules against public sets of records whose true groups are known.

The rules know nothing of these sets: what they hold is what anybody's CRM would want.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dbt_attribution import published
from dbt_identity import Identity, compare
from dbt_identity_truth import SENZING, febrl, senzing_events, senzing_truth
from dbt_warehouse import Warehouse


@pytest.fixture(scope="module")
def identity(warehouse: Warehouse) -> Iterator[Identity]:
    made = Identity(warehouse)
    yield made
    made.connection.close()


def test_rules_alone_on_the_senzing_truth_set(identity: Identity) -> None:
    """Families share phones and addresses, an office its mailbox: few wrong pairs, half of the
    right ones. Any shared key would give a precision of 0.18."""
    folder = published(SENZING)
    truth = senzing_truth(folder)
    identity.build(list(senzing_events(folder)))
    found = compare(truth, identity.people())
    assert found.true_pairs == 108
    assert found.precision >= 0.95, found
    assert found.recall >= 0.45, found


@pytest.mark.parametrize(
    ("names", "published_recall"),
    [(("dataset1",), 0.634), (("dataset4a", "dataset4b"), 0.648)],
)
def test_rules_alone_on_febrl(
    identity: Identity, names: tuple[str, ...], published_recall: float
) -> None:
    """More pairs are found than by the published rules of the set's library, and none is wrong."""
    events, truth = febrl(*names)
    identity.build(events)
    found = compare(truth, identity.people())
    assert found.precision >= 0.999, found
    assert found.recall > published_recall, found
