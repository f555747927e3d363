"""HubSpot's cases of the conformance suite."""

from connector_case import TIMEOUT, Case

from reverse_etl.connectors import HubSpotSettings
from reverse_etl.sandbox.hubspot_store import FIRST_ID
from reverse_etl.testing import company, contact, deal, merge, note, task


def _settings(url, token):
    return HubSpotSettings(token=token, url=url, timeout=TIMEOUT)


def _contacts(count):
    return [contact(number) for number in range(count)]


def _tasks(count):
    return [task(number) for number in range(count)]


def _notes(count):
    return [note(number) for number in range(count)]


def _companies(count):
    return [company(number) for number in range(count)]


def _deals(count):
    return [deal(number) for number in range(count)]


def _contacts_and_companies(count):
    return [*_contacts(count), *_companies(count)]


def _twins(count):
    """Two contacts for each person, of which the second has no address of its own."""
    others = [contact(f"{number}-twin", properties={"email": ""}) for number in range(count)]
    return [*_contacts(count), *others]


def _merges(count):
    """The sandbox counts its ids, and each twin comes after its person: so the ids are known."""
    ids = [str(FIRST_ID + number) for number in range(2 * count)]
    return [merge(number, *ids[2 * number : 2 * number + 2]) for number in range(count)]


class _MergeCase(Case):
    """A merge's key is the two ids."""

    def key_of(self, item):
        return f"{item['primaryObjectId']}:{item['objectIdToMerge']}"


_OWN = {"stops_at": frozenset()}  # its 404 says by its form that only an object is missing


def _case(objects, verb, key, rows, **more):
    return Case("hubspot", objects, f"{objects}/batch/{verb}", key, rows, _settings, **_OWN, **more)


CASES = [
    _case("contacts", "upsert", "millrace_id", _contacts),
    _case("companies", "upsert", "millrace_account_id", _companies),
    _case("deals", "upsert", "millrace_deal_id", _deals, first=_contacts_and_companies),
    _case("tasks", "create", "millrace_key", _tasks, first=_contacts),
    _case("notes", "create", "millrace_key", _notes, first=_contacts),
    _MergeCase(
        "hubspot",
        "merges",
        "contacts/merge",
        "",
        _merges,
        _settings,
        first=_twins,
        batches=False,
        **_OWN,
    ),
]
