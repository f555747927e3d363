"""What the contracts demand, and what they say when it is not there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from dbt_project.catalogue import entry
from ingestion.contracts import ContractSet, Finding
from ingestion.problems import ProblemCode
from ingestion.sandbox import webhooks as sandbox

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TYPEFORM = sandbox.typeform_body(
    sandbox.typeform_answers(
        email="ada@example.com",
        phone="+442079460000",
        employees="51-200",
        consent_advertising=True,
        country="GB",
    ),
    AT,
    event_id="01HX",
    hidden={"utm_source": "google", "gclid": "x"},
)
HUBSPOT = [
    sandbox.hubspot_creation("contact", 7, AT, event_id=1),
    sandbox.hubspot_creation("deal", 8, AT, event_id=1),
    sandbox.hubspot_contact_change(7, "email", None, AT, event_id=1),
    sandbox.hubspot_deal_change(8, "dealstage", "closedwon", AT, event_id=1),
    sandbox.hubspot_association(8, 7, AT, event_id=1),
    sandbox.hubspot_contact_merge(7, [9, 10], 7, AT, event_id=1),
    sandbox.hubspot_item(
        "object.propertyChange",
        AT,
        event_id=1,
        objectTypeId="0-1",
        objectId="7",
        propertyName="email",
        propertyValue="a@example.com",
    ),
    sandbox.hubspot_item("object.creation", AT, event_id=1, objectTypeId="0-3", objectId=8),
    sandbox.hubspot_item("contact.deletion", AT, event_id=1, objectId=7),
    sandbox.hubspot_item("contact.privacyDeletion", AT, event_id=1, objectId=7),
    sandbox.hubspot_item("deal.deletion", AT, event_id=1, objectId=8),
    sandbox.hubspot_contact_merge(7, [9], 7, AT, event_id=1)
    | {"subscriptionType": "object.merge", "objectTypeId": "0-1"},
    sandbox.hubspot_item("object.deletion", AT, event_id=1, objectTypeId="0-3", objectId=8),
    sandbox.hubspot_item("object.privacyDeletion", AT, event_id=1, objectTypeId="0-1", objectId=7),
    sandbox.hubspot_item(
        "contact.associationChange",
        AT,
        event_id=1,
        associationType="CONTACT_TO_DEAL",
        fromObjectId=7,
        toObjectId=8,
    ),
    sandbox.hubspot_item("object.associationChange", AT, event_id=1, fromObjectId=8, toObjectId=7),
]
CONSENT = {"purpose": "email", "status": "granted", "lawful_basis": "consent"}
STANDARD = [
    sandbox.standard_body("page_view", AT, {"email": "", "page_url": "https://x.example/"}),
    sandbox.standard_body("form_submit", AT, {"phone": 442079460000}),
    sandbox.standard_body("email_open", AT, {"email": None}),
    sandbox.standard_body("email_click", AT, {}),
    sandbox.standard_body("webinar_attend", AT, {"anonymous_id": 5}),
    sandbox.standard_body("meeting_booked", AT, {"anything": {"else": [1]}}),
    sandbox.standard_body("ad_lead", AT, {"utm_source": "meta"}),
    sandbox.standard_body("contact_updated", AT, {"first_name": "Zoë"}),
    sandbox.standard_body("consent_changed", AT, CONSENT),
    sandbox.standard_body(
        "opportunity_changed", AT, {"opportunity_id": 1, "stage": "won", "amount": "12.50"}
    ),
]
MILLRACE = [
    {
        "type": "mql_reached",
        "occurred_at": AT.isoformat(),
        "person_id": "p1",
        "score": 70,
        "threshold": 60,
        "score_version": "v1",
        "cause_source": "typeform",
        "cause_event_key": "01HX",
    },
    {
        "type": "contact_synced",
        "occurred_at": AT.isoformat(),
        "destination": "hubspot",
        "person_id": "p1",
        "vendor_id": "501",
    },
]
GOOD = [
    ("typeform", TYPEFORM),
    *(("hubspot", item) for item in HUBSPOT),
    *(("standard", body) for body in STANDARD),
    *(("millrace", body) for body in MILLRACE),
]


@pytest.fixture(scope="module")
def contracts() -> ContractSet:
    return ContractSet.load()


def check(contracts: ContractSet, source: str, document: Any) -> Finding:
    return contracts.check(source, orjson.dumps(document))


@pytest.mark.parametrize(("source", "document"), GOOD)
def test_good(contracts: ContractSet, source: str, document: dict[str, Any]) -> None:
    """What the vendors send keeps to its contract, also with fields nobody asked for."""
    finding = check(contracts, source, {**document, "a new field": [None]})
    assert (finding.problem_code, finding.problem_path) == (None, None)
    assert f"{source}/{finding.event_type}/1.0.0" == finding.contract


def test_every_contract_is_tried(contracts: ContractSet) -> None:
    """Each contract of the package has an example among the good ones."""
    tried = {check(contracts, source, document).contract for source, document in GOOD}
    assert {contract.name for contract in contracts.contracts.values()} == tried


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
]


@pytest.mark.parametrize(("source", "document", "path", "value", "code"), BROKEN)
def test_broken(
    contracts: ContractSet, source: str, document: dict[str, Any], path: str, value: Any, code: str
) -> None:
    """A violation is named by its code and the place of the field; the text is still there."""
    finding = check(contracts, source, edited(document, path, value))
    assert (code, path) == (finding.problem_code, finding.problem_path)
    assert finding.body is not None


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
    assert Finding(None, None, "BODY_NOT_JSON", "", None) == contracts.check("standard", body)


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


def test_unknown_source(contracts: ContractSet) -> None:
    """An event of a source without contracts is of an unknown type."""
    assert contracts.check("acme", b'{"type":"x"}').problem_code == "EVENT_TYPE_UNKNOWN"


def test_codes_are_in_the_catalogue() -> None:
    """Every problem of content has its entry, of the class that says what follows."""
    kinds = {code.value: entry(code).kind for code in ProblemCode}
    assert kinds.pop("EVENT_TYPE_UNKNOWN") == "ignored"
    assert set(kinds.values()) == {"content"}
