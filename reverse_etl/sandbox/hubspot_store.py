"""HubSpot's objects: unique properties, validation, and a search that lags behind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

FIRST_ID: Final = 880_000_000_001
_EMAIL: Final = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_STAGES: Final = {
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
}
_DEAL_STAGES: Final = {
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
    "closedwon",
    "closedlost",
}
_INDUSTRIES: Final = {"COMPUTER_SOFTWARE", "FINANCIAL_SERVICES", "MACHINERY"}  # of many
_STANDARD: Final = {
    "contacts": "email firstname lastname phone mobilephone company jobtitle country city state "
    "zip address website industry lifecyclestage hs_lead_status hubspot_owner_id message "
    "hs_language createdate lastmodifieddate hs_object_id hs_merged_object_ids "
    "hs_calculated_merged_vids",
    "companies": "name domain industry phone city country lifecyclestage website numberofemployees "
    "annualrevenue createdate hs_lastmodifieddate hs_object_id",
    "deals": "dealname amount dealstage pipeline closedate createdate hs_lastmodifieddate "
    "hs_object_id deal_currency_code hubspot_owner_id",
    "tasks": "hs_task_subject hs_task_body hs_timestamp hs_task_status hs_task_priority "
    "hs_task_type hubspot_owner_id hs_createdate hs_lastmodifieddate hs_object_id",
    "notes": "hs_note_body hs_timestamp hubspot_owner_id hs_attachment_ids hs_createdate "
    "hs_lastmodifieddate hs_object_id",
}
_UNIQUE: Final = {"contacts": {"email"}}
_REQUIRED: Final = {"tasks": "hs_timestamp", "notes": "hs_timestamp"}
_PICKLISTS: Final = {
    "contacts": {"lifecyclestage": _STAGES},
    "companies": {"lifecyclestage": _STAGES, "industry": _INDUSTRIES},
    "deals": {"dealstage": _DEAL_STAGES, "pipeline": {"default"}},
}
_NUMBERS: Final = {"companies": {"numberofemployees", "annualrevenue"}, "deals": {"amount"}}
_SINGULAR: Final = {
    "contacts": "Contact",
    "companies": "Company",
    "deals": "Deal",
    "tasks": "Task",
    "notes": "Note",
}


class HubSpotError(Exception):
    """An item is refused: category, message, and the context that HubSpot gives with it."""

    def __init__(
        self, status: int, category: str, message: str, context: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.category, self.message = status, category, message
        self.context = dict(context or {})


@dataclass(slots=True)
class Record:
    """One object; `merged`: when the ids that it was made of became it; `writes`: when each
    request arrived that wrote it, exactly as the list of requests has it; `archived`: when it was
    deleted."""

    id: str
    properties: dict[str, str]
    created: float
    updated: float
    associations: list[dict[str, Any]] = field(default_factory=list)
    merged: dict[str, float] = field(default_factory=dict)
    writes: list[float] = field(default_factory=list)
    archived: float | None = None


@dataclass(slots=True)
class Objects:
    """All objects of one type; `merges`: what was merged into what, in order; `bin`: what was
    deleted."""

    kind: str
    ids: list[int]
    properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    merges: list[dict[str, str]] = field(default_factory=list)
    bin: dict[str, Record] = field(default_factory=dict)
    _aliases: dict[str, str] = field(default_factory=dict)
    _index: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in _STANDARD[self.kind].split():
            number = name in _NUMBERS.get(self.kind, ())
            type_, shape = ("number", "number") if number else ("string", "text")
            self.properties[name] = {"name": name, "type": type_, "fieldType": shape}
        for name in _UNIQUE.get(self.kind, ()):
            self.properties[name]["hasUniqueValue"] = True
            self._index[name] = {}

    def define(self, definition: Mapping[str, Any]) -> dict[str, Any]:
        """Create a property. Raises HubSpotError."""
        name = definition.get("name")
        if not isinstance(name, str) or not name:
            raise HubSpotError(400, "VALIDATION_ERROR", "A property needs a name.")
        if name in self.properties:
            raise HubSpotError(
                409, "OBJECT_ALREADY_EXISTS", f"A property named '{name}' already exists."
            )
        self.properties[name] = {"hasUniqueValue": False, **definition}
        if definition.get("hasUniqueValue"):
            self._index[name] = {}
        return self.properties[name]

    def find(self, value: str, id_property: str | None = None) -> Record | None:
        """By id, also one from before a merge, or by a unique property. Raises HubSpotError for
        any other property."""
        if id_property in (None, "hs_object_id"):
            return self.records.get(self._aliases.get(value, value))
        if id_property not in self._index:
            message = f"Property {id_property} is not a unique identifier property."
            raise HubSpotError(400, "VALIDATION_ERROR", message)
        found = self._index[id_property].get(_key(id_property, value))
        return self.records.get(found) if found else None

    def create(
        self, properties: Mapping[str, Any], associations: list[dict[str, Any]], at: float
    ) -> Record:
        """A new object. Raises HubSpotError."""
        required = _REQUIRED.get(self.kind)
        if required and not properties.get(required):
            raise _invalid(required, "MISSING_REQUIRED_PROPERTY", f"{required} is required")
        values = self.checked(properties, None)
        self.ids[0] += 1
        record = Record(str(self.ids[0]), {}, at, at, list(associations))
        self.records[record.id] = record
        self._store(record, {**values, "hs_object_id": record.id}, at)
        return record

    def place(self, record_id: str, properties: Mapping[str, Any], at: float) -> None:
        """An object that was there before, under its own id; no request wrote it. Raises
        HubSpotError."""
        record = Record(record_id, {}, at, at)
        self.records[record_id] = record
        self._store(record, {**self.checked(properties, None), "hs_object_id": record_id}, at)
        record.writes.clear()

    def update(self, record: Record, properties: Mapping[str, Any], at: float) -> Record:
        """Raises HubSpotError."""
        self._store(record, self.checked(properties, record), at)
        return record

    def merge(self, primary: Record, other: Record, at: float) -> Record:
        """A new object of two: where both have a value the first one's counts, and what made the
        second one known (its address) leads to the new one, too."""
        self.ids[0] += 1
        tied = {str(tie["to"]["id"]): tie for tie in (*other.associations, *primary.associations)}
        made = Record(str(self.ids[0]), {}, at, at, list(tied.values()))
        made.merged = {**primary.merged, **other.merged, primary.id: at, other.id: at}
        values = {**other.properties, **{k: v for k, v in primary.properties.items() if v}}
        self._remove(primary)
        self._remove(other)
        self.records[made.id] = made
        self._aliases.update(dict.fromkeys(made.merged, made.id))
        self._store(made, {**values, **_merged(made), "hs_object_id": made.id}, at)
        for name in _UNIQUE.get(self.kind, set()):
            if known := other.properties.get(name):
                self._index[name].setdefault(_key(name, known), made.id)
        told = {"primaryObjectId": primary.id, "objectIdToMerge": other.id, "newObjectId": made.id}
        self.merges.append(told)
        return made

    def archive(self, record: Record, at: float) -> None:
        """Put an object into the recycle bin."""
        self._remove(record)
        record.archived = at
        self.bin[record.id] = record

    def _remove(self, record: Record) -> None:
        for name, index in self._index.items():
            index.pop(_key(name, record.properties.get(name, "")), None)
        self.records.pop(record.id, None)

    def checked(self, properties: Mapping[str, Any], record: Record | None) -> dict[str, str]:
        """The properties as HubSpot would store them. Raises HubSpotError."""
        values = {name: "" if v is None else str(v) for name, v in properties.items()}
        for name, value in values.items():
            self._check_value(name, value)
            holder = self._index.get(name, {}).get(_key(name, value)) if value else None
            if holder and (record is None or holder != record.id):
                what = _SINGULAR[self.kind]
                raise HubSpotError(
                    409, "CONFLICT", f"{what} already exists. Existing ID: {holder}", {}
                )
        return values

    def _check_value(self, name: str, value: str) -> None:
        if name not in self.properties:
            raise _invalid(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
        if name == "email" and value and not _EMAIL.match(value):
            raise _invalid(name, "INVALID_EMAIL", f"Email address {value} is invalid")
        options = _PICKLISTS.get(self.kind, {}).get(name)
        if options and value and value not in options:
            raise _invalid(name, "INVALID_OPTION", f"{value} was not one of the allowed options")
        if self.properties[name].get("type") == "number" and value and not _is_number(value):
            raise _invalid(name, "INVALID_DOUBLE", f"{value} was not a valid number.")

    def _store(self, record: Record, values: Mapping[str, str], at: float) -> None:
        for name in self._index.keys() & values.keys():
            self._index[name].pop(_key(name, record.properties.get(name, "")), None)
            if values[name]:
                self._index[name][_key(name, values[name])] = record.id
        record.properties.update(values)
        record.updated = at
        record.writes.append(at)


def _invalid(name: str, code: str, message: str) -> HubSpotError:
    text = f"Property values were not valid: {code} {message}"
    return HubSpotError(400, "VALIDATION_ERROR", text, {"propertyName": [name]})


def _merged(record: Record) -> dict[str, str]:
    """How HubSpot tells of what was merged into an object."""
    ids = record.merged
    return {
        "hs_merged_object_ids": ";".join(ids),
        "hs_calculated_merged_vids": ";".join(f"{key}:{int(ids[key] * 1000)}" for key in ids),
    }


def _key(name: str, value: str) -> str:
    return value.strip().lower() if name == "email" else value


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def stamp(at: float) -> str:
    """A time as HubSpot writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
