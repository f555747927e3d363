"""Apollo: people enrichment, ten people a request.

Results stand in the order of the questions, null for somebody Apollo does not know. Phones and
private addresses are not asked for: they cost more and come by another way. Credentials: an API
key that may use this endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from reverse_etl.connectors.enrichment.connector import Enrichment, match, no_match
from reverse_etl.connectors.enrichment.fields import domain_of, first, inner
from reverse_etl.connectors.http import Form, Response
from reverse_etl.model import Delivery, Outcome


class Apollo(Enrichment):
    """The connector; see reverse_etl.connectors.base.Connector."""

    destination = "apollo"
    actions: ClassVar = {"enrich_person": 10}
    path = "/api/v1/people/bulk_match"
    form: ClassVar[Form] = "object"

    def question(self, about: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """See Enrichment.question."""
        return {
            "details": list(about),
            "reveal_personal_emails": False,
            "reveal_phone_number": False,
        }

    def results(self, answer: Response) -> Sequence[object] | None:
        """See Enrichment.results."""
        matches = answer.body.get("matches")
        return matches if isinstance(matches, list) else None

    def outcome(self, row: Delivery, result: object) -> Outcome:
        """See Enrichment.outcome."""
        if not isinstance(result, Mapping) or not result.get("id"):
            return no_match(row)
        return match(row, fields(result), result.get("id"))


def fields(person: Mapping[str, Any]) -> dict[str, Any]:
    """Our names for what Apollo says of a person. Pure."""
    company = inner(person, "organization")
    return {
        "job_title": person.get("title"),
        "seniority": person.get("seniority"),
        "company": company.get("name"),
        "company_domain": first(company.get("primary_domain"))
        or domain_of(company.get("website_url")),
        "employees": company.get("estimated_num_employees"),
        "industry": company.get("industry"),
        "country": person.get("country"),
        "city": person.get("city"),
        "linkedin_url": person.get("linkedin_url"),
    }
