"""What every splitter keeps, for any body, however odd."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingestion.sandbox.vendors import salesforce_message
from ingestion.webhooks import SOURCES
from ingestion.webhooks.generic import load_sources
from ingestion.webhooks.salesforce_xml import to_document

GENERIC = load_sources(
    """
    [pointed]
    header = "x"
    split = "/a/entry"
    event_key = "body:/id"
    [rooted]
    header = "x"
    split = ""
    event_key = "header:webhook-id"
    [plain]
    header = "x"
    event_key = "body:/data/0"
    """
)
ALL = {**SOURCES, **GENERIC}
SPLITTING = {"hubspot", "meta", "salesforce", "segment", "pointed", "rooted"}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
names = st.sampled_from(
    ["a", "entry", "changes", "batch", "id", "messageId", "value", "field", "x"]
)
shaped = st.recursive(
    json_values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


def dumped(value: Any) -> bytes:
    """JSON with escapes, so that lone surrogates can be in it."""
    return json.dumps(value).encode()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A vendor's body with a piece cut out, or put in elsewhere."""
    whole = draw(st.one_of(shaped.map(dumped), st.just(MESSAGE)))
    start, end = (draw(st.integers(0, len(whole))) for _ in range(2))
    return whole[:start] + draw(st.sampled_from([b"", b"<", b"]", b'"', b"\xff"])) + whole[end:]


MESSAGE = salesforce_message("Lead", {"04l1": {"Id": "00Q1", "Name": "Zoë"}, "04l2": {"Id": None}})
bodies = st.one_of(st.binary(), shaped.map(dumped), damaged())
every_source = pytest.mark.parametrize("name", sorted(ALL))


@every_source
@given(body=bodies, header=st.text())
@example(body=MESSAGE, header="")
@example(body=b'{"object":"page","entry":[{"changes":[{},5]}]}', header="h")
@example(body=b"[" * 100_000, header="")
@example(body=b"<a>" * 100_000, header="")
@example(body=b'{"batch":' * 50_000, header="")
@settings(max_examples=60, deadline=None)
def test_split(name: str, body: bytes, header: str) -> None:
    """Any body becomes events with plain keys, and the same body always the same events."""
    headers = dict.fromkeys(("webhook-id", "x-shopify-webhook-id", "x-github-delivery"), header)
    events = list(ALL[name].split(body, headers))
    assert events == list(ALL[name].split(body, headers))
    assert all(event.event_key.isascii() and event.event_key for event in events)
    assert not any("~" in event.event_key for event in events)  # marks a variant in the log
    if name not in SPLITTING:
        assert [event.body for event in events] == [body]
    assert events or _is_empty_batch(orjson.loads(body))


def _is_empty_batch(document: Any) -> bool:
    """Whether a body says that nothing happened: [], or arrays with nothing in them."""
    if not isinstance(document, dict):
        return document == []
    if document.get("batch") == [] or _pointed(document) == []:
        return True
    return all(entry["changes"] == [] for entry in document["entry"])


def _pointed(document: dict[str, Any]) -> Any:
    inner = document.get("a")
    return inner.get("entry") if isinstance(inner, dict) else None


items = st.lists(json_values, max_size=5)


@pytest.mark.parametrize(
    ("name", "wrap"),
    [
        ("hubspot", lambda listed: listed),
        ("segment", lambda listed: listed),
        ("segment", lambda listed: {"sentAt": "x", "batch": listed}),
        ("pointed", lambda listed: {"a": {"entry": listed}}),
        ("rooted", lambda listed: listed),
    ],
    ids=["hubspot", "segment", "segment-object", "pointed", "rooted"],
)
@given(listed=items, indent=st.sampled_from([None, 0, 3]))
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost(name: str, wrap: Any, listed: list[Any], indent: int | None) -> None:
    """The items of a batch come out as they went in: every one, in order, as it was written."""
    body = json.dumps(wrap(listed), indent=indent).encode()
    events = ALL[name].split(body, {})
    assert [json.loads(event.body) for event in events] == listed
    assert all(event.body in body for event in events)


@given(pages=st.lists(st.lists(json_values, max_size=3), max_size=3), rest=json_values)
@settings(max_examples=60, deadline=None)
def test_meta_loses_nothing(pages: list[list[Any]], rest: Any) -> None:
    """Every change of every entry comes out, with whatever else the entry said."""
    entries = [{"id": str(n), "changes": page, "x": rest} for n, page in enumerate(pages)]
    body = json.dumps({"object": "page", "entry": entries}).encode()
    expected = [
        {"object": "page", "entry_id": entry["id"], "entry": {"x": rest}, "change": change}
        for entry in entries
        for change in entry["changes"]
    ]
    assert [json.loads(event.body) for event in SOURCES["meta"].split(body, {})] == expected


# What XML can carry, and reads as it was written.
xml_text = st.text(
    st.characters(
        min_codepoint=32, exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"
    )
)
field_names = st.from_regex(r"\A[A-Z][A-Za-z]{0,8}(__c)?\Z")


@given(
    records=st.dictionaries(
        st.from_regex(r"\A04l[A-Za-z0-9]{15}\Z"),
        st.dictionaries(field_names, st.none() | xml_text, max_size=4),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=60, deadline=None)
def test_salesforce_loses_nothing(records: dict[str, dict[str, str | None]]) -> None:
    """Every notification comes out under its id, and reads as what was written."""
    events = SOURCES["salesforce"].split(salesforce_message("Lead", records), {})
    read = {event.event_key: (to_document(event.body) or {}).get("object") for event in events}
    assert read == records


@given(body=bodies)
@settings(max_examples=100, deadline=None)
def test_documents_never_raise(body: bytes) -> None:
    """Any bytes are a document with a place for everything, or none."""
    document = to_document(body)
    assert document is None or {"type", "organization_id", "notification_id", "object"} == set(
        document
    )
