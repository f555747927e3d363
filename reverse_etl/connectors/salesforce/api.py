"""Salesforce's HTTP interface: paths by API version, and what its answers mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from reverse_etl import catalogue
from reverse_etl.connectors.base import Work
from reverse_etl.connectors.http import Endpoint, Form, Response
from reverse_etl.connectors.salesforce.usage import Usage, long_wait
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Kind, Outcome
from reverse_etl.retry import classify, wrong_address

COLLECTION: Final = 200
_LIMIT: Final = catalogue.REQUEST_LIMIT_EXCEEDED
_TEMPORARY: Final = frozenset(
    {"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG"}
)
_NOT_FOUND: Final = 404
_JOB: Final = re.compile(r"/jobs/ingest/[^/]")  # one job, which Salesforce forgets in the end
_SEVERAL: Final = "DUPLICATE_EXTERNAL_ID"
_QUERY_LENGTH: Final = 8000  # an address may have 16,384 bytes

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SalesforceApi:
    """The calls we make. Each raises CallFailedError unless Salesforce took the request."""

    endpoint: Endpoint
    version: str
    key_field: str
    usage: Usage

    async def call(
        self,
        work: Work,
        method: str,
        path: str,
        body: Any = None,
        *,
        items: int = 1,
        form: Form = "object",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """One request, unless too few are left of the day's."""
        attempts = max((row.attempts for row in work.batch), default=0)
        if refused := self.usage.refusal(work.context.now, attempts):
            raise CallFailedError(refused)
        path = f"/services/data/{self.version}/{path}"
        answer = await self.endpoint.call(
            work, method, path, body, items=items, form=form, headers=headers
        )
        self.usage.learn(answer.headers, work.context.now)
        if answer.status == _NOT_FOUND and not _JOB.search(path):
            raise CallFailedError(wrong_address(answer.status, _told(answer)[1]), answer)
        return check(answer, attempts)

    async def upsert(self, work: Work, kind: str, records: Sequence[Record]) -> Response:
        """Write by our key, up to 200; one result each, in order."""
        return await self._collection(work, f"composite/sobjects/{kind}/{self.key_field}", records)

    async def update(self, work: Work, records: Sequence[Record]) -> Response:
        """Write by Salesforce's ids, up to 200; one result each, in order."""
        return await self._collection(work, "composite/sobjects", records)

    async def _collection(self, work: Work, path: str, records: Sequence[Record]) -> Response:
        body = {"allOrNone": False, "records": list(records)}
        answer = await self.call(work, "PATCH", path, body, items=len(records), form="list")
        if len(answer.items) != len(records):
            text = "Salesforce did not answer for each record."
            outcome = Outcome(Kind.UNKNOWN, catalogue.MALFORMED_ANSWER, text, answer.status)
            raise CallFailedError(outcome, answer)
        return answer

    async def field_definitions(self, work: Work, kind: str) -> tuple[Record, ...]:
        """The fields of an object that our user may see."""
        return (await self.call(work, "GET", f"sobjects/{kind}/describe")).list("fields")

    async def find(
        self, work: Work, kind: str, by: str, values: Iterable[str], fields: Iterable[str]
    ) -> dict[str, Record]:
        """Records by the value of one field. SOQL reads what is committed, without a lag."""
        chosen = ", ".join(sorted({"Id", by, *fields}))
        found: dict[str, Record] = {}
        for literals in _portions(values):
            listed = ", ".join(literals)
            query = f"SELECT {chosen} FROM {kind} WHERE {by} IN ({listed})"  # noqa: S608  quoted
            answer = await self.call(work, "GET", f"query?q={quote(query)}", items=len(literals))
            found.update({str(record.get(by)): record for record in answer.list("records")})
        return found


def _portions(values: Iterable[str]) -> list[list[str]]:
    """Quoted values, so many at once as fit into an address."""
    portions: list[list[str]] = []
    length = _QUERY_LENGTH
    for value in dict.fromkeys(values):
        literal = "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
        length += len(quote(literal)) + 4
        if length > _QUERY_LENGTH or len(portions[-1]) == COLLECTION:
            portions.append([])
            length = len(quote(literal)) + 4
        portions[-1].append(literal)
    return portions


def check(answer: Response, attempts: int = 0) -> Response:
    """The answer, if Salesforce took the request. Raises CallFailedError."""
    if 200 <= answer.status < 300:
        return answer
    code, message = _told(answer)
    outcome = classify(answer.status, message=message, retry_after=answer.retry_after)
    if code == _LIMIT and answer.status == 403:  # the day's requests, not our credentials
        outcome = _temporary(code, message, answer, answer.retry_after or long_wait(attempts))
    elif code in _TEMPORARY:
        outcome = _temporary(code, message, answer, answer.retry_after)
    elif answer.status == 300:
        outcome = Outcome(Kind.PERMANENT, _SEVERAL, "Several records have this key.", 300)
    elif outcome.kind is Kind.PERMANENT:  # an address that is wrong is no item's fault
        kind = Kind.PERMANENT if answer.status == 404 else Kind.REFUSED
        outcome = Outcome(kind, code, message, answer.status)
    raise CallFailedError(outcome, answer)


def _told(answer: Response) -> tuple[str, str]:
    """Code and message of a request that failed as a whole."""
    error = answer.items[0] if answer.items else {}
    return code_of(error.get("errorCode")), str(error.get("message") or "")


def _temporary(code: str, message: str, answer: Response, wait: timedelta | None) -> Outcome:
    return Outcome(Kind.RETRYABLE, code, message, answer.status, wait)


def settle(work: Work, row: Delivery, result: Record, status: int) -> None:
    """Note what Salesforce says of one record of a collection."""
    if result.get("success") is True and result.get("id"):
        work.delivered(row, str(result["id"]), status)
        return
    errors = result.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    error = first if isinstance(first, Mapping) else {}
    work.set(row, refused(error.get("statusCode"), str(error.get("message") or ""), status))


def refused(name: object, message: str, status: int | None) -> Outcome:
    """An item's own error: only a lock (or a pause over there) passes by itself."""
    code = code_of(name)
    kind = Kind.RETRYABLE if code in {*_TEMPORARY, _LIMIT} else Kind.PERMANENT
    return Outcome(kind, code, message, status)


def code_of(name: object) -> str:
    """Salesforce's status code as one of our codes."""
    code = str(name or catalogue.REFUSED).upper()
    return code if code.isidentifier() else catalogue.REFUSED
