"""Deliveries as Salesforce's records, and whether a record holds what was sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reverse_etl.connectors.base import Work
from reverse_etl.model import Delivery
from reverse_etl.values import same

OBJECTS: Final = {
    "upsert_lead": "Lead",
    "upsert_contact": "Contact",
    "upsert_account": "Account",
    "upsert_opportunity": "Opportunity",
    "create_task": "Task",
}
# What a payload refers to, by kind → the field that holds its Salesforce id. A polymorphic field
# takes an id of any of its objects; by an external id it would have to name the object as well.
_REFERENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "Contact": {"account": "AccountId"},
    "Opportunity": {"account": "AccountId"},
    "Task": {"lead": "WhoId", "contact": "WhoId", "account": "WhatId", "opportunity": "WhatId"},
}


def fields(work: Work, row: Delivery, kind: str) -> dict[str, Any]:
    """The fields of a record, with the ids of what it refers to."""
    named: dict[str, Any] = dict(row.body["fields"])
    for referred, vendor_id in work.context.references.get(row.id, {}).items():
        named[_REFERENCES[kind][referred]] = vendor_id
    return named


def flat(named: Mapping[str, Any]) -> dict[str, Any]:
    """Fields by name; one that names a related record by its key becomes `Account.Key__c`."""
    found: dict[str, Any] = {}
    for name, value in named.items():
        if isinstance(value, Mapping):
            found.update({f"{name}.{key}": v for key, v in value.items() if key != "attributes"})
        else:
            found[name] = value
    return found


def holds(there: Mapping[str, Any], ours: Mapping[str, Any]) -> bool:
    """Whether a record has these values. Letters' case and the writing of numbers and times do
    not count: Salesforce changes all of them. A wrong no costs a repeat that changes nothing."""
    plain = {name: value for name, value in ours.items() if not isinstance(value, Mapping)}
    return all(same(there.get(name), value, any_case=True) for name, value in plain.items())
