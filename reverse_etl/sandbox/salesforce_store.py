"""The records of a simulated Salesforce org, with the rules that each object keeps."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_EMAIL: Final = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_ID: Final = re.compile(r"^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?\Z")
_DATE: Final = re.compile(r"^\d{4}-\d\d-\d\d\Z")
_SYSTEM: Final = ("Id", "CreatedDate", "LastModifiedDate", "SystemModstamp", "IsDeleted")
_SYSTEM_TYPES: Final = {"Id": "id", "IsDeleted": "boolean"}

PREFIXES: Final = {
    "Lead": "00Q", "Contact": "003", "Account": "001", "Opportunity": "006", "Task": "00T",
    "OpportunityContactRole": "00K",
}  # fmt: skip
KEYS: Final = {"Millrace_Id__c": True, "Legacy_Id__c": False}
"""External id fields that every object has, and whether their values are unique."""
_TEXTS: Final = {
    "Lead": ("FirstName", "LastName", "Company", "Title", "Phone", "Status", "Email"),
    "Contact": ("FirstName", "LastName", "Title", "Phone", "Email"),
    "Account": ("Name", "Website", "Phone", "Industry"),
    "Opportunity": ("Name", "StageName"),
    "Task": ("Subject", "Description", "Status", "Priority"),
    "OpportunityContactRole": ("Role",),
}
_NUMBERS: Final = {
    "Lead": ("Millrace_Score__c", "NumberOfEmployees"),
    "Contact": ("Millrace_Score__c",),
    "Account": ("NumberOfEmployees", "AnnualRevenue"),
    "Opportunity": ("Amount",),
}
_DATES: Final = {"Opportunity": ("CloseDate",), "Task": ("ActivityDate",)}
_REQUIRED: Final = {
    "Lead": ("LastName", "Company"), "Contact": ("LastName",), "Account": ("Name",),
    "Opportunity": ("Name", "StageName", "CloseDate"), "Task": (),
    "OpportunityContactRole": ("OpportunityId", "ContactId"),
}  # fmt: skip
_DEFAULTS: Final = {
    "Lead": {"Status": "Open - Not Contacted"},
    "Task": {"Status": "Not Started", "Priority": "Normal"},
}
_PICKLISTS: Final = {
    ("Task", "Priority"): ("High", "Normal", "Low"),
    ("Task", "Status"): ("Not Started", "In Progress", "Completed", "Deferred"),
}
_LONG: Final = {"Description": 32_000}
# Field → what relates to it by name, and the objects it may name.
_REFERENCES: Final[Mapping[str, Mapping[str, tuple[str, tuple[str, ...]]]]] = {
    "Contact": {"AccountId": ("Account", ("Account",))},
    "Opportunity": {"AccountId": ("Account", ("Account",))},
    "Task": {
        "WhoId": ("Who", ("Lead", "Contact")),
        "WhatId": ("What", ("Account", "Opportunity")),
    },
    "OpportunityContactRole": {
        "OpportunityId": ("Opportunity", ("Opportunity",)),
        "ContactId": ("Contact", ("Contact",)),
    },
}


class SalesforceError(Exception):
    """An error of one record, or with `status` of a whole request."""

    def __init__(self, code: str, message: str, fields: Iterable[str] = (), status: int = 400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status
        self.fields = list(fields)


@dataclass(slots=True)
class Objects:
    """The records of one object."""

    kind: str
    org: Org
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    bin: dict[str, dict[str, Any]] = field(default_factory=dict)
    _index: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, str]:
        """Field → its type, writable ones."""
        texts = dict.fromkeys((*_TEXTS[self.kind], *KEYS), "string")
        numbers = dict.fromkeys(_NUMBERS.get(self.kind, ()), "double")
        dates = dict.fromkeys(_DATES.get(self.kind, ()), "date")
        references = dict.fromkeys(_REFERENCES.get(self.kind, {}), "reference")
        return {**texts, **numbers, **dates, **references}

    @property
    def names(self) -> set[str]:
        """Every field that may be read."""
        return {*self.fields, *_SYSTEM}

    def check_names(self, names: Iterable[str]) -> None:
        """Raises SalesforceError for a name that is no field: the whole request is refused."""
        related = {name for name, _ in _REFERENCES.get(self.kind, {}).values()}
        for name in names:
            if name not in self.names | related:
                text = f"No such column '{name}' on sobject of type {self.kind}"
                raise SalesforceError("INVALID_FIELD", text)

    def restore(self, records: Mapping[str, Mapping[str, Any]], deleted: set[str]) -> None:
        """Be as it was before."""
        self.records = {key: dict(record) for key, record in records.items()}
        self.deleted, self._index = set(deleted), {}
        for record in self.records.values():
            self._enter(record)

    def find(self, name: str, value: str) -> list[dict[str, Any]]:
        """Records by their id, or by the value of an external id field."""
        if name == "Id":
            key = checked(value[:15])
            return [self.records[key]] if key in self.records else []
        return [self.records[key] for key in self._index.get((name, value.casefold()), ())]

    def get(self, key: str) -> dict[str, Any]:
        """One record by its id. Raises SalesforceError."""
        if not _ID.match(key):
            raise SalesforceError("MALFORMED_ID", f"{self.kind} ID: id value of incorrect type")
        if key in self.deleted:
            raise SalesforceError("ENTITY_IS_DELETED", "entity is deleted", ["Id"], 404)
        found = self.find("Id", key)
        if not found:
            text = "invalid cross reference id"
            raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", text, [], 404)
        return found[0]

    def create(self, given: Mapping[str, Any], at: float) -> dict[str, Any]:
        """Make a record. Raises SalesforceError."""
        values = {**_DEFAULTS.get(self.kind, {}), **self._clean(given)}
        missing = [name for name in _REQUIRED[self.kind] if not values.get(name)]
        if missing:
            text = f"Required fields are missing: [{', '.join(missing)}]"
            raise SalesforceError("REQUIRED_FIELD_MISSING", text, missing)
        self._check_unique(values, None)
        key = self.org.next_id(PREFIXES[self.kind])
        stamped = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), stamp(at))
        self.records[key] = {"Id": key, **values, **stamped, "IsDeleted": False}
        self._enter(self.records[key])
        return self.records[key]

    def update(self, key: str, given: Mapping[str, Any], at: float) -> dict[str, Any]:
        """Change a record. Raises SalesforceError."""
        record = self.get(key)
        values = self._clean(given)
        emptied = [n for n in _REQUIRED[self.kind] if n in values and not values[n]]
        if emptied:
            text = f"Required fields are missing: [{', '.join(emptied)}]"
            raise SalesforceError("REQUIRED_FIELD_MISSING", text, emptied)
        self._check_unique(values, record["Id"])
        self._remove(record)
        record.update(values, LastModifiedDate=stamp(at), SystemModstamp=stamp(at))
        self._enter(record)
        return record

    def upsert(
        self, name: str, value: str, given: Mapping[str, Any], at: float
    ) -> tuple[dict[str, Any], bool]:
        """Change the record that has this value, or make one; whether one was made. Raises
        SalesforceError."""
        found = self.find(name, value)
        if len(found) > 1:
            text = f"{name}: more than one record found for external id field: {value}"
            raise SalesforceError("DUPLICATE_EXTERNAL_ID", text, [name], 300)
        if found:
            return self.update(found[0]["Id"], given, at), False
        return self.create({**given, name: value}, at), True

    def delete(self, key: str, at: float | None = None) -> None:
        """Put a record into the recycle bin. Raises SalesforceError."""
        record = self.get(key)
        changed = {} if at is None else {"SystemModstamp": stamp(at)}
        self.bin[record["Id"]] = {**record, **changed, "IsDeleted": True}
        self._remove(record)
        del self.records[record["Id"]]
        self.deleted.add(record["Id"])

    def _enter(self, record: Mapping[str, Any]) -> None:
        for name in KEYS:
            if record.get(name):
                self._index.setdefault((name, str(record[name]).casefold()), []).append(
                    record["Id"]
                )

    def _remove(self, record: Mapping[str, Any]) -> None:
        for name in KEYS:
            if record.get(name):
                self._index[name, str(record[name]).casefold()].remove(record["Id"])

    def _clean(self, given: Mapping[str, Any]) -> dict[str, Any]:
        self.check_names(name for name in given if name not in ("attributes", "Id", "id"))
        values = {name: value for name, value in given.items() if name in self.fields}
        for name, (related, kinds) in _REFERENCES.get(self.kind, {}).items():
            if isinstance(given.get(related), Mapping):
                values[name] = self._resolve(given[related], kinds)
        return {name: self._value(name, value) for name, value in values.items()}

    def _resolve(self, named: Mapping[str, Any], kinds: tuple[str, ...]) -> str:
        """The id of a related record that is named by an external id."""
        attributes = named.get("attributes")
        told = attributes.get("type") if isinstance(attributes, Mapping) else None
        if told is None and len(kinds) > 1:
            raise SalesforceError("INVALID_FIELD", "A polymorphic relationship needs a type.")
        name, value = next((n, v) for n, v in named.items() if n != "attributes")
        found = self.org.objects[told or kinds[0]].find(name, str(value))
        if not found:
            text = f"Foreign key external ID: {value} not found for field {name}"
            raise SalesforceError("INVALID_FIELD", text)
        return str(found[0]["Id"])

    def _value(self, name: str, value: object) -> Any:
        if value is None or value == "":
            return None
        kind = self.fields[name]
        if kind == "double":
            return self._number(name, value)
        text = str(value)
        if kind == "reference":
            kinds = _REFERENCES[self.kind][name][1]
            return next(self.org.objects[k].get(text)["Id"] for k in self._of(name, text, kinds))
        if kind == "date" and not _DATE.match(text):
            raise SalesforceError("JSON_PARSER_ERROR", f"Cannot read a date for {name}", [name])
        if name == "Email" and not _EMAIL.match(text):
            text = f"Email: invalid email address: {text}"
            raise SalesforceError("INVALID_EMAIL_ADDRESS", text, [name])
        if len(text) > _LONG.get(name, 255):
            text = f"{name}: data value too large (max length={_LONG.get(name, 255)})"
            raise SalesforceError("STRING_TOO_LONG", text, [name])
        if text not in _PICKLISTS.get((self.kind, name), (text,)):
            text = f"{name}: bad value for restricted picklist field: {text}"
            code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
            raise SalesforceError(code, text, [name])
        return text.lower() if name == "Email" else text

    def _number(self, name: str, value: object) -> float:
        try:
            return float(str(value))
        except ValueError:
            text = f"Cannot deserialize instance of double for {name}"
            raise SalesforceError("JSON_PARSER_ERROR", text, [name]) from None

    def _of(self, name: str, key: str, kinds: tuple[str, ...]) -> list[str]:
        found = [kind for kind in kinds if key.startswith(PREFIXES[kind])]
        if not found:
            text = f"{name}: id value of incorrect type: {key}"
            raise SalesforceError("FIELD_INTEGRITY_EXCEPTION", text, [name])
        return found

    def _check_unique(self, values: Mapping[str, Any], own: str | None) -> None:
        for name in (name for name, unique in KEYS.items() if unique and values.get(name)):
            others = [r for r in self.find(name, str(values[name])) if r["Id"] != own]
            if others:
                text = f"duplicate value found: {name} duplicates value on record with id: "
                raise SalesforceError("DUPLICATE_VALUE", text + others[0]["Id"], [])


class Org:
    """All objects, and the ids they share."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.objects = {kind: Objects(kind, self) for kind in PREFIXES}

    def next_id(self, prefix: str) -> str:
        """An id of 18 characters, as Salesforce makes them."""
        number, text = next(self._numbers), ""
        for _ in range(7):
            number, digit = divmod(number, len(_DIGITS))
            text = _DIGITS[digit] + text
        return checked(f"{prefix}5g000{text}")

    def kind(self, name: str) -> Objects:
        """An object by its name. Raises SalesforceError."""
        if name not in self.objects:
            raise SalesforceError("NOT_FOUND", "The requested resource does not exist", (), 404)
        return self.objects[name]


