"""Teams' cases of the conformance suite."""

from connector_case import TIMEOUT, Case

from reverse_etl.connectors import TeamsSettings
from reverse_etl.testing import activation_row


def address(url, signature, flow="a1b2c3"):
    return f"{url}/teams/workflows/{flow}/triggers/manual/paths/invoke?sig={signature}"


def settings(url, token, **changes):
    account = {"requests_per_minute": None, "timeout": TIMEOUT, **changes}
    return TeamsSettings(webhook_url=address(url, token), **account)


def card(text, fallback="A lead"):
    return {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [{"type": "TextBlock", "text": text}],
                    "fallbackText": fallback,
                },
            }
        ],
    }


def message(number, payload=None, **changes):
    key = f"mql_reached:test:{number}"
    return activation_row(
        payload or card(f"Call lead {number}", fallback=key),
        changes,
        destination="teams",
        action="post_message",
        mode="event",
        entity_key=key,
        person_id=f"person-{number}",
        purpose="sales",
        priority=0,
    )


def _messages(count):
    return [message(number) for number in range(count)]


CASES = [
    Case(
        "teams",
        "messages",
        "teams/",
        "card.fallbackText",
        _messages,
        settings,
        repeats=True,
        batches=False,
        reads_answers=False,
    ),
]
