"""Simulated vendors of facts about people: Apollo and People Data Labs.

They know everybody but those whose company is at `unknown.example`. An API key that begins with
`broke` has no credits; a match costs one.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import orjson

from reverse_etl.sandbox.answer import Answer, RefusedError, Request

_NOWHERE: Final = "unknown.example"
_SHA256: Final = re.compile(r"^[0-9a-f]{64}$")
_PERSON: Final[Mapping[str, Any]] = {
    "title": "VP Operations",
    "seniority": "vp",
    "city": "Berlin",
    "country": "Germany",
    "industry": "machinery",
    "employees": 240,
}


class _Account(ABC):
    """What the vendors have in common. `questions` are all that were asked, with their answer's
    status, so a repeat stands there twice."""

    name: str
    root: ClassVar[str]
    most: ClassVar[int]
    hash_field: ClassVar[str]
    domain_field: ClassVar[str]

    def __init__(self, credits_left: int | None = None) -> None:
        self._credits = credits_left
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._questions: list[dict[str, Any]] = []
        self._left = self._credits

    def owns(self, path: str) -> bool:
        """Whether a path is this vendor's."""
        return path.startswith(self.root)

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Every question that was answered, in order."""
        return {"questions": self._questions}

    def handle(self, request: Request) -> Answer:
        """Answer one request."""
        try:
            self._authorise(request)
            return self._answer(request, _body(self, request))
        except RefusedError as refused:
            return refused.answer

    def expired(self) -> Answer:
        """The answer to a key that was taken back."""
        return self.failure(401)

    @abstractmethod
    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""

    @abstractmethod
    def _answer(self, request: Request, body: Mapping[str, Any]) -> Answer:
        """The answer to a question by somebody who may ask."""

    def _authorise(self, request: Request) -> None:
        key = request.headers.get("x-api-key", "")
        if not key or key.startswith(("invalid", "expired")):
            raise RefusedError(self.failure(401))
        if key.startswith("broke") or self._left == 0:
            raise RefusedError(self.failure(402))

    def _look_up(self, question: Mapping[str, Any]) -> bool:
        """Whether this person is known; a match costs a credit."""
        hashed = str(question.get(self.hash_field) or "")
        if not _SHA256.match(hashed):
            raise RefusedError(self.failure(422))
        known = question.get(self.domain_field) != _NOWHERE
        self._questions.append({"key": hashed, "asked": dict(question), "is_match": known})
        if known and self._left is not None:
            self._left = max(self._left - 1, 0)
        return known

    def _items(self, given: object) -> list[Mapping[str, Any]]:
        items = given if isinstance(given, list) else []
        if not 0 < len(items) <= self.most or not all(isinstance(each, dict) for each in items):
            raise RefusedError(self.failure(400))
        return items


class Apollo(_Account):
    """One bad question fails the request."""

    name = "apollo"
    root = "/api/v1/people/"
    most = 10
    hash_field, domain_field = "hashed_email", "domain"

    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""
        words = {401: "Invalid access credentials.", 402: "You have insufficient credits."}
        return Answer(status, {"error": words.get(status, "The request was refused.")})

    def _answer(self, request: Request, body: Mapping[str, Any]) -> Answer:
        if request.path == f"{self.root}match":
            return Answer(200, {"person": self._person(body)})
        if request.path != f"{self.root}bulk_match":
            return self.failure(404)
        details = self._items(body.get("details"))
        if request.spoil_item:
            return self.failure(422)
        matches = [self._person(each) for each in details]
        found = sum(each is not None for each in matches)
        counts = {
            "total_requested_enrichments": len(details),
            "unique_enriched_records": found,
            "missing_records": len(details) - found,
            "credits_consumed": found,
        }
        return Answer(200, {"status": "success", "matches": matches, **counts})

    def _person(self, question: Mapping[str, Any]) -> dict[str, Any] | None:
        if not self._look_up(question):
            return None
        domain = question.get("domain")
        company = {
            "name": "Sandbox GmbH",
            "website_url": f"http://www.{domain}",
            "primary_domain": domain,
            "industry": _PERSON["industry"],
            "estimated_num_employees": _PERSON["employees"],
        }
        return {
            "id": f"apollo-{question['hashed_email'][:12]}",
            "first_name": question.get("first_name"),
            "title": _PERSON["title"],
            "seniority": _PERSON["seniority"],
            "city": _PERSON["city"],
            "country": _PERSON["country"],
            "linkedin_url": "http://www.linkedin.com/in/sandbox",
            "email": "somebody@sandbox.example",
            "organization": company,
        }


class PeopleDataLabs(_Account):
    """Each question has a status of its own."""

    name = "peopledatalabs"
    root = "/v5/person/"
    most = 100
    hash_field, domain_field = "email_hash", "company"

    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""
        words = {401: "authentication_error", 402: "payment_required", 404: "not_found"}
        word = words.get(status, "rate_limit_error" if status == 429 else "invalid_request_error")
        return Answer(status, _error(status, word))

    def _answer(self, request: Request, body: Mapping[str, Any]) -> Answer:
        if request.path == f"{self.root}enrich":
            told = self._result(body)
            return Answer(told["status"], told)
        if request.path != f"{self.root}bulk":
            return self.failure(404)
        questions = [each.get("params") for each in self._items(body.get("requests"))]
        if not all(isinstance(each, dict) for each in questions):
            return self.failure(400)
        results = [self._result(each) for each in questions if isinstance(each, dict)]
        if request.spoil_item:
            self._questions.pop()
            results[-1] = _error(400, "invalid_request_error")
        return Answer(200, results)

    def _result(self, question: Mapping[str, Any]) -> dict[str, Any]:
        if self._left == 0:
            return _error(402, "payment_required")
        if not self._look_up(question):
            return _error(404, "not_found")
        person = {
            "id": f"pdl-{question['email_hash'][:12]}",
            "job_title": _PERSON["title"].lower(),
            "job_title_levels": [_PERSON["seniority"]],
            "job_company_name": "sandbox gmbh",
            "job_company_website": question.get("company"),
            "job_company_size": "201-500",
            "job_company_employee_count": _PERSON["employees"],
            "job_company_industry": _PERSON["industry"],
            "location_country": _PERSON["country"].lower(),
            "location_locality": _PERSON["city"].lower(),
            "linkedin_url": "linkedin.com/in/sandbox",
            "mobile_phone": "+493012345678",
            "personal_emails": ["somebody@sandbox.example"],
        }
        return {"status": 200, "likelihood": 9, "data": person}


def _error(status: int, word: str) -> dict[str, Any]:
    return {"status": status, "error": {"type": word, "message": "See the documentation."}}


def _body(account: _Account, request: Request) -> Mapping[str, Any]:
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise RefusedError(account.failure(400))
    return body