def checked(key: str) -> str:
    """An id of 15 characters with the three that make it safe where case does not count."""
    suffix = ""
    for start in range(0, 15, 5):
        bits = [character.isupper() for character in key[start : start + 5]]
        suffix += _LETTERS[sum(1 << place for place, bit in enumerate(bits) if bit)]
    return key + suffix


ORGANIZATION: Final = checked("00D5g0000000Sbx")


def describe(objects: Objects) -> dict[str, Any]:
    """An object as `describe` shows it, as far as clients need it."""
    related = {name: value[0] for name, value in _REFERENCES.get(objects.kind, {}).items()}
    fields = [
        {
            "name": name,
            "label": name,
            "type": kind,
            "createable": True,
            "updateable": True,
            "nillable": name not in _REQUIRED[objects.kind],
            "externalId": name in KEYS,
            "idLookup": name in KEYS or name == "Email",
            "unique": KEYS.get(name, False),
            "relationshipName": related.get(name),
            "referenceTo": list(_REFERENCES.get(objects.kind, {}).get(name, ("", ()))[1]),
        }
        for name, kind in objects.fields.items()
    ]
    fields += [
        {"name": name, "type": _SYSTEM_TYPES.get(name, "datetime"), "createable": False,
         "updateable": False, "externalId": False, "idLookup": name == "Id"}
        for name in _SYSTEM
    ]  # fmt: skip
    about = {"keyPrefix": PREFIXES[objects.kind], "custom": False, "queryable": True}
    return {"name": objects.kind, "label": objects.kind, **about, "fields": fields}


def stamp(at: float) -> str:
    """A time as Salesforce writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
