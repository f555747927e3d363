"""The contracts as data: which table, which key names a failing row, which expectations.

An expectation is named by its Great Expectations class; its arguments are that class's own.
To add a rule, add a line here; `runner.check` does the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Border = Literal["raw", "canonical", "activation"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation; `blocking` ones stop what is downstream, the others warn."""

    expectation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    blocking: bool = True


@dataclass(frozen=True, slots=True)
class Contract:
    """What a table promises. `key` columns identify a failing row without showing PII."""

    border: Border
    schema: str
    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    rules: tuple[Rule, ...]


def not_null(column: str, *, blocking: bool = True) -> Rule:
    return Rule("ExpectColumnValuesToNotBeNull", {"column": column}, blocking)


def unique(*columns: str) -> Rule:
    if len(columns) == 1:
        return Rule("ExpectColumnValuesToBeUnique", {"column": columns[0]})
    return Rule("ExpectCompoundColumnsToBeUnique", {"column_list": list(columns)})


def one_of(column: str, *values: str) -> Rule:
    return Rule("ExpectColumnValuesToBeInSet", {"column": column, "value_set": list(values)})


def matches(column: str, regex: str, *, blocking: bool = True) -> Rule:
    return Rule(
        "ExpectColumnValuesToMatchRegex", {"column": column, "regex": regex}, blocking=blocking
    )


SHA256 = r"^[0-9a-f]{64}$"

RAW = (
    Contract(
        border="raw",
        schema="raw",
        table="events",
        key=("position",),
        columns=("position", "source", "event_key", "kind", "received_at", "correlation_id"),
        rules=(
            unique("position"),
            unique("source", "event_key"),
            not_null("received_at"),
            not_null("correlation_id"),
            one_of("kind", "webhook", "pull", "decision", "answer", "backfill"),
        ),
    ),
)

CANONICAL = (
    Contract(
        border="canonical",
        schema="intermediate",
        table="int_event_outcomes",
        key=("position",),
        columns=(
            "position",
            "outcome",
            "case when outcome = 'applied' then 'APPLIED' else code end as reason",
        ),
        rules=(
            unique("position"),
            one_of("outcome", "applied", "quarantined", "ignored"),
            not_null("reason"),
            # A wave of bad payloads is for a person to look at, not a reason to stop good leads.
            Rule(
                "ExpectColumnValuesToBeInSet",
                {"column": "outcome", "value_set": ["applied", "ignored"], "mostly": 0.9},
                blocking=False,
            ),
        ),
    ),
    Contract(
        border="canonical",
        schema="marts",
        table="dim_people",
        key=("person_id",),
        columns=("person_id", "first_seen_at", "last_seen_at"),
        rules=(
            unique("person_id"),
            matches("person_id", r"^p_[0-9a-f]{24}$"),
            not_null("first_seen_at"),
            Rule(
                "ExpectColumnPairValuesAToBeGreaterThanB",
                {"column_A": "last_seen_at", "column_B": "first_seen_at", "or_equal": True},
            ),
        ),
    ),
    Contract(
        border="canonical",
        schema="marts",
        table="fct_conversions",
        key=("conversion_id",),
        columns=("conversion_id", "opportunity_id", "person_id", "converted_at", "value"),
        rules=(
            unique("conversion_id"),
            unique("opportunity_id"),
            not_null("person_id"),
            not_null("converted_at"),
            Rule("ExpectColumnValuesToBeBetween", {"column": "value", "min_value": 0}, False),
        ),
    ),
)

_ENVELOPE = (
    unique("entity_key"),
    not_null("person_id"),
    not_null("order_key"),
    not_null("event_time"),
    matches("payload_hash", SHA256),
    one_of("consent_status", "granted", "missing", "withdrawn"),
    one_of("mode", "state", "event"),
)
_ENVELOPE_COLUMNS = (
    "entity_key",
    "person_id",
    "order_key",
    "event_time",
    "mode",
    "payload_hash",
    "consent_status",
)


def _activation(table: str, fields: Mapping[str, str], *rules: Rule) -> Contract:
    """`fields`: column → JSON path into the payload, for rules about what leaves the house."""
    columns = tuple(
        f"json_extract_string(payload, '{path}') as {name}" for name, path in fields.items()
    )
    return Contract(
        border="activation",
        schema="activation",
        table=table,
        key=("entity_key",),
        columns=_ENVELOPE_COLUMNS + columns,
        rules=_ENVELOPE + rules,
    )


