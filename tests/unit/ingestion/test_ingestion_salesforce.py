"""Salesforce outbound messages: who may send them, what they become, and how they are answered."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ingestion.errors import (
    CertificateMissingError,
    SecretMalformedError,
    SignatureError,
    SignatureInvalidError,
    SignatureMalformedError,
    SignatureMissingError,
)
from ingestion.outbound_message import notifications
from ingestion.sandbox.vendors import ORGANIZATION_ID, salesforce_message
from ingestion.signatures import SalesforceVerifier, SignedRequest
from ingestion.webhooks import SOURCES
from ingestion.webhooks.base import Receipt
from ingestion.webhooks.salesforce import split
from ingestion.webhooks.salesforce_xml import to_document

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RECORDS = {
    "04l5g00000DGWLVAA5": {"Id": "00Q1", "LastName": "Ó'Brien & <Co>", "Phone": None},
    "04l5g00000DGWLWAA5": {"Id": "00Q2", "LastName": "", "City": "Zürich ]]> \U0001f98a"},
}
MESSAGE = salesforce_message("Lead", RECORDS)


def verify(
    body: bytes,
    *secrets: str,
    verifier: SalesforceVerifier | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> None:
    request = SignedRequest("POST", "https://x/webhooks/salesforce", headers, body)
    (verifier or SalesforceVerifier()).verify(request, secrets or [ORGANIZATION_ID], NOW)


def test_short_and_long_ids() -> None:
    """An organization is the same in 15 and in 18 characters, on either side."""
    short = ORGANIZATION_ID[:15]
    for sent in (short, ORGANIZATION_ID):
        body = salesforce_message("Lead", RECORDS, organization_id=sent)
        for allowed in (short, ORGANIZATION_ID):
            verify(body, "00D000000000000", allowed)


def test_case_matters() -> None:
    """Ids that differ only in case are two organizations."""
    with pytest.raises(SignatureInvalidError):
        verify(MESSAGE, ORGANIZATION_ID[:15].swapcase())


def test_every_organization_counts() -> None:
    """A second organization named anywhere in the message must be allowed as well."""
    other = b"<OrganizationId>00D000000000000</OrganizationId>"
    for place in (b"<Notification>", b"</notifications>", b"</Notification>"):
        mixed = MESSAGE.replace(place, other + place, 1)
        verify(mixed, ORGANIZATION_ID, "00D000000000000")
        with pytest.raises(SignatureInvalidError):
            verify(mixed)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<a/>",
        b"<a",
        b"\xff\xfe",
        MESSAGE.replace(b"OrganizationId", b"Organization"),
        MESSAGE.replace(ORGANIZATION_ID.encode(), b""),
        MESSAGE.replace(b"soap.sforce.com/2005", b"soap.sforce.com/2006"),
        MESSAGE.replace(b"schemas.xmlsoap.org", b"example.org"),
        b"<!-- " + b"x" * 5000 + b" -->" + MESSAGE.partition(b"\n")[2],
        b'<?xml version="1.0" encoding="martian"?>' + MESSAGE.partition(b"\n")[2],
    ],
    ids=range(11),
)
def test_no_organization(body: bytes) -> None:
    """What names no organization where it belongs is refused."""
    with pytest.raises(SignatureMissingError):
        verify(body)


@pytest.mark.parametrize(
    "body",
    [
        MESSAGE[:-20],
        MESSAGE.replace(b"</soapenv:Body>", b"</soapenv:Body><x>"),
        MESSAGE.replace(ORGANIZATION_ID.encode(), b"00D"),
        MESSAGE.replace(ORGANIZATION_ID.encode(), "00D5g000004Ks9é".encode()),
        MESSAGE.replace(
            b"</notifications>",
            b"</notifications>"
            + b"<notifications xmlns='http://soap.sforce.com/2005/09/outbound'/>",
        ),
    ],
    ids=range(5),
)
def test_malformed(body: bytes) -> None:
    """A message that names the organization and is broken behind that is refused."""
    with pytest.raises(SignatureMalformedError):
        verify(body)


def test_strangers_are_not_read() -> None:
    """Of a message from an unknown organization only the head is read, whatever follows."""
    unknown = salesforce_message("Lead", RECORDS, organization_id="00D000000000000")
    with pytest.raises(SignatureInvalidError):
        verify(unknown[:-20])


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">
<!ENTITY id SYSTEM "file:///etc/passwd">]>"""


