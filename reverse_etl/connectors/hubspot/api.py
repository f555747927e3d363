"""HubSpot's HTTP interface: paths by API version, and what its answers mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from reverse_etl import catalogue
from reverse_etl.connectors.base import Work
from reverse_etl.connectors.http import Endpoint, Response
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Kind, Outcome
from reverse_etl.retry import classify, wrong_address

_DATED = re.compile(r"^\d{4}-\d{2}$")
_NOT_FOUND: Final = 404
_SIGNED: Final = frozenset({"category", "correlationId"})  # what HubSpot's own errors hold
_EXISTING_ID = re.compile(r"Existing ID:\s*(\d+)")


@dataclass(frozen=True, slots=True)
class HubSpotApi:
    """The calls we make. Each raises CallFailedError unless HubSpot took the request."""

    endpoint: Endpoint
    version: str

    def objects_path(self, kind: str, rest: str) -> str:
        """The path of an object endpoint, e.g. /crm/v3/objects/contacts/batch/read."""
        if _DATED.match(self.version):
            return f"/crm/objects/{self.version}/{kind}/{rest}"
        return f"/crm/{self.version}/objects/{kind}/{rest}"

    def properties_path(self, kind: str) -> str:
        """The path of an object's property definitions."""
        if _DATED.match(self.version):
            return f"/crm/properties/{self.version}/{kind}"
        return f"/crm/{self.version}/properties/{kind}"

    def associations_path(self, kind: str, other: str, rest: str) -> str:
        """The path of an endpoint for associations from objects of one kind to another."""
        if _DATED.match(self.version):
            return f"/crm/associations/{self.version}/{kind}/{other}/{rest}"
        return f"/crm/v4/associations/{kind}/{other}/{rest}"

    async def batch(
        self, work: Work, kind: str, verb: str, inputs: Sequence[Mapping[str, Any]], **extra: Any
    ) -> Response:
        """POST a batch; `verb` is create, update, upsert or read."""
        body = {"inputs": list(inputs), **extra}
        return check(
            await self.endpoint.call(
                work, "POST", self.objects_path(kind, f"batch/{verb}"), body, items=len(inputs)
            )
        )

    async def associations(
        self, work: Work, kind: str, other: str, verb: str, inputs: Sequence[Mapping[str, Any]]
    ) -> Response:
        """POST a batch about associations from one kind to another; `verb` is create or read."""
        path = self.associations_path(kind, other, f"batch/{verb}")
        body = {"inputs": list(inputs)}
        return check(await self.endpoint.call(work, "POST", path, body, items=len(inputs)))

    async def read(
        self, work: Work, kind: str, vendor_id: str, names: Sequence[str]
    ) -> Mapping[str, Any] | None:
        """The object that an id leads to, which may bear another id by now; None without one."""
        asked = urlencode({"properties": ",".join(names)})
        path = f"{self.objects_path(kind, quote(vendor_id, safe=''))}?{asked}"
        answer = await self.endpoint.call(work, "GET", path)
        return None if _is_missing(answer) else check(answer).body

    async def merge(self, work: Work, kind: str, primary: str, other: str) -> Response:
        """Make one object of two; what `primary` holds stays."""
        body = {"primaryObjectId": primary, "objectIdToMerge": other}
        return check(await self.endpoint.call(work, "POST", self.objects_path(kind, "merge"), body))

    async def property_names(self, work: Work, kind: str) -> frozenset[str]:
        """The names of an object's properties."""
        answer = check(await self.endpoint.call(work, "GET", self.properties_path(kind)))
        return frozenset(str(item.get("name")) for item in answer.list("results"))

    async def create_property(self, work: Work, kind: str, definition: Mapping[str, Any]) -> None:
        """Create a property; one that exists by now is fine."""
        answer = await self.endpoint.call(work, "POST", self.properties_path(kind), definition)
        if answer.status != 409:
            check(answer)


def check(answer: Response) -> Response:
    """The answer, if HubSpot took the request. Raises CallFailedError."""
    if 200 <= answer.status < 300:
        return answer
    if answer.status == _NOT_FOUND and not _is_missing(answer):
        raise CallFailedError(wrong_address(answer.status), answer)
    outcome = classify(
        answer.status, message=message_of(answer.body), retry_after=answer.retry_after
    )
    if outcome.kind is Kind.PERMANENT:  # which item is to blame is not known
        outcome = Outcome(Kind.REFUSED, category(answer.body), outcome.message, answer.status)
    raise CallFailedError(outcome, answer)


def _is_missing(answer: Response) -> bool:
    """Whether HubSpot itself says that it has no such object; else the address is wrong."""
    return answer.status == _NOT_FOUND and not _SIGNED.isdisjoint(answer.body)


def category(error: Mapping[str, Any]) -> str:
    """HubSpot's error category as one of our codes."""
    name = str(error.get("category") or catalogue.REFUSED).upper()
    return name if name.isidentifier() else catalogue.REFUSED


def message_of(error: Mapping[str, Any]) -> str:
    """What HubSpot said, if anything."""
    return str(error.get("message") or "")


def existing_id(error: Mapping[str, Any]) -> str | None:
    """The id of the object that stands in the way, when HubSpot names it."""
    found = _EXISTING_ID.search(message_of(error))
    return found[1] if found else None


def blamed(error: Mapping[str, Any], name: str) -> frozenset[str]:
    """The values under `name` in an error's context; every field there is optional."""
    context = error.get("context")
    values = context.get(name) if isinstance(context, Mapping) else None
    return frozenset(str(value) for value in values) if isinstance(values, list) else frozenset()


def properties_of(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of a result."""
    return inside(item, "properties")


def listed(item: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    """The objects in a list under `name`; anything else there counts as absent."""
    found = item.get(name)
    return tuple(o for o in found if isinstance(o, Mapping)) if isinstance(found, list) else ()


def inside(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under `name`; empty when there is none."""
    found = item.get(name)
    return found if isinstance(found, Mapping) else {}


def by_property(items: Iterable[Mapping[str, Any]], name: str) -> dict[str, Mapping[str, Any]]:
    """Results by the value of a property, in lower case for e-mail addresses."""
    pairs = ((properties_of(item).get(name), item) for item in items if item.get("id"))
    return {
        fold(str(value)) if name == "email" else str(value): item for value, item in pairs if value
    }


def fold(email: str) -> str:
    """An e-mail address as HubSpot compares it."""
    return email.strip().lower()
