"""HubSpot's cases of the conformance suite."""

from connector_case import TIMEOUT, Case

from reverse_etl.connectors import HubSpotSettings
from reverse_etl.testing import contact, task


def _settings(url, token):
    return HubSpotSettings(token=token, url=url, timeout=TIMEOUT)


def _contacts(count):
    return [contact(number) for number in range(count)]


def _tasks(count):
    return [task(number) for number in range(count)]


CASES = [
    Case("hubspot", "contacts", "contacts/batch/upsert", "millrace_id", _contacts, _settings),
    Case(
        "hubspot", "tasks", "tasks/batch/create", "millrace_key", _tasks, _settings, first=_contacts
    ),
]
