"""Meta's cases of the conformance suite."""

from datetime import UTC, datetime, timedelta

from connector_case import TIMEOUT, Case

from reverse_etl.connectors import MetaSettings
from reverse_etl.testing import conversion


def _settings(url, token):
    return MetaSettings(token=token, dataset="123", url=url, timeout=TIMEOUT)


def _conversions(count):
    at = datetime.now(UTC) - timedelta(hours=1)
    return [conversion(number, at=at) for number in range(count)]


CASES = [Case("meta", "events", "events", "event_id", _conversions, _settings, repeats=True)]
