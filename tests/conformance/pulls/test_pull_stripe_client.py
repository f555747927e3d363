"""Stripe's own client reads the sandbox as it reads Stripe, so it is a fair stand-in for pulls."""

from __future__ import annotations

import warnings

import httpx
import pytest
from pull_case import AUTH, SECRET


@pytest.fixture
def stripe(lab):
    """A function that makes a client of this key."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from stripe import StripeClient

    def client(key=SECRET):
        addresses = {"api": lab.url}
        return StripeClient(key, base_addresses=addresses, max_network_retries=0)

    return client


def make(lab, count):
    for number in range(count):
        form = {"email": f"c{number}@example.com", "metadata[tier]": "gold"}
        httpx.post(f"{lab.url}/v1/customers", data=form, headers=AUTH).raise_for_status()


def fault(lab, name, **when):
    rule = {"vendor": "stripe", "fault": name, **when}
    httpx.post(f"{lab.url}/_faults", json={"rules": [rule]}).raise_for_status()


def test_stripes_client_turns_pages(lab, stripe):
    """It goes through all customers by `starting_after`, newest first, each once."""
    make(lab, 7)
    found = stripe().v1.customers.list({"limit": 3}).auto_paging_iter()
    assert [f"c{number}@example.com" for number in reversed(range(7))] == [c.email for c in found]


def test_stripes_client_reads_what_it_made(lab, stripe):
    """Made, changed and read again by its id; nested fields arrive nested."""
    made = stripe().v1.customers.create({"email": "ada@example.com", "metadata": {"tier": "gold"}})
    stripe().v1.customers.update(made.id, {"name": "Ada"})
    found = stripe().v1.customers.retrieve(made.id)
    assert ("Ada", "gold", False) == (found.name, found.metadata["tier"], found.livemode)


def test_stripes_client_filters_events(lab, stripe):
    """By several types and by the time they were made; one is read by its id."""
    make(lab, 2)
    [first, *_] = stripe().v1.customers.list().data
    stripe().v1.customers.update(first.id, {"name": "Ada"})
    events = stripe().v1.events
    told = events.list({"types": ["customer.updated", "invoice.paid"]}).data
    assert [("customer.updated", "Ada")] == [(e.type, e.data.object["name"]) for e in told]
    assert 3 == len(events.list({"created": {"gte": told[0].created - 60}}).data)
    assert [] == events.list({"created": {"gt": told[0].created + 60}}).data
    assert told[0].type == events.retrieve(told[0].id).type


def test_stripes_client_reads_the_account(lab, stripe):
    """It tells which account the key is for."""
    assert stripe().v1.accounts.retrieve_current().id.startswith("acct_")


def test_stripes_client_knows_the_errors(lab, stripe):
    """A key that is no good, an id that is not there, a limit, and a failure are told apart."""
    from stripe import APIError, AuthenticationError, InvalidRequestError, RateLimitError

    with pytest.raises(AuthenticationError):
        stripe(f"invalid-{SECRET}").v1.customers.list()
    with pytest.raises(InvalidRequestError) as missing:
        stripe().v1.customers.retrieve("cus_none")
    assert ("resource_missing", 404) == (missing.value.code, missing.value.http_status)
    with pytest.raises(InvalidRequestError) as behind:
        stripe().v1.customers.list({"starting_after": "cus_none"})
    assert ("resource_missing", "starting_after") == (behind.value.code, behind.value.param)
    fault(lab, "status_429", retry_after=2)
    with pytest.raises(RateLimitError) as limited:
        stripe().v1.customers.list()
    assert ("rate_limit", "2") == (limited.value.error.code, limited.value.headers["retry-after"])
    fault(lab, "status_500")
    with pytest.raises(APIError):
        stripe().v1.customers.list()
