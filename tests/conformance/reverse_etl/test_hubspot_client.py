"""HubSpot's own client works against the sandbox, so it is a fair stand-in."""

from __future__ import annotations

import time

import httpx
import pytest

from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import serving


@pytest.fixture(scope="module")
def server():
    with serving(create_app(search_lag=0.5)) as url:
        yield url


@pytest.fixture
def hubspot(url):
    """A function that points one of the client's API groups at the sandbox."""
    from hubspot import HubSpot

    client = HubSpot(access_token="good")

    def point(api):
        api.api_client.configuration.host = url
        return api

    client.point = point
    return client


def test_hubspot_client_creates_and_reads_a_contact(hubspot):
    """The client gets back what it created, by id and by e-mail."""
    from hubspot.crm.contacts import SimplePublicObjectInputForCreate

    api = hubspot.point(hubspot.crm.contacts.basic_api)
    made = api.create(
        SimplePublicObjectInputForCreate(properties={"email": "ada@example.com"}, associations=[])
    )
    assert api.get_by_id(made.id).properties["email"] == "ada@example.com"
    assert api.get_by_id("ada@example.com", id_property="email").id == made.id
    assert int(made.id) >= 880_000_000_001


def test_hubspot_client_sees_a_conflict(hubspot):
    """A second contact with the same e-mail in other letters is a 409 that names the first."""
    from hubspot.crm.contacts import ApiException, SimplePublicObjectInputForCreate

    api = hubspot.point(hubspot.crm.contacts.basic_api)
    ask = SimplePublicObjectInputForCreate
    made = api.create(ask(properties={"email": "ada@example.com"}, associations=[]))
    with pytest.raises(ApiException) as caught:
        api.create(ask(properties={"email": "ADA@example.com"}, associations=[]))
    assert caught.value.status == 409
    assert f"Existing ID: {made.id}" in caught.value.body


def test_hubspot_client_batches(hubspot):
    """Properties, batch upsert, batch read and batch update work together."""
    from hubspot.crm.contacts import (
        BatchInputSimplePublicObjectBatchInputUpsert,
        BatchReadInputSimplePublicObjectId,
        SimplePublicObjectBatchInputUpsert,
        SimplePublicObjectId,
    )
    from hubspot.crm.properties import PropertyCreate

    properties = hubspot.point(hubspot.crm.properties.core_api)
    properties.create(
        "contacts",
        PropertyCreate(
            name="millrace_id",
            label="Millrace id",
            type="string",
            field_type="text",
            group_name="contactinformation",
            has_unique_value=True,
        ),
    )
    assert "millrace_id" in {found.name for found in properties.get_all("contacts").results}
    api = hubspot.point(hubspot.crm.contacts.batch_api)
    inputs = [
        SimplePublicObjectBatchInputUpsert(
            id=f"p{n}", id_property="millrace_id", properties={"email": f"p{n}@example.com"}
        )
        for n in range(3)
    ]
    made = api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs))
    again = api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs))
    assert [item.id for item in made.results] == [item.id for item in again.results]
    found = api.read(
        BatchReadInputSimplePublicObjectId(
            inputs=[SimplePublicObjectId(id="p1"), SimplePublicObjectId(id="nobody")],
            id_property="millrace_id",
            properties=["email"],
            properties_with_history=[],
        )
    )
    assert [item.properties["email"] for item in found.results] == ["p1@example.com"]
    assert found.errors[0].category == "OBJECT_NOT_FOUND"


def test_hubspot_client_creates_a_task(hubspot, url):
    """A task keeps its association with a contact; without hs_timestamp it is refused."""
    from hubspot.crm.objects import ApiException
    from hubspot.crm.objects.tasks import SimplePublicObjectInputForCreate

    api = hubspot.point(hubspot.crm.objects.tasks.basic_api)
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204}]
    made = api.create(
        SimplePublicObjectInputForCreate(
            properties={"hs_task_subject": "Call", "hs_timestamp": "2026-01-01T00:00:00Z"},
            associations=[{"to": {"id": "1"}, "types": types}],
        )
    )
    (task,) = httpx.get(f"{url}/_state/hubspot").json()["objects"]["tasks"]
    assert (task["id"], task["associations"][0]["to"]["id"]) == (made.id, "1")
    with pytest.raises(Exception, match="hs_timestamp") as caught:
        api.create(SimplePublicObjectInputForCreate(properties={}, associations=[]))
    assert caught.value.status == 400
    assert ApiException.__name__ == type(caught.value).__name__


