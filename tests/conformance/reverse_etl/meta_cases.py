"""Meta's cases of the conformance suite."""

from datetime import UTC, datetime, timedelta

from connector_case import TIMEOUT, Case

from reverse_etl.connectors import MetaSettings
from reverse_etl.testing import conversion, lead_event, website_event


def _settings(url, token):
    return MetaSettings(token=token, dataset="123", url=url, timeout=TIMEOUT)


def _rows(make):
    def rows(count):
        at = datetime.now(UTC) - timedelta(hours=1)
        return [make(number, at=at) for number in range(count)]

    return rows


CASES = [
    Case("meta", "events", "events", "event_id", _rows(make), _settings, repeats=True, name=name)
    for name, make in (
        ("events", conversion),
        ("lead_events", lead_event),
        ("website_events", website_event),
    )
]
