"""HubSpot's own client reads the sandbox as pulls do: searches, the recycle bin, owners, limits."""

from __future__ import annotations

import httpx
import pull_hubspot
import pytest
from pull_case import AUTH, SECRET


@pytest.fixture
def hubspot(lab):
    """A function that points one of the client's API groups at the sandbox."""
    from hubspot import HubSpot

    def point(group, token=SECRET):
        api = group(HubSpot(access_token=token))
        api.api_client.configuration.host = lab.url
        return api

    return point


def _search(after=None, **more):
    from hubspot.crm.contacts import PublicObjectSearchRequest

    rule = {"propertyName": "lastmodifieddate", "operator": "GTE", "value": "0"}
    return PublicObjectSearchRequest(
        filter_groups=[{"filters": [rule]}],
        sorts=[{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}],
        properties=["email"],
        after=after,
        **more,
    )


def test_hubspots_client_turns_pages_of_a_search(lab, hubspot):
    """In the order of change, each object once, with when it changed."""
    pull_hubspot.HUBSPOT[0].seed(lab.url, 7)
    api = hubspot(lambda client: client.crm.contacts.search_api)
    found, after = [], None
    while True:
        page = api.do_search(_search(after, limit=3))
        found += page.results
        if page.paging is None:
            break
        after = page.paging.next.after
    assert (7, 7) == (page.total, len({each.id for each in found}))
    assert sorted(each.updated_at for each in found) == [each.updated_at for each in found]
    assert {"email", "hs_object_id"} <= set(found[0].properties)


def test_hubspots_client_finds_what_was_deleted(lab, hubspot):
    """The recycle bin is a list of its own, by pages, and tells when; a search does not find it."""
    pull_hubspot.HUBSPOT[3].seed(lab.url, 5)
    api = hubspot(lambda client: client.crm.contacts.basic_api)
    first = api.get_page(limit=3, archived=True, properties=["hs_object_id"])
    rest = api.get_page(limit=3, archived=True, after=first.paging.next.after)
    assert [3, 2] == [len(first.results), len(rest.results)]
    assert rest.paging is None
    assert all(each.archived and each.archived_at for each in (*first.results, *rest.results))
    [alive] = api.get_page(limit=10).results
    assert not alive.archived
    searched = hubspot(lambda client: client.crm.contacts.search_api).do_search(_search())
    assert [alive.id] == [each.id for each in searched.results]


def test_hubspots_client_reads_owners(lab, hubspot):
    """By pages, with their addresses."""
    api = hubspot(lambda client: client.crm.owners.owners_api)
    first = api.get_page(limit=2)
    rest = api.get_page(limit=2, after=first.paging.next.after)
    assert 3 == len({owner.email for owner in (*first.results, *rest.results)})
    assert rest.paging is None


def test_hubspots_client_reads_associations(lab, hubspot):
    """The contacts of deals, as a pull asks for them; a deal without any is not an error."""
    from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest as Input

    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
    pull_hubspot.HUBSPOT[0].seed(lab.url, 1)
    [contact] = httpx.get(f"{lab.url}/_state/hubspot").json()["objects"]["contacts"]
    tie = {"to": {"id": contact["id"]}, "types": types}
    deal = httpx.post(
        f"{lab.url}/crm/v3/objects/deals",
        json={"properties": {"dealname": "Mill"}, "associations": [tie]},
        headers=AUTH,
    ).json()
    api = hubspot(lambda client: client.crm.associations.v4.batch_api)
    found = api.get_page("deals", "contacts", Input(inputs=[{"id": deal["id"]}, {"id": "1"}]))
    [told] = found.results
    assert (deal["id"], contact["id"]) == (told._from.id, str(told.to[0].to_object_id))


def test_hubspots_client_knows_the_errors(lab, hubspot):
    """A token that is no good, a limit with its header, a page behind the ten thousandth."""
    from hubspot.crm.contacts import ApiException

    with pytest.raises(ApiException) as refused:
        hubspot(lambda client: client.crm.contacts.search_api, "invalid").do_search(_search())
    assert 401 == refused.value.status
    rule = {"vendor": "hubspot", "fault": "status_429", "retry_after": 1, "first": 1}
    httpx.post(f"{lab.url}/_faults", json={"rules": [rule]}).raise_for_status()
    api = hubspot(lambda client: client.crm.contacts.search_api)
    with pytest.raises(ApiException) as limited:
        api.do_search(_search())
    assert (429, "1") == (limited.value.status, limited.value.headers["retry-after"])
    with pytest.raises(ApiException) as behind:
        api.do_search(_search("9900", limit=200))
    assert 400 == behind.value.status
