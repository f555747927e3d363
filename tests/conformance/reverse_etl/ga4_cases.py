"""Google Analytics' cases of the conformance suite."""

from datetime import UTC, datetime, timedelta

from connector_case import TIMEOUT, Case

from reverse_etl.connectors import Ga4Settings
from reverse_etl.testing import activation_row


def settings(url, token, **changes):
    account = {"measurement_id": "G-1234567890", "api_secret": token, "timeout": TIMEOUT}
    return Ga4Settings(url=url, **{**account, **changes})


def purchase(number, *, at=None, params=None, body=None, **changes):
    at = at or datetime.now(UTC) - timedelta(hours=1)
    key = f"conversion-{number}"
    sale = {"transaction_id": key, "value": 10.0, "currency": "EUR", **(params or {})}
    payload = {
        "client_id": f"{number}.1700000000",
        "user_id": f"person-{number}",
        "timestamp_micros": int(at.timestamp() * 1_000_000),
        "consent": {"ad_user_data": "GRANTED", "ad_personalization": "GRANTED"},
        "events": [{"name": "purchase", "params": sale}],
        **(body or {}),
    }
    changes = {"event_time": at, "deadline_at": at + timedelta(hours=72), **changes}
    return activation_row(
        payload,
        changes,
        destination="ga4",
        action="send_event",
        mode="event",
        entity_key=key,
        person_id=f"person-{number}",
        purpose="advertising",
        priority=5,
    )


def _purchases(count):
    return [purchase(number) for number in range(count)]


CASES = [
    Case(
        "ga4",
        "events",
        "mp/collect",
        "params.transaction_id",
        _purchases,
        settings,
        repeats=True,
        batches=False,
        reads_answers=False,
        knows_tokens=False,
    ),
]
