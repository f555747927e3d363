"""Salesforce's records for the conformance suite of pulls."""

from __future__ import annotations

import httpx
from pull_case import AUTH, Case

from ingestion.sandbox.vendors import salesforce_message
from ingestion.sources.salesforce import salesforce
from ingestion.webhooks.salesforce import split

PAGE = 20
CASES = {}
_DATA = "/services/data/v62.0"
_NAMES = {
    "Lead": lambda n: {"LastName": f"Lead {n}", "Company": "Acme", "Email": f"l{n}@example.com"},
    "Account": lambda n: {"Name": f"Company {n}", "Website": f"company{n}.example"},
}


def _case(kind, changed):
    def seed(url, count):
        records = [{"attributes": {"type": kind}, **_NAMES[kind](n)} for n in range(count)]
        path = f"{url}{_DATA}/composite/sobjects"
        httpx.post(path, json={"records": records}, headers=AUTH).raise_for_status()

    def change(url):
        held = httpx.get(f"{url}/_state/salesforce").json()["objects"][kind]
        path = f"{url}{_DATA}/sobjects/{kind}/{held[0]['Id']}"
        httpx.patch(path, json=changed, headers=AUTH).raise_for_status()

    def webhook(lab):
        found = lab.events(CASES[kind])[-1]["object"]
        fields = {name: found[name] for name in ("Id", "SystemModstamp")}
        message = salesforce_message(kind, {"04l5g0000000001AAA": fields})
        return split(message, {})[0].body

    CASES[kind] = Case(salesforce, kind, "/queryAll", seed, change, PAGE, webhook)
    return CASES[kind]


SALESFORCE = (_case("Lead", {"Title": "CTO"}), _case("Account", {"Industry": "Energy"}))
