"""People Data Labs: person enrichment, a hundred people a request.

Each result has a status of its own: 404 for somebody the vendor does not know. When the account is
limited, `x-ratelimit-reset` says until when. Credentials: an API key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from reverse_etl import catalogue
from reverse_etl.connectors.enrichment.connector import (
    PAYMENT_REQUIRED,
    Enrichment,
    match,
    no_credits,
    no_match,
)
from reverse_etl.connectors.enrichment.fields import domain_of, first
from reverse_etl.connectors.enrichment.settings import PeopleDataLabsSettings
from reverse_etl.connectors.http import Form, Response
from reverse_etl.connectors.outside import Outside
from reverse_etl.model import Delivery, Kind, Outcome
from reverse_etl.retry import classify

_OK: Final = 200
_NOT_FOUND: Final = 404


class PeopleDataLabs(Enrichment):
    """The connector; see reverse_etl.connectors.base.Connector."""

    destination = "peopledatalabs"
    actions: ClassVar = {"enrich_person": 100}
    path = "/v5/person/bulk"
    form: ClassVar[Form] = "list"

    def __init__(self, settings: PeopleDataLabsSettings, outside: Outside) -> None:
        super().__init__(settings, outside)
        self._likelihood = settings.min_likelihood
        self._phones = settings.phones

    def question(self, about: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """See Enrichment.question."""
        sure = {"min_likelihood": self._likelihood}
        return {"requests": [{"params": {**each, **sure}} for each in about]}

    def results(self, answer: Response) -> Sequence[object] | None:
        """See Enrichment.results."""
        return answer.content if isinstance(answer.content, list) else None

    def outcome(self, row: Delivery, result: object) -> Outcome:
        """See Enrichment.outcome."""
        told = result if isinstance(result, Mapping) else {}
        status, person = told.get("status"), told.get("data")
        if status == _OK and isinstance(person, Mapping):
            return match(row, fields(person, phones=self._phones), person.get("id"))
        if status == _NOT_FOUND:
            return no_match(row)
        if status == PAYMENT_REQUIRED:
            return no_credits(status)
        if isinstance(status, int) and status >= 400:
            return classify(status)
        text = "The result of this person cannot be read."
        return Outcome(Kind.PERMANENT, catalogue.MALFORMED_ANSWER, text, _OK)

    def refusal(self, answer: Response, now: datetime) -> Outcome:
        """See Enrichment.refusal."""
        found = super().refusal(answer, now)
        if found.code != catalogue.RATE_LIMITED or found.retry_after is not None:
            return found
        return replace(found, retry_after=_until_reset(answer, now))


def _until_reset(answer: Response, now: datetime) -> timedelta | None:
    """How long until the window ends, where the header says so in a way that can be read."""
    try:
        reset = datetime.fromisoformat(answer.headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return None
    return max((reset if reset.tzinfo else reset.replace(tzinfo=UTC)) - now, timedelta())


def fields(person: Mapping[str, Any], *, phones: bool) -> dict[str, Any]:
    """Our names for what People Data Labs says of a person. Pure."""
    levels = person.get("job_title_levels")
    return {
        "job_title": person.get("job_title"),
        "seniority": first(*levels) if isinstance(levels, list) else None,
        "company": person.get("job_company_name"),
        "company_domain": domain_of(person.get("job_company_website")),
        "employees": first(
            person.get("job_company_employee_count"), person.get("job_company_size")
        ),
        "industry": first(person.get("job_company_industry"), person.get("industry")),
        "country": person.get("location_country"),
        "city": person.get("location_locality"),
        "linkedin_url": person.get("linkedin_url"),
        "phone": person.get("mobile_phone") if phones else None,
    }
