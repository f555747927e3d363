"""A Salesforce notification as a document: the warehouse reads JSON, Salesforce sends XML."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from ingestion.outbound_message import UNREADABLE, notifications, outbound

_INSTANCE: Final = "{http://www.w3.org/2001/XMLSchema-instance}"

Value = str | None | list["Value"] | dict[str, "Value"]
"""A field: text as it was sent, None where it is nil, a list where the field came repeatedly."""


def to_document(body: bytes) -> dict[str, Value] | None:
    """``type`` (Lead, Contact …), ``organization_id``, ``notification_id`` and ``object``, the
    fields by name; None when the body is not one notification that can be read."""
    try:
        message = notifications(body)
        listed = message.findall(outbound("Notification"))
        return _document(message, listed[0]) if len(listed) == 1 else None
    except (*UNREADABLE, RecursionError):
        return None


def _document(message: Element, notification: Element) -> dict[str, Value] | None:
    subject = notification.find(outbound("sObject"))
    if subject is None:
        return None
    return {
        "type": _local(subject.get(f"{_INSTANCE}type", ""), ":") or None,
        "organization_id": _text(message.find(outbound("OrganizationId"))),
        "notification_id": _text(notification.find(outbound("Id"))),
        "object": _fields(subject),
    }


def _fields(element: Element) -> dict[str, Value]:
    fields: dict[str, list[Value]] = {}
    for child in element:
        fields.setdefault(_local(child.tag, "}"), []).append(_value(child))
    return {name: found[0] if len(found) == 1 else found for name, found in fields.items()}


def _value(element: Element) -> Value:
    if len(element):
        return _fields(element)
    if element.get(f"{_INSTANCE}nil") in {"true", "1"}:
        return None
    return element.text or ""


def _text(element: Element | None) -> str | None:
    return (element.text or "").strip() or None if element is not None else None


def _local(name: str, separator: str) -> str:
    return name.rpartition(separator)[2]
