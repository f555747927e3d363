"""Salesforce's records by SOQL, in the order of their change; deleted ones too, while they are in
the recycle bin (`queryAll`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator

from ingestion.errors import PullAnswerError
from ingestion.pulls.client import Answer, VendorApi
from ingestion.pulls.model import Found, Heard, Object, Page, PullSource, Stream, Window
from ingestion.sources.moments import moment

_ALWAYS: Final = ("Id", "SystemModstamp")
_USUAL: Final = ("CreatedDate", "LastModifiedDate", "IsDeleted", "OwnerId")
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "Lead": (
        *("Email", "FirstName", "LastName", "Phone", "MobilePhone", "Title", "LeadSource"),
        *("HasOptedOutOfEmail", "DoNotCall", "Company", "Street", "City", "State", "PostalCode"),
        *("Country", "NumberOfEmployees", "Status", "IsConverted", "ConvertedContactId"),
    ),
    "Contact": (
        *("Email", "FirstName", "LastName", "Phone", "MobilePhone", "Title", "LeadSource"),
        *("HasOptedOutOfEmail", "DoNotCall", "AccountId", "MailingStreet", "MailingCity"),
        *("MailingState", "MailingPostalCode", "MailingCountry", "Birthdate"),
    ),
    "Account": (
        *("Name", "Website", "Industry", "NumberOfEmployees", "AnnualRevenue"),
        *("BillingCountry", "ParentId"),
    ),
    "Opportunity": (
        *("Name", "StageName", "CloseDate", "AccountId", "ContactId", "CurrencyIsoCode"),
        *("Amount", "IsWon", "IsClosed"),
    ),
    "OpportunityContactRole": ("OpportunityId", "ContactId", "IsPrimary"),
}
_TOLD: Final = frozenset(("Lead", "Contact", "Account", "Opportunity"))  # by outbound messages
_LIMIT: Final = "REQUEST_LIMIT_EXCEEDED"
_SAFE: Final = 15  # characters of an id; three more are its checksum


def salesforce(version: str = "v62.0") -> PullSource:
    """An org. ``version`` of the API."""
    streams = tuple(
        Stream(
            kind,
            partial(_changed, kind, version),
            heard=partial(_heard, kind) if kind in _TOLD else None,
        )
        for kind in _FIELDS
    )
    return PullSource(
        "salesforce",
        partial(_organizations, version),
        streams,
        refusal=lambda status, body: "limit" if status == 403 and _LIMIT in body else None,
    )


def _organizations(version: str, api: VendorApi) -> list[str]:
    found = _query(api, version, "query", "SELECT Id FROM Organization")
    records = [record for answer in found for record in answer.objects("records")]
    if not records or not isinstance(records[0].get("Id"), str):
        raise PullAnswerError("Salesforce does not say which organization this is.")
    return [str(records[0]["Id"])]


def _changed(
    kind: str, version: str, api: VendorApi, _organization: str, window: Window
) -> Iterator[Page]:
    fields = ", ".join(_visible(api, version, kind))
    since = "" if window.since is None else f" WHERE SystemModstamp >= {_literal(window.since)}"
    text = f"SELECT {fields} FROM {kind}{since} ORDER BY SystemModstamp, Id"  # noqa: S608  our names
    for answer in _query(api, version, "queryAll", text):
        found = [_found(record) for record in answer.objects("records")]
        yield Page(found, found[-1].changed_at if found else None)


def _visible(api: VendorApi, version: str, kind: str) -> list[str]:
    """The fields that we want and our user may see: one that is hidden fails a whole query."""
    path = f"/services/data/{version}/sobjects/{kind}/describe"
    described = Answer("Salesforce", api.get(path)).objects("fields")
    names = {field.get("name") for field in described}
    return [*_ALWAYS, *(name for name in (*_USUAL, *_FIELDS[kind]) if name in names)]


def _query(api: VendorApi, version: str, verb: str, text: str) -> Iterator[Answer]:
    return api.pages(
        f"/services/data/{version}/{verb}",
        params={"q": text},
        paginator=JSONLinkPaginator("nextRecordsUrl"),
    )


def _literal(since: datetime) -> str:
    return since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _found(record: Object) -> Found:
    return Found(str(record.get("Id"))[:_SAFE], moment(record.get("SystemModstamp")), record)


def _heard(kind: str, told: Object, received_at: datetime) -> Iterator[Heard]:
    """An outbound message carries the record as it is when it is sent; when it changed, if an
    administrator chose that field."""
    record = told.get("object")
    if told.get("type") != kind or not isinstance(record, dict) or not record.get("Id"):
        return
    at = moment(record.get("SystemModstamp")) or moment(record.get("LastModifiedDate"))
    yield Heard(str(record["Id"])[:_SAFE], at or received_at)
