"""What holds for any input, however odd."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.contracts import ContractSet
from ingestion.event_log import EventLog, NewEvent
from ingestion.problems import ProblemCode
from ingestion.webhooks import SOURCES

NOW = datetime(2026, 3, 1, tzinfo=UTC)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def dumped(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # lone surrogates
        return repr(value).encode("utf-8", "surrogatepass")


bodies = st.one_of(st.binary(), json_values.map(dumped), st.lists(json_values).map(dumped))


event_types = st.sampled_from(list(ContractSet.load().contracts))


@st.composite
def near_events(draw: st.DrawFn) -> tuple[str, bytes]:
    """Documents that say they are a known event, with anything in them."""
    source, event_type = draw(event_types)
    fields = draw(st.dictionaries(st.sampled_from(NAMES), json_values))
    field = {"typeform": "event_type", "hubspot": "subscriptionType"}.get(source, "type")
    return source, dumped({**fields, field: event_type})


NAMES = [
    "event_id",
    "form_response",
    "occurredAt",
    "objectId",
    "propertyName",
    "timestamp",
    "data",
    "occurred_at",
    "person_id",
    "score",
]


@given(event=st.one_of(near_events(), st.tuples(st.sampled_from([*SOURCES, "x"]), bodies)))
@settings(max_examples=200, deadline=None)
def test_check_never_raises(event: tuple[str, bytes]) -> None:
    """Any bytes get a finding: a known code with a place, or none; text unless the body is no JSON
    or was erased."""
    finding = ContractSet.load().check(*event)
    assert finding.problem_code is None or finding.problem_code in set(ProblemCode)
    assert (finding.problem_code is None) == (finding.problem_path is None)
    without_text = {ProblemCode.BODY_NOT_JSON, ProblemCode.ERASED}
    assert (finding.body is None) == (finding.problem_code in without_text)
    if finding.body is not None:
        orjson.loads(finding.body)


events = st.builds(
    NewEvent,
    source=st.sampled_from(["typeform", "hubspot"]),
    event_key=st.sampled_from("abc"),
    kind=st.just("webhook"),
    received_at=st.just(NOW),
    body=st.sampled_from([b"", b"1", b"\x00", b"22"]),
    headers=st.just({}),
    correlation_id=st.just("c"),
)


@given(batches=st.lists(st.lists(events, max_size=6), max_size=4))
@settings(max_examples=40, deadline=None)
def test_appending_twice_changes_nothing(batches: list[list[NewEvent]]) -> None:
    """Each distinct event is stored once, whatever is repeated and however it is grouped."""
    with tempfile.TemporaryDirectory() as folder:
        log = EventLog.open(f"sqlite:///{Path(folder) / 'log.db'}")
        first = [answer for batch in batches for answer in log.append(batch)]
        stored = log.read()
        again = log.append([event for batch in batches for event in batch])
        assert log.read() == stored
        log.close()
    everything = [event for batch in batches for event in batch]
    distinct = {(event.source, event.event_key, event.body) for event in everything}
    assert len(stored) == len(distinct) == sum(not answer.duplicate for answer in first)
    assert [answer.position for answer in again] == [answer.position for answer in first]
    assert all(answer.duplicate for answer in again)
    assert [event.position for event in stored] == list(range(1, len(stored) + 1))
