"""Salesforce outbound messages: SOAP from strangers, read safely.

A message names one organization and up to 100 notifications. Document types, entities and external
references are refused, so that a text can neither grow nor reach out while it is read.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import DefusedXMLParser, fromstring

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
OUTBOUND: Final = "http://soap.sforce.com/2005/09/outbound"

UNREADABLE: Final = (ParseError, ValueError, LookupError)
"""What the parser raises for text that is no XML, is forbidden, or is in an unknown encoding."""

# Far more than stands before the organization's id, and little enough to read for anybody.
_HEAD_BYTES: Final = 4096


def outbound(name: str) -> str:
    """The name of an element of outbound messages, as the parser gives it."""
    return f"{{{OUTBOUND}}}{name}"


_PATH: Final = [f"{{{SOAP}}}Envelope", f"{{{SOAP}}}Body", outbound("notifications")]
_ORGANIZATION: Final = [*_PATH, outbound("OrganizationId")]


def notifications(body: bytes) -> Element:
    """The one ``notifications`` of a message, which may stand without its SOAP envelope.

    Raises one of ``UNREADABLE`` when there is no such thing, or more than one.
    """
    root = fromstring(body, forbid_dtd=True)
    if root.tag == _PATH[2]:
        return root
    found = root.findall(f"{_PATH[1]}/{_PATH[2]}") if root.tag == _PATH[0] else []
    if len(found) != 1:
        raise ValueError("not one outbound message")
    return found[0]


def organization_ids(message: Element) -> list[str]:
    """Every organization that the message names anywhere: there should be one."""
    return [(element.text or "").strip() for element in message.iter(outbound("OrganizationId"))]


def first_organization_id(body: bytes) -> str | None:
    """The organization named at the head of a message, found without reading the rest of it."""
    head = _Head()
    parser = DefusedXMLParser(target=head, forbid_dtd=True)
    with suppress(*UNREADABLE):  # what was found before it counts
        parser.feed(body[:_HEAD_BYTES])
    return head.organization


class _Head:
    """Takes what the parser meets on its way to the organization's id."""

    def __init__(self) -> None:
        self.organization: str | None = None
        self._path: list[str] = []
        self._text: list[str] = []

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        self._path.append(tag)
        self._text.clear()

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, tag: str) -> None:
        if self.organization is None and self._path == _ORGANIZATION:
            self.organization = "".join(self._text).strip()
        self._path.pop()
