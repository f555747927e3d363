"""Stripe's objects for the conformance suite of pulls."""

from __future__ import annotations

import httpx
import orjson
from pull_case import AUTH, Case

from ingestion.sources.stripe import stripe


def _customer(url, path="/v1/customers", **fields):
    httpx.post(url + path, data=fields, headers=AUTH).raise_for_status()


def _seed(url, count):
    for number in range(count):
        _customer(url, email=f"c{number}@example.com")


def _change(url):
    held = httpx.get(f"{url}/_state/stripe").json()["objects"]["customers"]
    _customer(url, f"/v1/customers/{held[0]['id']}", name="Ada")


def _webhook(lab):
    last = httpx.get(f"{lab.url}/_state/stripe").json()["objects"]["events"][-1]
    return orjson.dumps({**last, "pending_webhooks": 1})


def _one_more(url):
    _customer(url, email="new@example.com")


STRIPE = (
    Case(stripe, "event", "/v1/events", _seed, _change, 100, _webhook, as_told=True),
    Case(stripe, "customer", "/v1/customers", _seed, _one_more, 100),
)
