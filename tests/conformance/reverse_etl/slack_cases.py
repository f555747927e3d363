"""Slack's cases of the conformance suite."""

from connector_case import TIMEOUT, Case

from reverse_etl.connectors import SlackSettings
from reverse_etl.testing import activation_row

CHANNEL = "C0123456789"


def settings(url, token, **changes):
    account = {"token": token, "channel": CHANNEL, "requests_per_minute": None, **changes}
    return SlackSettings(url=url, timeout=TIMEOUT, **account)


def message(number, payload=None, **changes):
    person = f"person-{number}"
    return activation_row(
        payload or {"text": f"Call lead {number}"},
        changes,
        destination="slack",
        action="post_message",
        mode="event",
        entity_key=f"mql_reached:test:{number}",
        person_id=person,
        purpose="sales",
        priority=0,
    )


def _messages(count):
    return [message(number) for number in range(count)]


CASES = [
    Case(
        "slack",
        "messages",
        "chat.postMessage",
        "metadata.event_payload.key",
        _messages,
        settings,
        batches=False,
        stops_at=frozenset(),  # a word of its own says what is wrong
        keeps_keys=False,
    ),
]
