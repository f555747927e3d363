"""A widely used client of Salesforce reads the sandbox as it reads Salesforce."""

from __future__ import annotations

import httpx
import pull_salesforce
import pytest
from pull_case import SECRET
from requests import Session
from requests.adapters import HTTPAdapter

_HOST = "https://acme.my.salesforce.com"


class Here(HTTPAdapter):
    """What is meant for an organization over TLS goes to the sandbox on this machine."""

    def __init__(self, url):
        self._url = url
        super().__init__()

    def send(self, request, **options):
        request.url = request.url.replace(_HOST, self._url)
        return super().send(request, **options)


@pytest.fixture
def salesforce(lab):
    """A function that makes a client with this token."""
    from simple_salesforce import Salesforce

    def client(token=SECRET):
        session = Session()
        session.mount(_HOST, Here(lab.url))
        return Salesforce(
            instance=_HOST.removeprefix("https://"), session_id=token, session=session,
            version="62.0",
        )  # fmt: skip

    return client


def test_the_client_turns_pages_of_a_query(lab, salesforce):
    """By `nextRecordsUrl`, in order, each record once."""
    pull_salesforce.SALESFORCE[0].seed(lab.url, pull_salesforce.PAGE + 5)
    query = "SELECT Id, Email, SystemModstamp FROM Lead ORDER BY SystemModstamp, Id"
    found = list(salesforce().query_all_iter(query))
    assert pull_salesforce.PAGE + 5 == len({record["Id"] for record in found})
    stamps = [record["SystemModstamp"] for record in found]
    assert sorted(stamps) == stamps


def test_the_client_sees_deleted_records(lab, salesforce):
    """Only a query that includes them lists what is in the recycle bin."""
    pull_salesforce.SALESFORCE[0].seed(lab.url, 2)
    client = salesforce()
    query = "SELECT Id, IsDeleted FROM Lead"
    [first, _second] = client.query(query)["records"]
    client.Lead.delete(first["Id"])
    assert 1 == client.query(query)["totalSize"]
    told = client.query(query, include_deleted=True)["records"]
    assert {first["Id"]} == {record["Id"] for record in told if record["IsDeleted"]}


def test_the_client_filters_by_time(lab, salesforce):
    """As a pull does from its cursor."""
    pull_salesforce.SALESFORCE[0].seed(lab.url, 2)
    query = "SELECT Id FROM Lead WHERE SystemModstamp >= {}"
    counts = [
        salesforce().query(query.format(at))["totalSize"]
        for at in ("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z")
    ]
    assert [2, 0] == counts


def test_the_client_describes_an_object(lab, salesforce):
    """With the fields that a user may see."""
    names = {field["name"] for field in salesforce().Lead.describe()["fields"]}
    assert {"Id", "Email", "SystemModstamp", "IsDeleted"} <= names


def test_the_client_knows_the_errors(lab, salesforce):
    """An expired session, a malformed query, an unknown record, and the daily limit."""
    from simple_salesforce.exceptions import (
        SalesforceExpiredSession,
        SalesforceMalformedRequest,
        SalesforceRefusedRequest,
        SalesforceResourceNotFound,
    )

    with pytest.raises(SalesforceExpiredSession):
        salesforce("expired").query("SELECT Id FROM Lead")
    with pytest.raises(SalesforceMalformedRequest) as malformed:
        salesforce().query("SELECT Nothing FROM Lead")
    assert "INVALID_FIELD" == malformed.value.content[0]["errorCode"]
    with pytest.raises(SalesforceResourceNotFound):
        salesforce().Lead.get("00Q000000000000AAA")
    rule = {"vendor": "salesforce", "fault": "status_403"}
    httpx.post(f"{lab.url}/_faults", json={"rules": [rule]}).raise_for_status()
    with pytest.raises(SalesforceRefusedRequest) as limited:
        salesforce().query("SELECT Id FROM Lead")
    assert "REQUEST_LIMIT_EXCEEDED" == limited.value.content[0]["errorCode"]
