"""What the contracts demand, and what they say when it is not there."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from contract_examples import (
    CALENDLY,
    GITHUB,
    GOOD,
    HUBSPOT,
    INTERCOM,
    META,
    PULLED,
    SALESFORCE,
    SEGMENT,
    SHOPIFY,
    SLACK,
    STANDARD,
    STRIPE,
    TYPEFORM,
    to_body,
)

from dbt_project.catalogue import entry
from ingestion.contracts import ContractSet, Finding
from ingestion.contracts.values import value_class
from ingestion.problems import ProblemCode


@pytest.fixture(scope="module")
def contracts() -> ContractSet:
    return ContractSet.load()


def check(contracts: ContractSet, source: str, document: Any) -> Finding:
    return contracts.check(source, to_body(document))


@pytest.mark.parametrize(("source", "document"), GOOD)
def test_good(contracts: ContractSet, source: str, document: Any) -> None:
    """What the vendors send keeps to its contract, also with fields nobody asked for."""
    if isinstance(document, dict):
        document = {**document, "a new field": [None]}
    finding = check(contracts, source, document)
    assert (None, None, None) == finding[2:4] + finding[5:]
    newest = contracts.versions(source, str(finding.event_type))[0].name
    assert newest == finding.contract
    assert newest.startswith(f"{source}/{finding.event_type}/1.")


def test_every_contract_is_tried(contracts: ContractSet) -> None:
    """Each contract of the package has an example among the good ones."""
    tried = {check(contracts, source, document).contract for source, document in GOOD}
    assert {newest.name for newest, *_ in contracts.contracts.values()} == tried


def edited(document: dict[str, Any], path: str, value: Any = ...) -> dict[str, Any]:
    """A copy with the field at ``path`` replaced, or removed when no value is given."""
    copy = orjson.loads(orjson.dumps(document))
    *parents, last = path.split("/")[1:]
    node = copy
    for step in parents:
        node = node[int(step)] if isinstance(node, list) else node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return copy


BROKEN = [
    ("typeform", TYPEFORM, "/event_id", ..., "FIELD_MISSING"),
    ("typeform", TYPEFORM, "/form_response/token", ..., "FIELD_MISSING"),
    ("typeform", TYPEFORM, "/form_response/submitted_at", "yesterday", "FIELD_FORMAT"),
    ("typeform", TYPEFORM, "/form_response/submitted_at", "2026-03-01T12:00:00", "FIELD_FORMAT"),
    ("typeform", TYPEFORM, "/form_response/answers", {"0": "x"}, "FIELD_MISMATCH"),
    ("typeform", TYPEFORM, "/form_response/answers/0/field", ..., "FIELD_MISSING"),
    ("typeform", TYPEFORM, "/form_response/answers/0/email", ["a"], "FIELD_MISMATCH"),
    ("typeform", TYPEFORM, "/event_type", 5, "FIELD_MISMATCH"),
    ("typeform", TYPEFORM, "/event_type", ..., "FIELD_MISSING"),
    ("typeform", TYPEFORM, "/event_type", "form_draft", "EVENT_TYPE_UNKNOWN"),
    ("hubspot", HUBSPOT[0], "/occurredAt", "1", "FIELD_MISMATCH"),
    ("hubspot", HUBSPOT[0], "/occurredAt", ..., "FIELD_MISSING"),
    ("hubspot", HUBSPOT[0], "/objectId", {}, "FIELD_MISMATCH"),
    ("hubspot", HUBSPOT[2], "/propertyValue", ["x"], "FIELD_MISMATCH"),
    ("hubspot", HUBSPOT[5], "/mergedObjectIds", [], "CONTRACT_VIOLATION"),
    ("hubspot", HUBSPOT[6], "/objectTypeId", "contact", "FIELD_FORMAT"),
    ("standard", STANDARD[0], "/timestamp", 1772366400, "FIELD_MISMATCH"),
    ("standard", STANDARD[0], "/data", ..., "FIELD_MISSING"),
    ("standard", STANDARD[0], "/data/email", {"x": 1}, "FIELD_MISMATCH"),
    ("standard", STANDARD[8], "/data/purpose", "spam", "PICKLIST_UNKNOWN"),
    ("standard", STANDARD[8], "/data/status", ..., "FIELD_MISSING"),
    ("standard", STANDARD[9], "/data/amount", "a lot", "FIELD_FORMAT"),
    ("stripe", STRIPE[0], "/data/object/email", 5, "FIELD_MISMATCH"),
    ("stripe", STRIPE[2], "/data/object/customer", ..., "FIELD_MISSING"),
    ("stripe", STRIPE[5], "/data/object/amount_paid", "49.00", "FIELD_MISMATCH"),
    ("stripe", STRIPE[0], "/type", "plan.created", "EVENT_TYPE_UNKNOWN"),
    ("calendly", CALENDLY[0], "/payload/email", "", "FIELD_FORMAT"),
    ("calendly", CALENDLY[0], "/event", None, "FIELD_MISMATCH"),
    ("calendly", CALENDLY[2], "/payload/no_show", None, "FIELD_MISMATCH"),
    ("meta", META[0], "/change/value/leadgen_id", ..., "FIELD_MISSING"),
    ("meta", META[0], "/change/field", ..., "FIELD_MISSING"),
    ("meta", META[0], "/change/field", "feed", "EVENT_TYPE_UNKNOWN"),
    ("segment", SEGMENT[0], "/event", ..., "FIELD_MISSING"),
    ("segment", SEGMENT[0], "/timestamp", "today", "FIELD_FORMAT"),
    ("segment", SEGMENT[1], "/traits/email", ["a"], "FIELD_MISMATCH"),
    ("slack", SLACK[0], "/event/type", ..., "FIELD_MISSING"),
    ("shopify", SHOPIFY[0], "/total_price", "free", "FIELD_FORMAT"),
    ("shopify", SHOPIFY[1], "/email", {}, "FIELD_MISMATCH"),
    ("intercom", INTERCOM[0], "/data/item/id", ..., "FIELD_MISSING"),
    ("intercom", INTERCOM[0], "/topic", "company.created", "EVENT_TYPE_UNKNOWN"),
    ("github", GITHUB[0], "/issue/number", "1", "FIELD_MISMATCH"),
    ("standard", STANDARD[12], "/data/outcome", "eaten", "PICKLIST_UNKNOWN"),
    ("standard", STANDARD[15], "/data/currency", "euros", "FIELD_FORMAT"),
    ("standard", STANDARD[18], "/data/date", "yesterday", "FIELD_FORMAT"),
    ("hubspot", HUBSPOT[18], "/propertyName", ..., "FIELD_MISSING"),
    ("hubspot", PULLED[0][1], "/object/updatedAt", ..., "FIELD_MISSING"),
    ("hubspot", PULLED[0][1], "/object/properties/email", ["a"], "FIELD_MISMATCH"),
    ("salesforce", PULLED[6][1], "/object/Id", "7", "FIELD_FORMAT"),
    ("stripe", PULLED[-3][1], "/pulled_at", ..., "FIELD_MISSING"),
    ("meta", PULLED[-1][1], "/object/spend", "free", "FIELD_FORMAT"),
    ("meta", PULLED[-1][1], "/account", ..., "FIELD_MISSING"),
]


@pytest.mark.parametrize(("source", "document", "path", "value", "code"), BROKEN)
def test_broken(
    contracts: ContractSet, source: str, document: dict[str, Any], path: str, value: Any, code: str
) -> None:
    """A violation is named by its code and the place of the field; the text is still there."""
    broken = edited(document, path, value)
    finding = check(contracts, source, broken)
    expected = "missing" if value is ... else value_class(value)
    assert (code, expected) == (finding.problem_code, finding.problem_value)
    assert path == finding.problem_path
    assert orjson.loads(finding.body or "") == broken


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'"\\ud800"',
        b"NaN",
        b"[" * 100_000,
        b"[" * 101 + b"]" * 101,
        b'{"type":"page_view","data":' + b'{"a":' * 500 + b"1" + b"}" * 501,
    ],
    ids=["empty", "cut", "no-utf8", "surrogate", "nan", "bomb", "deep-array", "deep-object"],
)
def test_not_json(contracts: ContractSet, body: bytes) -> None:
    """What is no JSON, or nested beyond reason, is named so and has no text."""
    value = "text" if body else "text:empty"
    expected = Finding(None, None, "BODY_NOT_JSON", "", None, value)
    assert expected == contracts.check("standard", body)


@pytest.mark.parametrize("body", [b"[]", b"3", b"null", b'"x"'])
def test_no_object(contracts: ContractSet, body: bytes) -> None:
    """JSON that is no object cannot be an event."""
    assert contracts.check("typeform", body).problem_code == "FIELD_MISMATCH"


def test_nul_is_removed(contracts: ContractSet) -> None:
    """A NUL is removed, so that no lead is lost for it; an escaped backslash before u0000 stays."""
    body = rb'{"type":"page_view","x":"a\u0000b\\u0000c\\\u0000d"}'
    assert rb'{"type":"page_view","x":"ab\\u0000c\\d"}'.decode() == (
        contracts.check("standard", body).body
    )


def test_no_way_to_the_type(contracts: ContractSet) -> None:
    """Where the way to the event type ends early, the type is missing, and the way is told."""
    finding = check(contracts, "meta", {"change": []})
    assert ("FIELD_MISSING", "/change/field", "missing") == (
        finding.problem_code,
        finding.problem_path,
        finding.problem_value,
    )


def test_unknown_source(contracts: ContractSet) -> None:
    """A source without contracts speaks the standard vocabulary; its own words are unknown."""
    assert contracts.check("acme", b'{"type":"x"}').problem_code == "EVENT_TYPE_UNKNOWN"
    finding = check(contracts, "webshop", STANDARD[1])
    assert ("standard/form_submit/1.1.0", None) == (finding.contract, finding.problem_code)
    refused = check(contracts, "webshop", edited(STANDARD[1], "/timestamp", ""))
    assert ("standard/form_submit/1.1.0", "FIELD_FORMAT", "text:empty") == (
        refused.contract,
        refused.problem_code,
        refused.problem_value,
    )


def test_a_vendor_does_not_borrow(contracts: ContractSet) -> None:
    """A source with contracts of its own does not fall under those of standard."""
    finding = check(contracts, "stripe", STANDARD[1])
    assert (None, "EVENT_TYPE_UNKNOWN") == (finding.contract, finding.problem_code)


@pytest.mark.parametrize(
    ("source", "document"),
    [("shopify", {"id": 1, "title": "A product"}), ("github", {"issue": {}, "comment": {}})],
)
def test_bodies_of_no_known_shape(
    contracts: ContractSet, source: str, document: dict[str, Any]
) -> None:
    """Where the shape of a body tells its type, a shape nobody knows is an unknown type."""
    finding = check(contracts, source, document)
    assert ("EVENT_TYPE_UNKNOWN", "") == (finding.problem_code, finding.problem_path)


@pytest.mark.parametrize("source", ["hubspot", "meta", "shopify", "typeform"])
def test_what_was_pulled_names_its_kind(contracts: ContractSet, source: str) -> None:
    """An envelope of an API's object says its type in one place, whoever the vendor is."""
    finding = check(contracts, source, {"pulled": "moon", "account": "1", "object": {}})
    assert ("moon.pulled", "EVENT_TYPE_UNKNOWN") == (finding.event_type, finding.problem_code)


