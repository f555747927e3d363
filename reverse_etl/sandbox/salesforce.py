"""A simulated Salesforce org: REST, Bulk API 2.0, tokens, limits and errors as documented."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace
from typing import Any, Final

from reverse_etl.sandbox import salesforce_auth
from reverse_etl.sandbox.answer import Answer, Request
from reverse_etl.sandbox.salesforce_auth import Tokens
from reverse_etl.sandbox.salesforce_bulk import Jobs
from reverse_etl.sandbox.salesforce_rest import collection, single
from reverse_etl.sandbox.salesforce_soql import query, resumed
from reverse_etl.sandbox.salesforce_store import Org, SalesforceError
from reverse_etl.sandbox.salesforce_wire import problem

_DATA: Final = re.compile(r"^/services/data/(?P<version>v\d+\.0)/?(?P<rest>.*)$")
_DAY: Final = 86_400.0
_CODES: Final = {
    401: "INVALID_SESSION_ID",
    403: "REQUEST_LIMIT_EXCEEDED",
    404: "NOT_FOUND",
    429: "TOO_MANY_REQUESTS",
    503: "SERVER_UNAVAILABLE",
}


class Salesforce:
    """One org. `limit`: requests in 24 hours; `lifetime`: seconds that an access token is good
    for; `job_seconds`: how long a bulk job takes; `query_page`: records of a query's page."""

    name = "salesforce"

    def __init__(
        self,
        *,
        limit: int = 100_000,
        lifetime: float = 7200.0,
        job_seconds: float = 0.2,
        query_page: int = 2000,
    ) -> None:
        self.query_page = query_page
        self.limit, self.lifetime, self.job_seconds = limit, lifetime, job_seconds
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._org = Org()
        self._jobs = Jobs(self._org, self.job_seconds)
        self._tokens = Tokens(self.lifetime)
        self._recent: deque[float] = deque()

    def owns(self, path: str) -> bool:
        """Whether a path is this vendor's."""
        return path.startswith("/services/")

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Everything held, by object, with the bulk jobs and the tokens given out."""
        kept = {kind: list(each.records.values()) for kind, each in self._org.objects.items()}
        jobs = [job.shown("v62.0") for job in self._jobs.jobs.values()]
        return {**kept, "jobs": jobs, "tokens": self._tokens.issued()}

    def handle(self, request: Request) -> Answer:
        """Answer one request."""
        if request.path == salesforce_auth.PATH and request.method == "POST":
            return self._tokens.grant(request)
        try:
            answer = self._answer(request)
        except SalesforceError as error:
            answer = problem(error)
        usage = {"sforce-limit-info": f"api-usage={len(self._recent)}/{self.limit}"}
        return replace(answer, headers={**usage, **answer.headers})

    def expired(self) -> Answer:
        """The answer to an expired token."""
        text = "Session expired or invalid"
        return problem(SalesforceError("INVALID_SESSION_ID", text, (), 401))

    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""
        code = _CODES.get(status, "UNKNOWN_EXCEPTION" if status >= 500 else "JSON_PARSER_ERROR")
        return problem(SalesforceError(code, "It failed by plan.", (), status))

    def _answer(self, request: Request) -> Answer:
        found = _DATA.match(request.path)
        if not found:
            return Answer(
                200, [{"label": "Winter '25", "url": "/services/data/v62.0", "version": "62.0"}]
            )
        if not self._tokens.accepts(request):
            return self.expired()
        self._count(request.at)
        self._jobs.advance(request.at)
        return self._route(request, found["version"], found["rest"])

    def _count(self, at: float) -> None:
        while self._recent and self._recent[0] <= at - _DAY:
            self._recent.popleft()
        if len(self._recent) >= self.limit:
            text = "TotalRequests Limit exceeded."
            raise SalesforceError("REQUEST_LIMIT_EXCEEDED", text, (), 403)
        self._recent.append(at)

    def _route(self, request: Request, version: str, rest: str) -> Answer:
        if rest.startswith("composite/sobjects"):
            return collection(self._org, request, rest.removeprefix("composite/sobjects"))
        if rest.startswith("jobs/ingest"):
            return self._jobs.handle(request, rest.removeprefix("jobs/ingest"), version)
        if rest.startswith("sobjects"):
            return single(self._org, request, rest.removeprefix("sobjects"), version)
        verb, _, place = rest.rstrip("/").partition("/")
        if verb in ("query", "queryAll"):
            text, start = resumed(place) if place else (request.query.get("q", ""), 0)
            page = {"start": start, "size": self.query_page}
            return Answer(200, query(self._org, text, version, **page, deleted=verb == "queryAll"))
        if rest.rstrip("/") == "limits":
            left = self.limit - len(self._recent)
            return Answer(200, {"DailyApiRequests": {"Max": self.limit, "Remaining": left}})
        raise SalesforceError("NOT_FOUND", "The requested resource does not exist", (), 404)