def _unique(hubspot, kind, name, group):
    from hubspot.crm.properties import PropertyCreate

    hubspot.point(hubspot.crm.properties.core_api).create(
        kind,
        PropertyCreate(
            name=name,
            label=name,
            type="string",
            field_type="text",
            group_name=group,
            has_unique_value=True,
        ),
    )


def _company(hubspot, account, **properties):
    from hubspot.crm.companies import (
        BatchInputSimplePublicObjectBatchInputUpsert,
        SimplePublicObjectBatchInputUpsert,
    )

    one = SimplePublicObjectBatchInputUpsert(
        id=account, id_property="millrace_account_id", properties=properties
    )
    asked = BatchInputSimplePublicObjectBatchInputUpsert(inputs=[one])
    (made,) = hubspot.point(hubspot.crm.companies.batch_api).upsert(asked).results
    return made


def test_hubspot_client_upserts_a_company(hubspot):
    """The second upsert with one key updates the company that the first one made."""
    _unique(hubspot, "companies", "millrace_account_id", "companyinformation")
    made = _company(hubspot, "a_1", name="Analytical Engines", numberofemployees="250")
    again = _company(hubspot, "a_1", name="Analytical Engines Ltd")
    assert (made.id, again.properties["name"]) == (again.id, "Analytical Engines Ltd")
    assert again.properties["numberofemployees"] == "250"


def test_hubspot_client_associates_a_deal(hubspot):
    """Associations of version 4 are made once, read back by deal, and checked for their type."""
    from hubspot.crm.associations import v4
    from hubspot.crm.deals import SimplePublicObjectInputForCreate

    _unique(hubspot, "companies", "millrace_account_id", "companyinformation")
    company = _company(hubspot, "a_1", name="Analytical Engines")
    deals = hubspot.point(hubspot.crm.deals.basic_api)
    ask = SimplePublicObjectInputForCreate
    deal = deals.create(ask(properties={"dealname": "Engine No. 2"}, associations=[]))
    api = hubspot.point(hubspot.crm.associations.v4.batch_api)

    def tie(number, to):
        kind = v4.AssociationSpec(
            association_category="HUBSPOT_DEFINED", association_type_id=number
        )
        pair = v4.PublicAssociationMultiPost(
            _from=v4.PublicObjectId(id=deal.id), to=v4.PublicObjectId(id=to), types=[kind]
        )
        asked = v4.BatchInputPublicAssociationMultiPost(inputs=[pair])
        return api.create("deals", "companies", asked)

    assert [tie(5, company.id).results[0].to_object_id for _ in range(2)] == [company.id] * 2
    asked = [v4.PublicFetchAssociationsBatchRequest(id=deal.id)]
    inputs = v4.BatchInputPublicFetchAssociationsBatchRequest(inputs=asked)
    (found,) = api.get_page("deals", "companies", inputs).results
    assert found._from.id == deal.id
    assert [(to.to_object_id, to.association_types[0].type_id) for to in found.to] == [
        (company.id, 5)
    ]
    assert tie(5, "4711").errors[0].category == "OBJECT_NOT_FOUND"
    with pytest.raises(v4.ApiException) as caught:
        tie(204, company.id)
    assert caught.value.status == 400


