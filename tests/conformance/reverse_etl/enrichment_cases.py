"""The cases of Apollo and People Data Labs in the conformance suite."""

import hashlib

from connector_case import TIMEOUT, Case

from reverse_etl.connectors import ApolloSettings, PeopleDataLabsSettings
from reverse_etl.testing import activation_row

FIELDS = {"apollo": ("hashed_email", "domain"), "peopledatalabs": ("email_hash", "company")}
SETTINGS = {"apollo": ApolloSettings, "peopledatalabs": PeopleDataLabsSettings}


def settings(vendor, url, key, **changes):
    account = {"api_key": key, "requests_per_minute": None, "credits_per_day": None, **changes}
    return SETTINGS[vendor](url=url, timeout=TIMEOUT, **account)


def question(vendor, number, *, domain="sandbox.example", **changes):
    """The row that asks about person `number`; its key here is what the vendor sees of it."""
    person = f"person-{number}"
    hashed = hashlib.sha256(f"lead{number}@{domain}".encode()).hexdigest()
    hash_field, domain_field = FIELDS[vendor]
    payload = {
        domain_field: domain,
        "first_name": "Ada",
        hash_field: hashed,
        "keeps": {"email_sha256": hashed, "record_id": f"typeform:email:{number}"},
        "last_name": f"Lovelace{number}",
    }
    return activation_row(
        payload,
        changes,
        destination=vendor,
        action="enrich_person",
        mode="event",
        entity_key=hashed,
        person_id=person,
        purpose="crm",
        priority=2,
    )


def _case(vendor, path):
    return Case(
        vendor,
        "questions",
        path,
        "key",
        lambda count: [question(vendor, number) for number in range(count)],
        lambda url, key: settings(vendor, url, key),
        repeats=True,
        keeps_keys=False,
    )


CASES = [_case("apollo", "bulk_match"), _case("peopledatalabs", "person/bulk")]