def test_salesforce_is_kept_as_json(contracts: ContractSet) -> None:
    """A notification is checked and kept as JSON; what cannot be read is named so."""
    finding = check(contracts, "salesforce", SALESFORCE[0])
    document = orjson.loads(finding.body or "")
    assert ("Lead", "ada@example.com", None) == (
        document["type"],
        document["object"]["Email"],
        document["object"]["Phone"],
    )
    for body in (b"<a/>", b"{}", SALESFORCE[0][:-1].encode()):
        assert contracts.check("salesforce", body).problem_code == "BODY_NOT_JSON"
    deep = b"<sf:a>" * 150 + b"</sf:a>" * 150
    nested = SALESFORCE[0].encode().replace(b"</sObject>", deep + b"</sObject>")
    assert contracts.check("salesforce", nested).problem_code == "BODY_NOT_JSON"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "boolean"),
        (7, "integer"),
        (7.5, "number"),
        ("", "text:empty"),
        (" \n", "text:empty"),
        ("ada@example.com", "text:email"),
        ("2026-03-01", "text:date"),
        ("2026-03-01T12:00:00Z", "text:date"),
        ("-1,250.50", "text:number"),
        ("x" * 1001, "text:long"),
        ("x" * 1000, "text"),
        ("call me", "text"),
        ([], "array:empty"),
        ([None], "array"),
        ({}, "object"),
    ],
)
def test_value_classes(value: Any, expected: str) -> None:
    """A value is told by its class, which shows what to mend and nothing of the value."""
    assert expected == value_class(value)


def test_codes_are_in_the_catalogue() -> None:
    """Every problem of content has its entry, of the class that says what follows."""
    kinds = {code.value: entry(code).kind for code in ProblemCode}
    assert kinds.pop("EVENT_TYPE_UNKNOWN") == "ignored"
    assert kinds.pop("ERASED") == "ignored"
    assert set(kinds.values()) == {"content"}