def test_hubspot_client_creates_a_note(hubspot, url):
    """A note keeps its association with a contact; a task's type of association is refused."""
    from hubspot.crm.objects.notes import ApiException, SimplePublicObjectInputForCreate

    api = hubspot.point(hubspot.crm.objects.notes.basic_api)

    def ask(number):
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}]
        return SimplePublicObjectInputForCreate(
            properties={"hs_note_body": "Why", "hs_timestamp": "2026-01-01T00:00:00Z"},
            associations=[{"to": {"id": "1"}, "types": types}],
        )

    made = api.create(ask(202))
    (note,) = httpx.get(f"{url}/_state/hubspot").json()["objects"]["notes"]
    assert (note["id"], note["associations"][0]["to"]["id"]) == (made.id, "1")
    with pytest.raises(ApiException) as caught:
        api.create(ask(204))
    assert caught.value.status == 400


def test_hubspot_client_merges_contacts(hubspot, url):
    """Two contacts become a new one that both ids lead to, with the first one's values and the
    deals of both; what is merged is not merged again, and its addresses stay taken."""
    from hubspot.crm import deals
    from hubspot.crm.contacts import (
        ApiException,
        BatchReadInputSimplePublicObjectId,
        PublicMergeInput,
        SimplePublicObjectId,
        SimplePublicObjectInputForCreate,
    )

    api = hubspot.point(hubspot.crm.contacts.basic_api)

    def contact(email, **more):
        ask = SimplePublicObjectInputForCreate(properties={"email": email, **more}, associations=[])
        return api.create(ask).id

    def merge(primary, other):
        return api.merge(PublicMergeInput(object_id_to_merge=other, primary_object_id=primary))

    first = contact("ada@example.com", lastname="King")
    second = contact("ada@work.example", lastname="Lovelace", city="London")
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
    ties = [{"to": {"id": each}, "types": types} for each in (first, second)]
    ask = deals.SimplePublicObjectInputForCreate(properties={}, associations=ties)
    hubspot.point(hubspot.crm.deals.basic_api).create(ask)

    made = merge(first, second)
    assert made.id not in (first, second)
    held = [made.properties[name] for name in ("email", "lastname", "city")]
    assert held == ["ada@example.com", "King", "London"]
    assert made.properties["hs_merged_object_ids"] == f"{first};{second}"
    assert {api.get_by_id(each).id for each in (first, second)} == {made.id}
    inputs = [SimplePublicObjectId(id=second)]
    read = BatchReadInputSimplePublicObjectId(
        inputs=inputs, properties=["city"], properties_with_history=[]
    )
    (found,) = hubspot.point(hubspot.crm.contacts.batch_api).read(read).results
    assert found.id == made.id
    (deal,) = httpx.get(f"{url}/_state/hubspot").json()["objects"]["deals"]
    assert [tie["to"]["id"] for tie in deal["associations"]] == [made.id]
    refused = {(first, second): 400, (made.id, made.id): 400, (made.id, "1"): 404}
    for pair, status in refused.items():
        with pytest.raises(ApiException) as caught:
            merge(*pair)
        assert caught.value.status == status
    with pytest.raises(ApiException, match=f"Existing ID: {made.id}"):
        contact("ada@work.example")


def test_hubspot_search_lags(hubspot):
    """Search finds a contact only after a while."""
    from hubspot.crm.contacts import PublicObjectSearchRequest, SimplePublicObjectInputForCreate

    hubspot.point(hubspot.crm.contacts.basic_api).create(
        SimplePublicObjectInputForCreate(properties={"email": "ada@example.com"}, associations=[])
    )
    rule = {"propertyName": "email", "operator": "EQ", "value": "ada@example.com"}
    ask = PublicObjectSearchRequest(filter_groups=[{"filters": [rule]}], limit=10)
    api = hubspot.point(hubspot.crm.contacts.search_api)
    assert api.do_search(ask).total == 0
    time.sleep(0.6)  # the lag itself is what is tested
    assert api.do_search(ask).total == 1


def test_hubspot_rate_limit(url):
    """The request beyond the window gets a 429 with HubSpot's policy name."""
    with httpx.Client(base_url=url, headers={"authorization": "Bearer good"}) as client:
        answers = [client.get("/crm/v3/properties/contacts") for _ in range(191)]
    assert {answer.status_code for answer in answers[:190]} == {200}
    assert answers[190].status_code == 429
    assert answers[190].json()["policyName"] == "TEN_SECONDLY_ROLLING"
