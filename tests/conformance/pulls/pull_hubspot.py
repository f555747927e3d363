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


def _deletions(kind, plural):
    first = _case(kind, plural, {})

    def delete(url, count):
        held = httpx.get(f"{url}/_state/hubspot").json()["objects"][plural]
        for each in held[:count]:
            path = f"{url}/crm/v3/objects/{plural}/{each['id']}"
            httpx.delete(path, headers=AUTH).raise_for_status()

    def seed(url, count):
        first.seed(url, count + 1)
        delete(url, count)

    def webhook(lab):
        gone = httpx.get(
            f"{lab.url}/crm/v3/objects/{plural}?archived=true&limit=100", headers=AUTH
        ).json()["results"][-1]
        at = int(moment(gone["archivedAt"]).timestamp() * 1000)
        told = {"subscriptionType": f"{kind}.deletion", "objectId": int(gone["id"])}
        return orjson.dumps({**told, "occurredAt": at, "portalId": 62515})

    name = f"{kind}_deletion"
    path = f"/objects/{plural}"
    return Case(hubspot, name, path, seed, lambda url: delete(url, 1), 100, webhook, as_told=True)


HUBSPOT = (
    _case("contact", "contacts", {"jobtitle": "CTO"}),
    _case("company", "companies", {"city": "Berlin"}),
    _case("deal", "deals", {"amount": "250"}),
    _deletions("contact", "contacts"),
    _deletions("deal", "deals"),
)
