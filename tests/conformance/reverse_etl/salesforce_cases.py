"""Salesforce's cases of the conformance suite, and rows for its own tests."""

from connector_case import TIMEOUT, Case

from reverse_etl.connectors import SalesforceSettings
from reverse_etl.testing import activation_row


def salesforce(url, token, **changes):
    """An account at the sandbox."""
    return SalesforceSettings(**{"token": token, "url": url, "timeout": TIMEOUT, **changes})


def lead(number, *, fields=None, **changes):
    """The state row of person `number`; `changes` replace columns, `fields` adds to the record."""
    person = f"person-{number}"
    known = {
        "Company": "Analytical Engines",
        "Email": f"lead{number}@example.com",
        "LastName": "Lovelace",
        "Millrace_Score__c": 42,
    }
    return _row("upsert_lead", person, {"fields": {**known, **(fields or {})}}, changes)


def account(number, **changes):
    """The state row of company `number`."""
    fields = {"Name": f"Company {number}", "NumberOfEmployees": 12}
    return _row("upsert_account", f"account-{number}", {"fields": fields}, changes)


def opportunity(number, **changes):
    """The state row of a deal with company `number`."""
    fields = {"CloseDate": "2026-06-30", "Name": f"Deal {number}", "StageName": "Prospecting"}
    payload = {"fields": fields, "refers_to": {"account": f"account-{number}"}}
    return _row("upsert_opportunity", f"opportunity-{number}", payload, changes)


def task(number, **changes):
    """The event row of a call task for person `number`."""
    fields = {
        "ActivityDate": "2026-03-02",
        "Priority": "High",
        "Status": "Not Started",
        "Subject": "Call this lead",
    }
    person = f"person-{number}"
    payload = {"fields": fields, "refers_to": {"lead": person}}
    changes = {"mode": "event", "purpose": "sales", "priority": 0, "person_id": person, **changes}
    return _row("create_task", f"mql_reached:test:{number}", payload, changes)


def _row(action, key, payload, changes):
    return activation_row(
        payload,
        changes,
        destination="salesforce",
        action=action,
        mode="state",
        entity_key=key,
        person_id=changes.get("person_id", key),
        purpose="crm",
        priority=5,
    )


def _many(make):
    return lambda count: [make(number) for number in range(count)]


_KEY = "Millrace_Id__c"
_PATH = "composite/sobjects"
CASES = [
    Case("salesforce", "Lead", f"{_PATH}/Lead", _KEY, _many(lead), salesforce),
    Case(
        "salesforce",
        "Opportunity",
        f"{_PATH}/Opportunity",
        _KEY,
        _many(opportunity),
        salesforce,
        first=_many(account),
    ),
    Case(
        "salesforce",
        "Task",
        f"{_PATH}/Task",
        _KEY,
        _many(task),
        salesforce,
        first=_many(lead),
    ),
]
