"""Salesforce outbound messages: up to 100 notifications a message, each keyed by its ``Id``.

An event's body is one ``Notification`` byte for byte, in a ``notifications`` element that repeats
what it needs to be read alone: the namespaces, the organization and the action. The message's
SessionId is left out: it is a credential.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from defusedxml.ElementTree import DefusedXMLParser

from ingestion.outbound_message import OUTBOUND, SOAP, UNREADABLE, notifications, outbound
from ingestion.signatures import SalesforceVerifier
from ingestion.webhooks.base import (
    Receipt,
    Reply,
    SplitEvent,
    WebhookSource,
    content_key,
    id_or_content_key,
)

_KEPT: Final = ("OrganizationId", "ActionId")
_ACK: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    f'<soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Body>'
    f'<notificationsResponse xmlns="{OUTBOUND}"><Ack>true</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
)


def split(body: bytes, headers: Mapping[str, str]) -> Sequence[SplitEvent]:
    """The notifications; a body that is no outbound message is one event."""
    try:
        return list(_events(body))
    except UNREADABLE:
        return [SplitEvent(content_key(body), body)]


def acknowledge(receipt: Receipt) -> Reply:
    """What Salesforce takes as received: anything else is sent again for a day."""
    return Reply(_ACK.encode(), media_type="text/xml; charset=utf-8")


def _events(body: bytes) -> Iterator[SplitEvent]:
    message = notifications(body)
    listed = message.findall(outbound("Notification"))
    cuts = _Cutter(body).cut()
    if not listed or len(listed) != len(cuts):
        raise ValueError("no notifications where they should be")
    for notification, cut in zip(listed, cuts, strict=True):
        alone = _alone(message, cut, body[cut.start : cut.end])
        identifier = notification.findtext(outbound("Id"), "").strip()
        yield SplitEvent(id_or_content_key(identifier, alone), alone)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where a notification stands in a message, and the namespaces (by prefix) in force there."""

    start: int
    end: int
    namespaces: Mapping[str, str]


def _alone(message: Element, cut: _Cut, notification: bytes) -> bytes:
    prefix = next(name for name, uri in cut.namespaces.items() if uri == OUTBOUND)
    tag = f"{prefix}:" if prefix else ""
    declared = "".join(
        f" {f'xmlns:{name}' if name else 'xmlns'}={quoteattr(uri)}"
        for name, uri in cut.namespaces.items()
    )
    kept = "".join(
        f"<{tag}{name}>{escape(message.findtext(outbound(name), '').strip())}</{tag}{name}>"
        for name in _KEPT
    )
    start = f"<{tag}notifications{declared}>{kept}".encode()
    return start + notification + f"</{tag}notifications>".encode()


class _Cutter:
    """Finds the notifications' places in a message: takes what the parser meets, in order."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._cuts: list[_Cut] = []
        self._start = 0
        self._declared: dict[str, str] = {}
        self._scopes: list[dict[str, str]] = []
        # Places count bytes, so that the text must be read as what it is cut and kept as.
        self._parser = DefusedXMLParser(target=self, encoding="utf-8", forbid_dtd=True)
        self._expat = self._parser.parser

    def cut(self) -> Sequence[_Cut]:
        """The places, in order."""
        self._body.decode()  # the parser goes by a byte order mark, whatever it is told
        self._parser.feed(self._body)
        self._parser.close()
        return self._cuts

    def start_ns(self, prefix: str, uri: str) -> None:
        self._declared[prefix] = uri

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == outbound("Notification"):
            self._start = self._expat.CurrentByteIndex
        self._scopes.append(self._declared)
        self._declared = {}

    def end(self, tag: str) -> None:
        self._scopes.pop()
        if tag == outbound("Notification"):
            around = {name: uri for scope in self._scopes for name, uri in scope.items()}
            end = self._body.index(b">", self._expat.CurrentByteIndex) + 1
            self._cuts.append(_Cut(self._start, end, around))


SOURCE = WebhookSource("salesforce", SalesforceVerifier(), split, acknowledge=acknowledge)