@pytest.mark.parametrize("organization", [ORGANIZATION_ID, "&b;", "&id;"])
def test_document_types_are_refused(organization: str) -> None:
    """Entities are never expanded: a message with a document type is refused before its end."""
    body = BOMB + MESSAGE.partition(b"\n")[2].replace(
        ORGANIZATION_ID.encode(), organization.encode()
    )
    with pytest.raises(SignatureError):
        verify(body)
    assert [body] == [event.body for event in split(body, {})]
    assert to_document(body) is None


def test_document_type_without_entities() -> None:
    """A document type is refused even when it declares nothing."""
    plain = MESSAGE.replace(b"<soapenv:Envelope", b"<!DOCTYPE x><soapenv:Envelope", 1)
    with pytest.raises(SignatureError):
        verify(plain)
    assert [plain] == [event.body for event in split(plain, {})]


def test_malformed_id_is_named() -> None:
    """A configured id that cannot be one is named as the reason, unless another one fits."""
    verify(MESSAGE, "00D", ORGANIZATION_ID)
    for wrong in ("00D", "00D5g000004Ks9-", "00D5g000004Ks9é"):
        with pytest.raises(SecretMalformedError):
            verify(MESSAGE, wrong)


CERTIFIED = SalesforceVerifier("x-ssl-client-verify", frozenset({"SUCCESS", "ab:cd"}))
HEADER = "x-ssl-client-verify"


@pytest.mark.parametrize("value", ["SUCCESS", "ab:cd"])
def test_certificate(value: str) -> None:
    """What the proxy says of the client's certificate is enough when it is an accepted value."""
    verify(MESSAGE, verifier=CERTIFIED, headers=((HEADER, value),))


@pytest.mark.parametrize("values", [(), ("",), ("NONE",), ("success",), ("SUCCES",)])
def test_no_certificate(values: tuple[str, ...]) -> None:
    """Where a certificate is demanded, a known organization alone is not enough."""
    headers = tuple((HEADER, value) for value in values)
    with pytest.raises(CertificateMissingError):
        verify(MESSAGE, verifier=CERTIFIED, headers=headers)
    with pytest.raises(CertificateMissingError):
        verify(MESSAGE, verifier=replace(CERTIFIED, certificates=frozenset()), headers=headers)


def test_certificate_twice() -> None:
    """A certificate header that came twice is refused: the client may have added one."""
    with pytest.raises(SignatureMalformedError):
        verify(MESSAGE, verifier=CERTIFIED, headers=((HEADER, "SUCCESS"), (HEADER, "SUCCESS")))


def test_certificate_is_not_everything() -> None:
    """A certificate that any Salesforce customer shows does not replace the organization."""
    with pytest.raises(SignatureInvalidError):
        verify(MESSAGE, "00D000000000000", verifier=CERTIFIED, headers=((HEADER, "SUCCESS"),))


def test_split() -> None:
    """Each notification is an event, byte for byte, keyed by its id and readable alone."""
    events = split(MESSAGE, {})
    assert list(RECORDS) == [event.event_key for event in events]
    for event, record in zip(events, RECORDS.values(), strict=True):
        notification = event.body[event.body.index(b"<Notification>") :]
        assert notification.removesuffix(b"</notifications>") in MESSAGE
        key = event.event_key
        assert to_document(event.body) == {
            "type": "Lead",
            "organization_id": ORGANIZATION_ID,
            "notification_id": key,
            "object": record,
        }


def test_split_twice() -> None:
    """An event cut out of a message is a message again: it would be cut out as itself."""
    for event in split(MESSAGE, {}):
        assert [event] == list(split(event.body, {}))


def test_split_other_prefixes() -> None:
    """The vendor's choice of prefixes does not matter, also where one is declared again."""
    body = (
        MESSAGE.replace(b'<notifications xmlns="', b'<o:notifications xmlns:sf="urn:x" xmlns:o="')
        .replace(b"</notifications>", b"</o:notifications>")
        .replace(b"<sf:", b"<sf:")
    )
    for name in (b"OrganizationId", b"ActionId", b"Notification", b"sObject"):
        body = body.replace(b"<" + name, b"<o:" + name).replace(b"</" + name, b"</o:" + name)
    body = body.replace(b"    <Id>", b"    <o:Id>").replace(
        b"</Id>\n    <o:s", b"</o:Id>\n    <o:s"
    )
    verify(body)
    events = split(body, {})
    assert list(RECORDS) == [event.event_key for event in events]
    assert [to_document(event.body)["object"] for event in events] == list(RECORDS.values())


