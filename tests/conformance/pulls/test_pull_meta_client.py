"""Meta's own client reads forms, leads, costs and tokens from the sandbox as it does from Meta."""

from __future__ import annotations

import httpx
import pull_meta
import pytest
from pull_case import SECRET

from ingestion.sandbox.pulls import meta_insight


@pytest.fixture
def graph(lab, monkeypatch):
    """A function that makes a client with this token."""
    from facebook_business.api import FacebookAdsApi
    from facebook_business.session import FacebookSession

    monkeypatch.setattr(FacebookSession, "GRAPH", lab.url)

    def client(token=SECRET):
        return FacebookAdsApi.init(access_token=token, crash_log=False, api_version="v26.0")

    return client


def page_token(graph):
    from facebook_business.adobjects.page import Page

    return Page(pull_meta.PAGE_ID, api=graph()).api_get(fields=["access_token"])["access_token"]


def test_metas_client_reads_leads(lab, graph):
    """With the page's token it finds the form, and turns the pages of its leads, newest first."""
    from facebook_business.adobjects.page import Page

    pull_meta.leads(lab.url, pull_meta.PAGE + 3)
    page = Page(pull_meta.PAGE_ID, api=graph(page_token(graph)))
    [form] = page.get_lead_gen_forms(fields=["id", "status"])
    found = list(form.get_leads(fields=["created_time", "field_data", "form_id", "is_organic"]))
    assert pull_meta.PAGE + 3 == len({lead["id"] for lead in found})
    assert {pull_meta.FORM} == {lead["form_id"] for lead in found}
    assert found[0]["created_time"] >= found[-1]["created_time"]
    assert "email" == found[0]["field_data"][0]["name"]


def test_metas_client_filters_leads_by_time(lab, graph):
    """Only those behind the moment are listed."""
    from facebook_business.adobjects.leadgenform import LeadgenForm

    pull_meta.leads(lab.url, 1)
    form = LeadgenForm(pull_meta.FORM, api=graph())
    [lead] = form.get_leads()
    at = int(pull_meta.moment(lead["created_time"]).timestamp())
    rule = {"field": "time_created", "operator": "GREATER_THAN"}

    def after(value):
        return list(form.get_leads(params={"filtering": [{**rule, "value": value}]}))

    assert (1, 0) == (len(after(at - 1)), len(after(at)))


def test_metas_client_needs_a_pages_token_for_its_forms(lab, graph):
    """Another token is refused with code 190, as is one that expired; a limit has code 4."""
    from facebook_business.adobjects.page import Page
    from facebook_business.exceptions import FacebookRequestError

    pull_meta.leads(lab.url, 1)

    def refused(token):
        with pytest.raises(FacebookRequestError) as caught:
            list(Page(pull_meta.PAGE_ID, api=graph(token)).get_lead_gen_forms())
        return caught.value.api_error_code()

    assert (190, 190) == (refused(SECRET), refused("expired"))
    rule = {"vendor": "meta", "fault": "status_429", "path": "/leadgen_forms"}
    httpx.post(f"{lab.url}/_faults", json={"rules": [rule]}).raise_for_status()
    assert 4 == refused("page-4040")


def test_metas_client_reads_costs(lab, graph):
    """Rows by campaign and day within a range of days, over several pages."""
    from facebook_business.adobjects.adaccount import AdAccount

    rows = [meta_insight("2026-03-01", f"{n}", "9.50", account="77") for n in range(30)]
    rows.append(meta_insight("2026-03-02", "1", "1.00", account="77"))
    httpx.post(f"{lab.url}/_objects/meta/insights", json=rows).raise_for_status()
    found = AdAccount("act_77", api=graph()).get_insights(
        fields=["campaign_id", "spend"],
        params={
            "level": "campaign",
            "time_increment": 1,
            "time_range": {"since": "2026-03-01", "until": "2026-03-01"},
        },
    )
    assert 30 == len({row["campaign_id"] for row in found})


def test_metas_client_asks_about_a_token(lab, graph):
    """When it expires, and whether it is good."""
    put = [{"expires_at": 4_000_000_000}]
    httpx.post(f"{lab.url}/_objects/meta/tokens", json=put).raise_for_status()
    told = graph().call("GET", ("debug_token",), params={"input_token": SECRET}).json()["data"]
    assert (True, 4_000_000_000) == (told["is_valid"], told["expires_at"])
