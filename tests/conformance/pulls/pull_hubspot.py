"""HubSpot's objects for the conformance suite of pulls."""

from __future__ import annotations

import httpx
import orjson
from pull_case import AUTH, Case

from ingestion.sources.hubspot import hubspot
from ingestion.sources.moments import moment

CASES = {}
_NAMES = {
    "contacts": lambda n: {"email": f"lead{n}@example.com", "firstname": "Ada"},
    "companies": lambda n: {"name": f"Company {n}", "domain": f"company{n}.example"},
    "deals": lambda n: {"dealname": f"Deal {n}", "amount": "100"},
}


def _case(kind, plural, changed):
    def seed(url, count):
        for start in range(0, count, 100):
            numbers = range(start, min(start + 100, count))
            inputs = [{"properties": _NAMES[plural](n)} for n in numbers]
            path = f"{url}/crm/v3/objects/{plural}/batch/create"
            httpx.post(path, json={"inputs": inputs}, headers=AUTH).raise_for_status()

    def change(url):
        held = httpx.get(f"{url}/_state/hubspot").json()["objects"][plural]
        path = f"{url}/crm/v3/objects/{plural}/{held[0]['id']}"
        httpx.patch(path, json={"properties": changed}, headers=AUTH).raise_for_status()

    def webhook(lab):
        found = lab.events(CASES[kind])[-1]["object"]
        at = int(moment(found["updatedAt"]).timestamp() * 1000)
        told = {"subscriptionType": f"{kind}.propertyChange", "objectId": int(found["id"])}
        return orjson.dumps({**told, "occurredAt": at, "portalId": 62515})

    CASES[kind] = Case(hubspot, kind, f"/{plural}/search", seed, change, 200, webhook)
    return CASES[kind]


HUBSPOT = (
    _case("contact", "contacts", {"jobtitle": "CTO"}),
    _case("company", "companies", {"city": "Berlin"}),
    _case("deal", "deals", {"amount": "250"}),
)