def test_session_is_not_kept() -> None:
    """The session id that Salesforce may send is a credential and does not reach the log."""
    body = MESSAGE.replace(
        b'<SessionId xsi:nil="true"/>', b"<SessionId>00D!secret.session</SessionId>"
    )
    assert len(split(body, {})) == len(RECORDS)
    assert not any(b"secret.session" in event.body for event in split(body, {}))


def test_action_is_kept_as_text() -> None:
    """What is repeated around a notification is escaped again."""
    odd = MESSAGE.replace(b"04k5g0000008ONZAA2", b"a&amp;&lt;b")
    assert [to_document(event.body) for event in split(odd, {})] == [
        to_document(event.body) for event in split(MESSAGE, {})
    ]
    assert b"<ActionId>a&amp;&lt;b</ActionId>" in split(odd, {})[0].body


def test_byte_order_mark() -> None:
    """A byte order mark does not move the places of the notifications."""
    assert split(MESSAGE, {}) == split(b"\xef\xbb\xbf" + MESSAGE, {})


@pytest.mark.parametrize(
    "body",
    [
        MESSAGE.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        MESSAGE.decode().replace("UTF-8", "ISO-8859-1").encode("latin-1", "replace"),
        MESSAGE.replace(b"Notification>", b"Notice>"),
        MESSAGE.replace(
            b"<soapenv:Body>",
            b"<soapenv:Header><Notification xmlns='http://soap.sforce.com/2005/09/outbound'/></soapenv:Header><soapenv:Body>",
        ),
    ],
    ids=["utf-16", "latin-1", "none", "elsewhere"],
)
def test_not_split(body: bytes) -> None:
    """What cannot be cut safely is one event, whole, keyed by its hash."""
    [event] = split(body, {})
    assert (hashlib.sha256(body).hexdigest(), body) == (event.event_key, event.body)


def test_document_of_a_whole_message() -> None:
    """A message with one notification can be read as it came; one with several is ambiguous."""
    one = salesforce_message("Contact", {"04l1": {"Id": "003"}})
    assert to_document(one) == {
        "type": "Contact",
        "organization_id": ORGANIZATION_ID,
        "notification_id": "04l1",
        "object": {"Id": "003"},
    }
    assert to_document(MESSAGE) is None


def test_document_of_nested_fields() -> None:
    """A field made of fields is a document, one that is repeated a list."""
    body = salesforce_message("Lead", {"04l1": {"Id": "00Q"}}).replace(
        b"    </sObject>",
        b"<sf:Address><sf:city>Ulm</sf:city></sf:Address><sf:T>a</sf:T><sf:T>b</sf:T></sObject>",
    )
    document = to_document(body)
    assert document
    assert document["object"] == {"Id": "00Q", "Address": {"city": "Ulm"}, "T": ["a", "b"]}


DEEP = salesforce_message("Lead", {"04l1": {"Id": "00Q"}}).replace(
    b"    </sObject>", b"<a>" * 50_000 + b"</a>" * 50_000 + b"</sObject>"
)


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"<a", b"<a/>", DEEP, MESSAGE.replace(b"sObject", b"object"), b"<a>" * 99_999],
    ids=range(7),
)
def test_no_document(body: bytes) -> None:
    """What is no notification, or is nested beyond reason, is no document, and no crash."""
    assert to_document(body) is None


def test_acknowledgement() -> None:
    """Salesforce is answered with the Ack it waits for."""
    reply = SOURCES["salesforce"].acknowledge(Receipt(2, 0, "c-1"))
    assert (200, "text/xml; charset=utf-8") == (reply.status, reply.media_type)
    outbound = "{http://soap.sforce.com/2005/09/outbound}"
    renamed = reply.body.replace(b"notificationsResponse", b"notifications")
    assert notifications(renamed).findtext(f"{outbound}Ack") == "true"
