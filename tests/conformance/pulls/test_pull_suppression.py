"""Who was erased does not come back with the next pull; everybody else does."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import httpx
import orjson
import pytest
from pull_calendly import CALENDLY
from pull_case import AUTH
from pull_hubspot import HUBSPOT
from pull_meta import META
from pull_salesforce import SALESFORCE
from pull_stripe import STRIPE

from ingestion.event_log import NewEvent

SALT = "0123456789abcdef"
LEAD, CONTACT, CUSTOMER = META[0], HUBSPOT[0], STRIPE[1]
CASES = {
    CONTACT: ("email_normalised", "lead1@example.com"),
    SALESFORCE[0]: ("email_normalised", "l1@example.com"),
    CALENDLY[0]: ("email_normalised", "lead1@example.com"),
    STRIPE[0]: ("email_normalised", "c1@example.com"),
    CUSTOMER: ("stripe_customer_id", "cus_00000002"),
    LEAD: ("email_normalised", "lead1@example.com"),
}


def erase(lab, *known, ago=timedelta()):
    """Somebody who was known by these is erased."""
    at = lab.clock() - ago
    hashes = [hashlib.sha256(f"{SALT}:{f}:{v}".encode()).hexdigest() for f, v in known]
    told = {"type": "erased", "occurred_at": at.isoformat(), "salt": SALT, "identifiers": hashes}
    body = orjson.dumps({**told, "erasure_id": "er_1", "requested_by": "dpo", "counts": {}})
    lab.log.append([NewEvent("millrace", "erased:er_1", "decision", at, body, {}, "er_1")])


_QUICK = (CONTACT, CUSTOMER)
_MARKED = [each if each in _QUICK else pytest.param(each, marks=pytest.mark.slow) for each in CASES]


@pytest.mark.parametrize("case", _MARKED, ids=str)
def test_who_was_erased_does_not_come_back(lab, case):
    """One of three is not stored, however often the vendor lists them, and does not count as
    dropped; that is told."""
    field, value = CASES[case]
    case.seed(lab.url, 3)
    lab.pass_time(minutes=1)
    erase(lab, (field, value))
    first = lab.pull(case)
    assert (None, 3, 2, 1) == (first.code, first.read, first.new, first.suppressed)
    again = lab.pull(case, has_webhook=True)
    assert (0, 1, 0) == (again.new, again.suppressed, again.dropped)
    bodies = [event.body for event in lab.log.read(source=case.name)]
    assert 2 == len(bodies)
    assert not any(value.encode() in body for body in bodies)


def test_a_change_at_the_vendor_brings_nobody_back(lab):
    """The vendor goes on writing to the old object; its new version is not stored either."""
    CONTACT.seed(lab.url, 1)
    lab.pass_time(minutes=1)
    erase(lab, ("email_normalised", "lead0@example.com"))
    lab.pass_time(minutes=1)
    CONTACT.change(lab.url)
    assert (0, 1) == ((report := lab.pull(CONTACT)).new, report.suppressed)


def test_the_vendors_own_id_is_enough(lab):
    """Without its address, too, the object is recognised."""
    path = f"{lab.url}/crm/v3/objects/contacts"
    made = httpx.post(path, json={"properties": {"firstname": "Ada"}}, headers=AUTH).json()
    lab.pass_time(minutes=1)
    erase(lab, ("hubspot_contact_id", made["id"]))
    assert (0, 1) == ((report := lab.pull(CONTACT)).new, report.suppressed)


def test_who_comes_back_is_somebody_new(lab):
    """An object that was made after the erasure is stored: what follows is for consent to say."""
    erase(lab, ("email_normalised", "lead0@example.com"), ago=timedelta(hours=1))
    CONTACT.seed(lab.url, 1)
    assert (1, 0) == ((report := lab.pull(CONTACT)).new, report.suppressed)


def test_what_happened_after_the_erasure_is_news(lab):
    """An event is told as a webhook would have told it."""
    STRIPE[0].seed(lab.url, 1)
    lab.pass_time(minutes=1)
    erase(lab, ("stripe_customer_id", "cus_00000001"))
    lab.pass_time(minutes=1)
    STRIPE[0].change(lab.url)
    assert (1, 1) == ((report := lab.pull(STRIPE[0])).new, report.suppressed)