ACTIVATION = (
    _activation(
        "act_hubspot__companies",
        {"domain": "$.properties.domain"},
        matches("domain", r"^[^\s/@]+\.[^\s/@]+\Z"),
    ),
    _activation(
        "act_hubspot__contacts",
        {
            "email": "$.properties.email",
            "millrace_id": "$.properties.millrace_id",
            "lifecycle_stage": "$.properties.lifecyclestage",
        },
        not_null("millrace_id"),
        matches("email", r"^[^@\s]+@[^@\s]+\.[^@\s]+\Z"),
        one_of("lifecycle_stage", "lead", "marketingqualifiedlead", "customer"),
    ),
    _activation(
        "act_hubspot__deals",
        {
            "contact": "$.refers_to.contact",
            "deal_stage": "$.properties.dealstage",
            "currency": "$.properties.deal_currency_code",
        },
        not_null("contact"),
        not_null("deal_stage"),
        matches("currency", r"^[A-Z]{3}$"),
    ),
    _activation(
        "act_hubspot__merges",
        {"primary_id": "$.primaryObjectId", "other_id": "$.objectIdToMerge"},
        matches("primary_id", r"^[0-9]+\Z"),
        not_null("primary_id"),
        matches("other_id", r"^[0-9]+\Z"),
        not_null("other_id"),
    ),
    _activation(
        "act_hubspot__notes",
        {"contact": "$.refers_to.contact", "body": "$.properties.hs_note_body"},
        not_null("contact"),
        not_null("body"),
    ),
    _activation(
        "act_hubspot__tasks",
        {"contact": "$.refers_to.contact", "due": "$.properties.hs_timestamp"},
        not_null("contact"),
        not_null("due"),
    ),
    _activation(
        "act_meta__conversions",
        {
            "em": "$.user_data.em[0]",
            "ph": "$.user_data.ph[0]",
            "currency": "$.custom_data.currency",
            "event_id": "$.event_id",
            "sent_at": "$.event_time",
        },
        matches("em", SHA256),
        matches("ph", SHA256),
        matches("currency", r"^[A-Z]{3}$"),
        not_null("event_id"),
        matches("sent_at", r"^[0-9]{9,11}$"),
    ),
    _activation(
        "act_meta__lead_events",
        {
            "em": "$.user_data.em[0]",
            "ph": "$.user_data.ph[0]",
            "lead_id": "$.user_data.lead_id",
            "event_name": "$.event_name",
            "event_id": "$.event_id",
            "sent_at": "$.event_time",
        },
        matches("em", SHA256),
        matches("ph", SHA256),
        not_null("lead_id"),
        matches("lead_id", r"^[0-9]{15,17}$"),
        not_null("event_name"),
        not_null("event_id"),
        matches("sent_at", r"^[0-9]{9,11}$"),
    ),
    _activation(
        "act_meta__website_events",
        {
            "em": "$.user_data.em[0]",
            "ph": "$.user_data.ph[0]",
            "user_agent": "$.user_data.client_user_agent",
            "page": "$.event_source_url",
            "event_name": "$.event_name",
            "event_id": "$.event_id",
            "sent_at": "$.event_time",
        },
        matches("em", SHA256),
        matches("ph", SHA256),
        not_null("user_agent"),
        not_null("page"),
        not_null("event_name"),
        not_null("event_id"),
        matches("sent_at", r"^[0-9]{9,11}$"),
    ),
    _activation(
        "act_salesforce__accounts",
        {"name": "$.fields.Name", "employees": "$.fields.NumberOfEmployees"},
        matches("employees", r"^[0-9]+$"),
    ),
    _activation(
        "act_salesforce__leads",
        {"email": "$.fields.Email", "score": "$.fields.Millrace_Score__c"},
        matches("email", r"^[^@\s]+@[^@\s]+\.[^@\s]+\Z"),
        not_null("score"),
    ),
    _activation(
        "act_salesforce__contacts",
        {"email": "$.fields.Email", "score": "$.fields.Millrace_Score__c"},
        matches("email", r"^[^@\s]+@[^@\s]+\.[^@\s]+\Z"),
        not_null("score"),
    ),
    _activation(
        "act_salesforce__tasks",
        {"due": "$.fields.ActivityDate", "subject": "$.fields.Subject"},
        matches("due", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
        not_null("subject"),
    ),
    _activation(
        "act_slack__messages",
        {"text": "$.text"},
        not_null("text"),
        # A bare < would be markup: what people wrote must be escaped.
        matches("text", r"^[^<>]+\Z"),
    ),
    _activation(
        "act_teams__messages",
        {
            "card": "$.attachments[0].content.type",
            "title": "$.attachments[0].content.body[0].inlines[0].text",
        },
        not_null("card"),
        one_of("card", "AdaptiveCard"),
        not_null("title"),
    ),
    _activation(
        "act_webhook__events",
        {
            "type": "$.type",
            "timestamp": "$.timestamp",
            "id": "$.data.id",
            "person": "$.data.person_id",
        },
        one_of("type", "mql.reached", "conversion.won"),
        not_null("timestamp"),
        not_null("id"),
        not_null("person"),
    ),
    _activation(
        "act_ga4__events",
        {
            "client_id": "$.client_id",
            "name": "$.events[0].name",
            "micros": "$.timestamp_micros",
            "currency": "$.events[0].params.currency",
            "ad_user_data": "$.consent.ad_user_data",
        },
        matches("client_id", r"^[0-9A-Za-z._-]+\Z"),
        not_null("client_id"),
        one_of("name", "generate_lead", "purchase"),
        matches("micros", r"^[0-9]{15,17}$"),
        matches("currency", r"^[A-Z]{3}$"),
        one_of("ad_user_data", "GRANTED", "DENIED"),
    ),
    _activation(
        "act_apollo__people",
        {"email": "$.hashed_email", "record": "$.keeps.record_id"},
        not_null("email"),
        matches("email", SHA256),
        not_null("record"),
    ),
    _activation(
        "act_peopledatalabs__people",
        {"email": "$.email_hash", "record": "$.keeps.record_id"},
        not_null("email"),
        matches("email", SHA256),
        not_null("record"),
    ),
)

BY_BORDER: Mapping[Border, tuple[Contract, ...]] = {
    "raw": RAW,
    "canonical": CANONICAL,
    "activation": ACTIVATION,
}
