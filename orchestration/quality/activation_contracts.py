"""What may leave the house, table by table: rules about payloads, which no YAML describes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from orchestration.quality.expectations import SHA256, Rule, matches, not_null, one_of


@dataclass(frozen=True, slots=True)
class Leaving:
    """What is asked of a table's payloads besides what its YAML says of its columns."""

    table: str
    columns: tuple[str, ...]
    rules: tuple[Rule, ...]


_KIND: Final = "coalesce(try(json_type(payload)), 'no JSON') as payload_kind"
_IS_OBJECT: Final = replace(
    one_of("payload_kind", "OBJECT"), name="payload is a JSON object", columns=("payload",)
)


def _activation(table: str, fields: Mapping[str, str], *rules: Rule) -> Leaving:
    """`fields`: column → JSON path into the payload, for rules about what leaves the house."""
    columns = tuple(
        f"try(json_extract_string(payload, '{path}')) as {name}" for name, path in fields.items()
    )
    common = (matches("payload_hash", SHA256), _IS_OBJECT)
    return Leaving(table, ("payload_hash", _KIND, *columns), (*common, *rules))


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

BY_TABLE: Mapping[str, Leaving] = {each.table: each for each in ACTIVATION}
