"""The envelope, for whatever JSON anybody may send."""

from __future__ import annotations

from datetime import timedelta

import orjson
from hypothesis import example, given
from hypothesis import strategies as st
from support.api import START

from ingestion.api.envelope import Draft, Judge, read_items
from ingestion.api.keys import ApiKey
from ingestion.api.scopes import Scope
from ingestion.errors import (
    BatchTooLargeError,
    EventInvalidError,
    RequestInvalidError,
    ScopeDeniedError,
)

KEY = ApiKey("0" * 16, "test", (Scope("webshop", "write"),), 1, START)
JUDGE = Judge(KEY, frozenset({"hubspot"}), None)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
NAMES = st.sampled_from(["webshop", "hubspot", "millrace", "other", "Web shop"])
EVENTS = st.fixed_dictionaries(
    {"type": st.text(min_size=1, max_size=20) | SCALARS},
    optional={
        "source": NAMES | VALUES,
        "id": st.from_regex(r"[a-z0-9-]{1,9}", fullmatch=True) | VALUES,
        "timestamp": st.just("2026-03-01T12:00:00Z") | VALUES,
        "data": VALUES,
        "other": VALUES,
    },
)


def judged(item: object) -> Draft | None:
    try:
        return JUDGE.draft(0, item)
    except (EventInvalidError, ScopeDeniedError):
        return None


@given(st.binary(max_size=200) | VALUES.map(orjson.dumps))
@example(b'{"events":[]}')
def test_any_body(body):
    """A body is one event or a full batch, or refused; nothing else happens."""
    try:
        items = read_items(body)
    except (RequestInvalidError, BatchTooLargeError):
        return
    assert items.items
    for item in items.items:
        judged(item)


@given(EVENTS)
def test_any_event(event):
    """What is stored is what was sent, without its source and with a time; it says so each time."""
    draft = judged(orjson.loads(orjson.dumps(event)))
    if draft is None:
        return
    assert draft.source == "webshop"
    stored = orjson.loads(draft.body(START))
    sent = {name: value for name, value in event.items() if name != "source"}
    if event.get("timestamp") is None:
        assert stored.pop("timestamp") == "2026-03-01T12:00:00.123456Z"
        sent.pop("timestamp", None)
    assert stored == sent
    again = JUDGE.draft(7, event)
    assert again.event_key == draft.event_key
    assert again.body(START) == draft.body(START)
    assert draft.timed is (draft.body(START) == draft.body(START + timedelta(1)))


@given(EVENTS, EVENTS)
def test_keys_of_events_without_an_id(one, other):
    """Without an id two events have one key exactly when they say the same."""
    first, second = (judged({**event, "id": None}) for event in (one, other))
    if first is None or second is None:
        return
    same = orjson.dumps(first.document, option=orjson.OPT_SORT_KEYS) == orjson.dumps(
        second.document, option=orjson.OPT_SORT_KEYS
    )
    assert (first.event_key == second.event_key) is same
