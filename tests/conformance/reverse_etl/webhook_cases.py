"""The cases of signed webhooks in the conformance suite."""

import base64

from connector_case import GOOD, TIMEOUT, Case

from reverse_etl.connectors import WebhookSettings
from reverse_etl.testing import NOON, activation_row


def secret_of(key):
    return "whsec_" + base64.b64encode(key).decode()


KNOWN = secret_of(b"sandbox-sandbox-sandbox-sandbox")
UNKNOWN = secret_of(b"somebody-else's-secret-somebody")


def settings(url, token, **changes):
    account = {"signing_secrets": KNOWN if token == GOOD else UNKNOWN, "timeout": TIMEOUT}
    return WebhookSettings(url=f"{url}/hooks/millrace", **{**account, **changes})


def event(number, **changes):
    key = f"mql_reached:test:{number}"
    person = f"person-{number}"
    data = {"id": key, "person_id": person, "score": 62}
    return activation_row(
        {"type": "mql.reached", "timestamp": NOON.isoformat(), "data": data},
        changes,
        destination="webhook",
        action="post_event",
        mode="event",
        entity_key=key,
        person_id=person,
        purpose="crm",
        priority=0,
    )


def _events(count):
    return [event(number) for number in range(count)]


CASES = [
    Case(
        "webhook",
        "events",
        "hooks/",
        "body.data.id",
        _events,
        settings,
        repeats=True,
        batches=False,
        reads_answers=False,
    ),
]
